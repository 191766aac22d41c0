"""What the views say is protected is what an erasure keeps and the steward leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.audit.erasure.plan import Hold, Turn, held_turns
from proxy.recording.facts import ActFact
from proxy.store.database import Database
from proxy.store.position import FactBatch, VaultPosition
from tests.store.samples import START_NS, committed, id_hash, recording

CHAIN = ("v1_a", "v1_b", "v1_c")


def hold(interaction: str, act: str = "h", reach: str = "node") -> ActFact:
    data = json.dumps({"reach": reach})
    return ActFact(START_NS, "hold", None, None, "a case", act, interaction, "ann", data)


def told(turns: list[Turn]) -> list[Any]:
    """A create of each."""
    return [
        committed(
            recording(
                number,
                interaction=turn.interaction,
                seconds=number,
                previous_interaction_id=turn.previous,
                previous_hash=None if turn.previous is None else id_hash(turn.previous),
                root_hash=id_hash(turn.interaction) if turn.root is None else turn.root,
            )
        )
        for number, turn in enumerate(turns, 1)
    ]


def chain(*, one_root: bool) -> list[Turn]:
    before = (None, *CHAIN)
    return [Turn(name, before[n], 7 if one_root else None) for n, name in enumerate(CHAIN)]


def is_held(database: Database) -> dict[str, bool]:
    found = database.cursor().execute("SELECT interaction, is_held FROM audit.retention")
    return dict(found.fetchall())


@pytest.mark.parametrize("one_root", [True, False])
def test_a_hold_covers_the_turns_before_it_in_what_auditors_see(
    database: Database, *, one_root: bool
) -> None:
    acts = (hold("v1_b"),)
    rows = tuple(told(chain(one_root=one_root)))
    database.ingest(FactBatch(rows, (), acts, VaultPosition("20260921-000001", 1)))

    assert is_held(database) == {"v1_a": True, "v1_b": True, "v1_c": False}


@pytest.mark.parametrize("one_root", [True, False])
def test_a_hold_on_a_conversation_covers_all_of_it_until_it_is_released(
    database: Database, *, one_root: bool
) -> None:
    acts = (hold("v1_b", reach="conversation"),)
    rows = tuple(told([*chain(one_root=one_root), Turn("v1_other", None)]))
    database.ingest(FactBatch(rows, (), acts, VaultPosition("20260921-000001", 1)))
    assert is_held(database) == dict.fromkeys(CHAIN, True) | {"v1_other": False}

    release = replace(acts[0], kind="release", act="r", data=json.dumps({"hold": "h"}))
    database.ingest(FactBatch((), (), (release,), VaultPosition("20260921-000001", 2)))

    assert not any(is_held(database).values())


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(tmp_path_factory.mktemp("holds") / "facts.duckdb")
    yield opened
    opened.close()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_views_and_erasures_protect_the_same(emptied: Database, data: st.DataObject) -> None:
    names = [f"v1_{number}" for number in range(data.draw(st.integers(1, 7)))]
    turns = [
        Turn(
            name,
            data.draw(st.sampled_from([None, *names[:n]])),
            data.draw(st.sampled_from([id_hash(name), 1, 2])),
        )
        for n, name in enumerate(names)
    ]
    holds = [
        Hold(f"h{n}", name, data.draw(st.booleans()))
        for n, name in enumerate(data.draw(st.lists(st.sampled_from(names), max_size=3)))
    ]
    acts = [
        hold(each.interaction, each.hold, "conversation" if each.is_conversation else "node")
        for each in holds
    ]
    cursor = emptied.cursor()
    for table in ("exchanges", "observations", "acts"):
        cursor.execute(f"DELETE FROM {table}")
    position = VaultPosition("20260921-000001", emptied.position().offset + 1)
    emptied.ingest(FactBatch(tuple(told(turns)), (), tuple(acts), position))
    found = cursor.execute("SELECT interaction, hold FROM protected_interactions").fetchall()
    cursor.close()

    wanted = held_turns(turns, holds)
    assert set(found) == {(turn, each) for turn, by in wanted.items() for each in by}
