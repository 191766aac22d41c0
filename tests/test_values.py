from __future__ import annotations

import dataclasses

from proxy.values import plain_value


@plain_value(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


def test_a_value_is_a_dataclass_with_fields_equality_and_a_hash() -> None:
    assert dataclasses.is_dataclass(Point)
    assert Point(1) == Point(1, 0) != Point(1, 1)
    assert len({Point(1), Point(1), Point(2)}) == 2
    assert dataclasses.replace(Point(1), y=5) == Point(1, 5)


def test_a_value_has_slots() -> None:
    assert not hasattr(Point(1), "__dict__")
