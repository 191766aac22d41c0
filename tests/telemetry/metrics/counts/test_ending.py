"""Interactions on their way are few, and wait for a day at most."""

from __future__ import annotations

import json

import pytest

from proxy.telemetry.metrics.counts import ending
from proxy.telemetry.metrics.counts.ending import OPEN_NS, Open, OpenRuns


def run(began_at: int = 0) -> Open:
    return Open(began_at, "m", None, "background", "in_progress", 0)


def test_an_end_is_found_once() -> None:
    runs = OpenRuns()
    runs.begin(7, run())

    assert runs.end(7) == run()
    assert runs.end(7) is None


def test_who_waited_for_a_day_is_given_up() -> None:
    runs = OpenRuns()
    runs.begin(1, run(0))
    runs.begin(2, run(10))

    assert runs.overdue(OPEN_NS) == []
    assert runs.overdue(OPEN_NS + 5) == [run(0)]
    assert list(runs) == [run(10)]


def test_beyond_the_limit_the_oldest_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "OPEN_MAX", 2)
    runs = OpenRuns()
    for number in range(4):
        runs.begin(number, run(number))

    assert runs.overdue(4) == [run(0), run(1)]


def test_they_survive_being_saved() -> None:
    before, after = OpenRuns(), OpenRuns()
    before.begin(2**64 - 1, run(5))

    after.restore(json.loads(json.dumps(before.to_json())))

    assert after.end(2**64 - 1) == run(5)
