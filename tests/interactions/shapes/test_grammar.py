from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions.problems import Notes
from proxy.interactions.shapes.asked import ASKED_PARTS
from proxy.interactions.shapes.grammar import (
    Many,
    Named,
    OneOf,
    Record,
    Shape,
    Word,
    check_parts,
    fields,
    words,
)
from proxy.interactions.shapes.told import USAGE

COLOUR = Word("colour", words("red green"))
PET = Record("pet", fields("type name") | {"colour": COLOUR}, words=words("none"))
ANIMAL = OneOf(
    "animal",
    {"cat": PET, "dog": Record("dog", fields("type"), is_open=True)},
    untyped=Record("stray", fields("name")),
    words=words("any"),
    free=words("ghost"),
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def unknowns(shape: Shape, value: Any) -> dict[tuple[str, str, str], int]:
    notes = Notes()
    shape.check(value, notes)
    return dict(notes.unknowns)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (COLOUR, "red"),
        (COLOUR, 7),
        (PET, {"type": "cat", "name": {"anything": 1}, "colour": "green"}),
        (PET, {"colour": None}),
        (PET, "none"),
        (PET, ["none"]),
        (ANIMAL, {"type": "dog", "tricks": 3}),
        (ANIMAL, {"type": "ghost", "sheet": "white"}),
        (ANIMAL, {"name": "Bello"}),
        (ANIMAL, "any"),
        (Many(COLOUR), ["red", "green"]),
        (Many(COLOUR), "red"),
        (Named(COLOUR), {"anybody": "red"}),
        (Named(COLOUR), "red"),
    ],
)
def test_what_is_known_is_not_counted(shape: Shape, value: Any) -> None:
    assert unknowns(shape, value) == {}


@pytest.mark.parametrize(
    ("shape", "value", "told"),
    [
        (COLOUR, "blue", ("value", "blue", "colour")),
        (PET, {"wings": 2}, ("field", "wings", "pet")),
        (PET, {"colour": "blue"}, ("value", "blue", "colour")),
        (PET, "some", ("value", "some", "pet")),
        (ANIMAL, {"type": "cow"}, ("animal", "cow", "animal")),
        (ANIMAL, {"type": ["cat"]}, ("animal", "list", "animal")),
        (ANIMAL, {"type": "cat", "wings": 2}, ("field", "wings", "pet")),
        (ANIMAL, {"wings": 2}, ("field", "wings", "stray")),
        (ANIMAL, "all", ("value", "all", "animal")),
        (Many(COLOUR), ["red", "blue"], ("value", "blue", "colour")),
        (Named(COLOUR), {"anybody": "blue"}, ("value", "blue", "colour")),
    ],
)
def test_what_is_not_known_is_counted_with_its_place(
    shape: Shape, value: Any, told: tuple[str, str, str]
) -> None:
    assert unknowns(shape, value) == {told: 1}


def test_parts_are_checked_and_other_fields_are_not() -> None:
    notes = Notes()

    check_parts(
        {"colour": "blue", "wings": 2, "coat": None}, {"colour": COLOUR, "coat": PET}, notes
    )

    assert dict(notes.unknowns) == {("value", "blue", "colour"): 1}


@given(st.sampled_from([*ASKED_PARTS.values(), USAGE]), JSON)
def test_any_json_can_be_checked(shape: Shape, value: Any) -> None:
    shape.check(value, Notes())
