"""Hops of one long answer: each billed, the answer one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proxy.recording.facts import Recording
from proxy.store.database import Database
from tests.store.samples import batch, recording, step

LIMIT: dict[str, Any] = {
    "status": "requires_continuation",
    "has_continuation_token": True,
    "is_terminal": True,
    "input_tokens": 10,
    "output_tokens": 100,
    "total_tokens": 110,
    "model": "m",
    "steps": (step("model_output"),),
}
END = LIMIT | {
    "status": "completed",
    "has_continuation_token": False,
    "is_continuation": True,
    "total_tokens": 40,
}
NEXT = LIMIT | {"is_continuation": True}


def by(given: Recording, client: str) -> Recording:
    return replace(given, exchange=replace(given.exchange, client=client))


def ask(database: Database, statement: str, *recordings: Recording) -> list[tuple[Any, ...]]:
    if recordings:
        database.ingest(batch(*recordings))
    return database.cursor().execute(statement).fetchall()


HOPS = "SELECT answer, hop, interaction, status, total_tokens FROM hops ORDER BY answer, hop"
ANSWERS = (
    "SELECT answer, hop_count, last_interaction, status, total_tokens, output_step_count "
    "FROM answers ORDER BY answer"
)


def test_stored_hops_become_one_answer_with_usage_per_hop_and_in_total(
    database: Database,
) -> None:
    rows = ask(
        database,
        HOPS,
        recording(1, interaction="v1_a", **LIMIT),
        recording(2, interaction="v1_b", seconds=2, previous_interaction_id="v1_a", **NEXT),
        recording(3, interaction="v1_c", seconds=4, previous_interaction_id="v1_b", **END),
        recording(4, interaction="v1_c", seconds=6, how="read", **END),
        recording(
            5, interaction="v1_d", seconds=8, status="completed", is_terminal=True, total_tokens=7
        ),
    )

    assert rows == [
        ("v1_a", 1, "v1_a", "requires_continuation", 110),
        ("v1_a", 2, "v1_b", "requires_continuation", 110),
        ("v1_a", 3, "v1_c", "completed", 40),
    ]
    assert ask(database, ANSWERS) == [
        ("v1_a", 3, "v1_c", "completed", 260, 3),
        ("v1_d", 1, "v1_d", "completed", 7, 0),
    ]


def test_a_next_turn_is_no_hop(database: Database) -> None:
    turn = END | {"is_continuation": False}

    ask(
        database,
        HOPS,
        recording(1, interaction="v1_a", **LIMIT),
        recording(2, interaction="v1_b", seconds=2, previous_interaction_id="v1_a", **turn),
    )

    assert [row[:2] for row in ask(database, ANSWERS)] == [("v1_a", 1), ("v1_b", 1)]


def test_hops_that_are_not_stored_follow_the_latest_of_the_same_credential_and_model(
    database: Database,
) -> None:
    unstored = {"store": "false"}

    rows = ask(
        database,
        "SELECT answer, hop, interaction FROM hops ORDER BY answer, hop",
        by(recording(1, interaction="exchange:x1", **LIMIT | unstored), "one"),
        by(recording(2, interaction="exchange:x2", seconds=1, **LIMIT | unstored), "two"),
        by(recording(3, interaction="exchange:x3", seconds=3, **NEXT | unstored), "one"),
        by(recording(4, interaction="exchange:x4", seconds=5, **END | unstored), "one"),
        by(recording(5, interaction="exchange:x5", seconds=6, **END | unstored), "two"),
        by(recording(6, interaction="exchange:x6", seconds=300, **END | unstored), "two"),
    )

    assert rows == [
        ("exchange:x1", 1, "exchange:x1"),
        ("exchange:x1", 2, "exchange:x3"),
        ("exchange:x1", 3, "exchange:x4"),
        ("exchange:x2", 1, "exchange:x2"),
        ("exchange:x2", 2, "exchange:x5"),
        ("exchange:x6", 1, "exchange:x6"),
    ]


def test_a_token_continued_twice_leads_to_two_answers(database: Database) -> None:
    rows = ask(
        database,
        "SELECT answer, hop, interaction FROM hops ORDER BY answer, hop",
        recording(1, interaction="v1_a", **LIMIT),
        recording(2, interaction="v1_b", seconds=2, previous_interaction_id="v1_a", **END),
        recording(3, interaction="v1_c", seconds=4, previous_interaction_id="v1_a", **END),
    )

    assert rows == [("v1_a", 1, "v1_a"), ("v1_a", 2, "v1_b"), ("v1_c", 1, "v1_c")]
