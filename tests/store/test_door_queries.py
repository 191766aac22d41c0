"""What the door asks the tables; and that what it refused is no word of Google's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.recording.facts import ActFact, Recording
from proxy.store.database import Database
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.queries import dicts
from tests.store.samples import SECOND_NS, START_NS, committed, recording

CHAIN = ("v1_a", "v1_b", "v1_c")


def act(kind: str, seconds: int, interaction: str | None = None, **data: Any) -> ActFact:
    at = START_NS + seconds * SECOND_NS
    id_ = f"{kind}{seconds}".encode().hex().ljust(32, "0")[:32]
    return ActFact(at, kind, None, None, "", id_, interaction, "ann", json.dumps(data))


def deletion(sequence: int, status: int, *, is_own: bool) -> Recording:
    told = recording(sequence, how="deleted", interaction="v1_c", http_status=status, seconds=50)
    exchange = replace(told.exchange, is_own_answer=is_own, purpose="client")
    return replace(told, exchange=exchange, observations=())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("facts")
    database = Database.open(folder / "facts.duckdb")
    told = []
    for number, name in enumerate((*CHAIN, "v1_other"), 1):
        before: dict[str, Any] = {}
        if name in CHAIN[1:]:
            before = {"previous_interaction_id": CHAIN[number - 2]}
        found = recording(number, interaction=name, seconds=number, root_hash=7, **before)
        client = "c" * 16 if name in CHAIN else None
        told.append(replace(found, exchange=replace(found.exchange, client=client)))
    unstored = recording(8, interaction="exchange:x0-7-8", seconds=8, interaction_id=None)
    told += [unstored, deletion(5, 404, is_own=True), deletion(6, 424, is_own=True)]
    told.append(deletion(7, 200, is_own=False))
    acts = [
        act("hold", 10, "v1_b", reach="node"),
        act("disposal", 20, "v1_a", state="scheduled"),
        act("disposal", 21, "v1_a", state="sending"),
        act("disposal", 22, "v1_c", state="sending"),
        act("disposal", 23, "v1_c", state="deleted_verified"),
    ]
    position = VaultPosition("20260921-000001", 99_999)
    database.ingest(FactBatch(tuple(map(committed, told)), (), tuple(acts), position))
    yield database
    database.close()


def test_it_learns_who_was_answered_with_which_id(filled: Database) -> None:
    found = dicts(filled.cursor(), "door_created", since_us=0, limit=10)[1]

    assert [(row["interaction"], row["client"], row["previous"]) for row in found] == [
        ("v1_a", "c" * 16, None),
        ("v1_b", "c" * 16, "v1_a"),
        ("v1_c", "c" * 16, "v1_b"),
        ("v1_other", None, None),
    ]
    later = dicts(filled.cursor(), "door_created", since_us=found[2]["at_us"], limit=1)[1]
    assert [row["interaction"] for row in later] == ["v1_c"]


def test_it_learns_what_is_held_with_all_before_it(filled: Database) -> None:
    found = dicts(filled.cursor(), "door_held", after="", limit=10)[1]
    assert [tuple(row.values()) for row in found] == [("v1_a", False), ("v1_b", False)]
    assert len(dicts(filled.cursor(), "door_held", after="v1_a", limit=10)[1]) == 1


def test_it_learns_what_is_leaving_and_that_there_is_news(filled: Database) -> None:
    found = dicts(filled.cursor(), "door_leaving", states=["sending"], after="", limit=10)[1]
    assert [row["interaction"] for row in found] == ["v1_a"]
    (news,) = dicts(filled.cursor(), "door_news", since_us=0)[1]
    (later,) = dicts(filled.cursor(), "door_news", since_us=news["last_us"] + 1)[1]
    assert (news["acts"], later["acts"]) == (5, 0)


def test_a_conversation_is_held_with_its_turns_to_come(database: Database) -> None:
    told = [committed(recording(n, interaction=name, root_hash=7)) for n, name in enumerate(CHAIN)]
    held = act("hold", 30, "v1_b", reach="conversation")
    database.ingest(FactBatch(tuple(told), (), (held,), VaultPosition("20260921-000001", 1)))

    found = dicts(database.cursor(), "door_held", after="", limit=10)[1]

    assert {row["interaction"]: row["is_conversation"] for row in found} == dict.fromkeys(
        CHAIN, True
    )


def test_what_the_proxy_refused_by_itself_is_no_deletion_and_no_witness(filled: Database) -> None:
    """A 404 of ours would count as a word of Google's that there is no such interaction."""
    events = dicts(filled.cursor(), "disposal_events", interactions=["v1_c"])[1]
    deleted = [row["status"] for row in events if row["kind"] == "deleted"]
    witnesses = dicts(filled.cursor(), "disposal_witnesses", interaction="v1_c")[1]

    assert sorted(deleted) == [200, 424]
    assert sorted(row["status"] for row in witnesses if row["what"] == "delete") == [200, 424]
