"""What the steward reads of its own acts, and which copies it looks at though nobody asked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from proxy.recording.facts import ActFact, Recording
from proxy.store import queries
from proxy.store.database import Database
from proxy.store.position import FactBatch
from tests.store.samples import SECOND_NS, START_NS, batch, recording

DAY_US = 86_400_000_000
NOW_US = START_NS // 1000 + 3600 * 1_000_000
"""An hour after the samples."""
ASKED = {
    "scope": ["c1"],
    "since_us": NOW_US - DAY_US,
    "until_us": NOW_US - 600_000_000,
    "again_us": NOW_US - 1800_000_000,
    "probes_max": 2,
    "limit": 10,
}


def act(kind: str, seconds: int, data: dict[str, Any], interaction: str | None = None) -> ActFact:
    at = START_NS + seconds * SECOND_NS
    id_ = f"{kind}{seconds}"
    return ActFact(at, kind, None, None, "", id_, interaction, "steward", json.dumps(data))


def told(sequence: int, name: str, *, client: str = "c1", **more: Any) -> Recording:
    made = recording(sequence, interaction=f"v1_{name}", seconds=sequence, **more)
    return replace(made, exchange=replace(made.exchange, client=client, api_version="v1beta"))


def names(database: Database, query: str, **parameters: Any) -> list[str]:
    rows = queries.dicts(database.cursor(), query, **parameters)[1]
    return [row["interaction"].removeprefix("v1_") for row in rows]


def test_only_what_nobody_was_shown_is_looked_at_and_not_too_often(database: Database) -> None:
    facts = batch(
        told(1, "unsaid"),
        told(2, "said", store="true"),
        told(3, "other", client="c2"),
        told(4, "shown"),
        told(5, "shown", how="read"),
        told(6, "before"),
        told(7, "after", previous_interaction_id="v1_before"),
        told(8, "deleted"),
        told(9, "deleted", how="deleted"),
        told(10, "probed_lately"),
        told(11, "probed"),
        told(12, "probed_twice"),
        told(13, "due"),
        told(3400, "young"),
    )
    acts = (
        act("probe", 3000, {}, "v1_probed_lately"),
        act("probe", 100, {}, "v1_probed"),
        act("probe", 101, {}, "v1_probed_twice"),
        act("probe", 102, {}, "v1_probed_twice"),
        act("disposal", 3001, {}, "v1_due"),
    )
    database.ingest(FactBatch(facts.exchanges, (), acts, facts.position))

    assert names(database, "probing_unsettled", **ASKED) == ["unsaid", "after", "probed"]
    assert names(database, "probing_unsettled", **ASKED | {"limit": 1}) == ["unsaid"]


def test_a_look_is_among_what_happened_to_a_copy(database: Database) -> None:
    facts = batch(told(1, "unsaid"))
    acts = (act("probe", 700, {"event": "Looked"}, "v1_unsaid"),)
    database.ingest(FactBatch(facts.exchanges, (), acts, facts.position))

    rows = queries.dicts(database.cursor(), "disposal_events", interactions=["v1_unsaid"])[1]

    assert [(row["kind"], json.loads(row["data"])) for row in rows] == [
        ("probe", {"event": "Looked"})
    ]


def test_since_when_policies_stand_is_read_in_the_order_in_which_it_was_told(
    database: Database,
) -> None:
    acts = (
        act("policy", 2, {"standings": {"p": None}, "kept_until": 0}),
        act("policy", 1, {"longest_days": 55}),
        act("policy", 1, {"standings": {}, "kept_until": 7}),
    )
    database.ingest(FactBatch((), (), acts, batch(told(1, "any")).position))

    rows = queries.dicts(database.cursor(), "policies_told")[1]

    assert [json.loads(row["data"])["kept_until"] for row in rows] == [7, 0]


def test_who_is_cared_for_is_not_forgotten_when_one_interaction_is_given_up(
    database: Database,
) -> None:
    acts = (
        act("capture", 1, {"scope": ["c1"]}),
        act("capture", 2, {"reason": "attempts"}, "v1_any"),
    )
    database.ingest(FactBatch((), (), acts, batch(told(1, "any")).position))

    (row,) = queries.dicts(database.cursor(), "health_steward")[1]

    assert json.loads(row["scope"]) == ["c1"]


def test_a_held_conversation_is_held_turn_by_turn(database: Database) -> None:
    facts = batch(told(1, "a", root_hash=7), told(2, "b", root_hash=7), told(3, "c", root_hash=8))
    acts = (act("hold", 9, {"reach": "conversation"}, "v1_a"),)
    database.ingest(FactBatch(facts.exchanges, (), acts, facts.position))

    cursor = database.cursor().execute(
        "SELECT interaction FROM audit.retention WHERE is_held ORDER BY ALL"
    )
    assert cursor.fetchall() == [("v1_a",), ("v1_b",)]
    assert names(database, "disposal_held", after="", limit=9) == ["a", "b"]
    assert names(database, "disposal_kin", roots=[7], after="v1_a", limit=9) == ["b"]


def test_turns_behind_are_found_by_their_links(database: Database) -> None:
    facts = batch(told(1, "a"), told(2, "b", previous_interaction_id="v1_a", previous_hash=77))
    database.ingest(facts)

    found = queries.dicts(database.cursor(), "disposal_behind", hashes="5,77", after="", limit=9)[1]

    assert [row["interaction"] for row in found] == ["v1_b"]
