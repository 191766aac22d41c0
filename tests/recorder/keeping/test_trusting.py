"""A clock that nobody confirms ends no keeping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from proxy.audit.retention.clocks import DAY_NS, HOUR_NS, SECOND_NS
from proxy.audit.retention.trust import Trust
from proxy.recorder.keeping.trusting import Trusting, on_record

NOW = 20_000 * DAY_NS
_Row = TypeVar("_Row")


class Tables:
    """Their one answer, and what they were asked."""

    def __init__(self, latest_ns: int, skew_ns: int | None = None) -> None:
        self.answer = (latest_ns // 1000, None if skew_ns is None else skew_ns // 1000)
        self.asked: dict[str, Any] = {}

    async def rows(self, name: str, make: Callable[..., _Row], **parameters: Any) -> list[_Row]:
        self.asked = {"name": name, **parameters}
        return [make(*self.answer)]


class Clocks:
    wall = NOW
    mono = 5 * SECOND_NS

    def trusting(self) -> Trusting:
        return Trusting(lambda: self.wall, lambda: self.mono)


@pytest.mark.parametrize(
    ("tables", "trust"),
    [
        (Tables(NOW), Trust.UNCORROBORATED),
        (Tables(NOW, SECOND_NS), Trust.TRUSTED),
        (Tables(NOW, -HOUR_NS), Trust.UNCORROBORATED),
        (Tables(NOW + HOUR_NS), Trust.FROZEN),
        (Tables(NOW + HOUR_NS, SECOND_NS), Trust.TRUSTED),
    ],
    ids=["no answer", "agrees", "does not agree", "behind the records", "the records were wrong"],
)
async def test_after_a_start_it_is_trusted_once_an_answer_of_upstream_agrees(
    tables: Tables, trust: Trust
) -> None:
    assert await Clocks().trusting().trust(tables) is trust


async def test_one_that_runs_on_stays_trusted_and_one_that_jumps_does_not() -> None:
    clocks = Clocks()
    trusting = clocks.trusting()
    await trusting.trust(Tables(NOW, 0))

    clocks.wall, clocks.mono = NOW + 3 * DAY_NS, clocks.mono + 3 * DAY_NS
    assert await trusting.trust(Tables(NOW)) is Trust.TRUSTED
    clocks.wall += 10_000 * DAY_NS
    assert await trusting.trust(Tables(NOW)) is Trust.UNCORROBORATED
    clocks.mono += HOUR_NS
    assert await trusting.trust(Tables(NOW)) is Trust.UNCORROBORATED


async def test_only_answers_of_the_last_hour_are_asked_for() -> None:
    tables = Tables(NOW)

    await on_record(tables, NOW)

    assert tables.asked == {
        "name": "keeping_clock",
        "since_us": (NOW - HOUR_NS) // 1000,
        "until_us": (NOW + 2 * SECOND_NS) // 1000,
    }
