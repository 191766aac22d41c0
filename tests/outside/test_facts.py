"""The words in which outcomes are compared see every difference that a table can hold."""

from __future__ import annotations

import pytest

from tests.outside.facts import facts, seen_in
from tests.outside.scripted import Cases
from tests.outside.sdks import PLAYERS, Player
from tests.outside.tables import load, text

SENT = {"json": {"id": "v1_x", "usage": {"total_tokens": 3}, "steps": []}}


def test_a_value_is_told_by_its_difference_from_what_was_sent() -> None:
    value = {"id": "v1_y", "usage": {"total_tokens": 3, "initial_input_tokens": 1}}

    found = facts({"type": "AsyncThing", "value": value}, SENT)

    assert found == {
        "returned": "Thing",
        "adds": {"id": "v1_y", "usage.initial_input_tokens": 1},
        "lacks": ["steps"],
    }


def test_a_broken_stream_is_told_by_its_events_and_its_exception() -> None:
    broken = {"raised": "x.Gone", "message": "m" * 500, "status_code": None}

    found = facts({"events": ["step.start"], "values": [{"index": 0}], **broken}, {})

    assert found == {
        "events": ["step.start"],
        "last": {"index": 0},
        "raised": "x.Gone",
        "message": "m" * 120,
    }


def test_only_what_the_capture_could_see_is_compared() -> None:
    captured = {"returned": "Object", "adds": {"a": 1}, "partial": True}
    now = {"returned": "Object", "adds": {"a": 1, "b": 2}, "lacks": ["c"], "attempts": 5}

    assert seen_in(captured, now) == captured
    assert seen_in(captured, now | {"adds": {"a": 2}}) != captured


@pytest.mark.parametrize("player", PLAYERS, ids=str)
def test_every_version_has_a_table_of_all_cases_that_reads_back(player: Player) -> None:
    table = load(player.sdk.name)

    assert table.keys() >= {
        name for name in Cases.load().calls if not name.startswith("legacy_create")
    } - {"legacy_function_result"}
    assert '"pieces"' in text(table)
