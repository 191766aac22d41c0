"""Turns of a conversation are found by what ids, links and other turns say."""

from __future__ import annotations

import pytest

from proxy.audit.erasure.plan import Selection
from proxy.recorder.erasing import kin
from proxy.recorder.erasing.kin import kin_of, told_of, turns_of
from proxy.recorder.erasing.planning import planned
from proxy.store.database import Database
from tests.recorder.erasing.test_planning import Asked, nothing_is_gone
from tests.store.samples import batch, id_hash, recording


@pytest.mark.parametrize("named", ["v1_a", "v1_b", "v1_c"])
def test_turns_are_found_by_their_links_where_ids_tell_no_conversation(
    database: Database, named: str
) -> None:
    links = {"v1_a": None, "v1_b": "v1_a", "v1_c": "v1_b", "v1_z": None}
    database.ingest(
        batch(
            *(
                recording(
                    number,
                    interaction=turn,
                    previous_interaction_id=before,
                    previous_hash=id_hash(before) if before else None,
                )
                for number, (turn, before) in enumerate(links.items(), 1)
            )
        )
    )

    found = kin_of(Asked(database), [named])

    assert {turn.interaction: turn.previous for turn in found.values()} == {
        turn: links[turn] for turn in ("v1_a", "v1_b", "v1_c")
    }


@pytest.mark.parametrize("few", [1000, 2])
def test_polls_that_show_nothing_are_told_of_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """One run may be asked for each second."""
    polls = (recording(number, how="read", seconds=number) for number in range(2, 30))
    last = recording(40, how="read", seconds=40, output_step_count=1)
    database.ingest(batch(recording(1), *polls, last))
    monkeypatch.setattr(kin, "FEW", few)

    told = told_of(Asked(database), ["v1_one"])
    found = planned(Asked(database), Selection(("v1_one",)), nothing_is_gone)

    assert [row.exchange.rpartition("-")[2] for row in told] == ["1", "", "40"]
    assert [name.rpartition("-")[2] for name in found.plan.exchanges] == ["1", "40"]


def test_of_a_turn_told_of_again_the_root_stands_that_its_create_knew(database: Database) -> None:
    """Whoever polls may be told no turn before it."""
    first, root = recording(1), id_hash("v1_first")
    create = recording(
        2,
        interaction="v1_b",
        previous_interaction_id="v1_a",
        previous_hash=id_hash("v1_a"),
        root_hash=root,
    )
    poll = recording(3, interaction="v1_b", how="read", seconds=3)
    database.ingest(batch(first, create, poll))

    (turn,) = turns_of(told_of(Asked(database), ["v1_b"])).values()

    assert (turn.previous, turn.root) == ("v1_a", root)
