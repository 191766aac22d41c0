"""What the views say: the best of everything seen, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.recording.facts import Recording, StepFact
from proxy.store.database import Database
from tests.store.samples import SECOND_NS, START_NS, batch, id_hash, recording, step

ANSWER: dict[str, Any] = {
    "model": "gemini-3-flash-preview",
    "status": "completed",
    "is_terminal": True,
    "input_tokens": 10,
    "output_tokens": 5,
    "total_tokens": 15,
}
STEPS = (step("user_input", 0, "input"), step("thought", 0), step("model_output", 1))


@pytest.fixture
def database(emptied: Database) -> Database:
    return emptied


def ask(database: Database, statement: str, *recordings: Recording) -> list[tuple[Any, ...]]:
    if recordings:
        database.ingest(batch(*recordings))
    return database.cursor().execute(statement).fetchall()


def test_polls_are_one_interaction_with_its_tokens_once(database: Database) -> None:
    rows = ask(
        database,
        "SELECT interaction, status, total_tokens, exchange_count, read_count FROM interactions",
        recording(1, status="in_progress", is_background=True),
        recording(2, how="read", seconds=5),
        recording(3, how="read", seconds=10, **ANSWER),
        recording(4, how="read", seconds=15, **ANSWER),
    )

    assert rows == [("v1_one", "completed", 15, 4, 3)]
    assert ask(database, "SELECT total_tokens, interaction_count FROM usage_totals") == [(15, 1)]
    assert ask(database, "SELECT kind, tokens FROM usage_lines") == [("input", 15)]


def test_a_status_that_ended_it_stays_whatever_is_read_later(database: Database) -> None:
    rows = ask(
        database,
        "SELECT status, is_terminal, ended_at::VARCHAR FROM interactions",
        recording(1, status="in_progress"),
        recording(2, how="cancelled", seconds=3, status="cancelled", is_terminal=True),
        recording(3, how="read", seconds=9, status="in_progress"),
    )

    assert rows == [("cancelled", True, "2026-09-21 14:13:23")]


def test_before_the_end_the_latest_status_counts(database: Database) -> None:
    rows = ask(
        database,
        "SELECT status, is_terminal, ended_at FROM interactions",
        recording(1, status="queued"),
        recording(2, how="read", seconds=9, status="in_progress"),
        recording(3, how="deleted", seconds=12),
    )

    assert rows == [("in_progress", False, None)]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_the_order_of_arrival_does_not_matter(database: Database, order: tuple[int, ...]) -> None:
    known = {
        1: recording(1, status="in_progress"),
        2: recording(2, how="read", seconds=4, steps=STEPS, **ANSWER),
        3: recording(3, how="read", seconds=8, steps=STEPS[1:], **ANSWER),
    }

    rows = ask(
        database,
        "SELECT status, total_tokens, create_exchange IS NOT NULL FROM interactions",
        *(known[each] for each in order),
    )

    assert rows == [("completed", 15, True)]


def test_an_unstored_interaction_is_named_by_its_exchange(database: Database) -> None:
    rows = ask(
        database,
        "SELECT interaction, interaction_id, store, total_tokens FROM interactions",
        recording(1, interaction="exchange:x0-0000000000000007-1", **(ANSWER | {"store": "false"})),
        recording(2, interaction="exchange:x0-0000000000000007-2", **(ANSWER | {"store": "false"})),
    )

    assert sorted(rows) == [
        ("exchange:x0-0000000000000007-1", None, "false", 15),
        ("exchange:x0-0000000000000007-2", None, "false", 15),
    ]


def test_a_chain_is_one_conversation(database: Database) -> None:
    root = ANSWER | {"root_hash": id_hash("v1_one")}
    rows = ask(
        database,
        "SELECT first_interaction, last_interaction, turn_count, total_tokens FROM conversations "
        "ORDER BY turn_count DESC",
        recording(1, **ANSWER),
        recording(2, interaction="v1_two", seconds=9, previous_hash=id_hash("v1_one"), **root),
        recording(3, how="read", interaction="v1_two", seconds=12, **root),
        recording(4, interaction="v1_alone", seconds=20, **ANSWER),
    )

    assert rows == [("v1_one", "v1_two", 2, 30), ("v1_alone", "v1_alone", 1, 15)]


def test_a_deleted_interaction_says_when_and_a_refused_delete_does_not(database: Database) -> None:
    rows = ask(
        database,
        "SELECT interaction, deleted_at::VARCHAR, status, total_tokens FROM interactions "
        "ORDER BY ALL",
        recording(1, **ANSWER),
        recording(2, how="deleted", seconds=30, http_status=200),
        recording(3, interaction="v1_two", **ANSWER),
        recording(4, how="deleted", interaction="v1_two", seconds=30, http_status=404),
    )

    assert rows == [
        ("v1_one", "2026-09-21 14:13:50", "completed", 15),
        ("v1_two", None, "completed", 15),
    ]


def test_an_error_of_a_poll_does_not_become_the_interactions(database: Database) -> None:
    rows = ask(
        database,
        "SELECT status, error_code FROM interactions",
        recording(1, **(ANSWER | {"status": "in_progress", "is_terminal": False})),
        recording(2, how="read", seconds=3, http_status=503, error_code="unavailable"),
    )

    assert rows == [("in_progress", None)]


def timeline(database: Database, *recordings: Recording) -> list[tuple[Any, ...]]:
    return ask(
        database,
        "SELECT place, side, type, exchange[-1:] FROM timeline ORDER BY place",
        *recordings,
    )


def test_the_timeline_takes_the_question_from_the_create_and_the_answer_from_the_end(
    database: Database,
) -> None:
    rows = timeline(
        database,
        recording(1, steps=STEPS[:1]),
        recording(2, how="read", seconds=5, steps=STEPS[:2]),
        recording(3, how="read", seconds=9, steps=STEPS, **ANSWER),
    )

    assert rows == [
        (1, "input", "user_input", "1"),
        (2, "output", "thought", "3"),
        (3, "output", "model_output", "3"),
    ]


def test_an_interaction_that_was_only_read_shows_its_question_too(database: Database) -> None:
    rows = timeline(database, recording(1, how="read", steps=STEPS, **ANSWER))

    assert [row[1:3] for row in rows] == [
        ("input", "user_input"),
        ("output", "thought"),
        ("output", "model_output"),
    ]


STREAMED: dict[str, Any] = {"is_streaming": True, "is_complete": False}


def piece(type_name: str, index: int, stream_index: int, *, is_whole: bool = True) -> StepFact:
    """A step as a stream showed it; of one that was cut the end was not seen."""
    ended = START_NS + SECOND_NS if is_whole else None
    return step(type_name, index, stream_index=stream_index, started_at=START_NS, ended_at=ended)


def test_a_broken_stream_and_its_resumption_are_one_timeline(database: Database) -> None:
    rows = timeline(
        database,
        recording(1, steps=(STEPS[0], piece("thought", 0, 0)), **STREAMED),
        recording(2, how="resumed", seconds=4, steps=(piece("search_call", 0, 1),), **STREAMED),
        recording(
            3, how="resumed", seconds=8, steps=(piece("model_output", 0, 2),), **ANSWER | STREAMED
        ),
    )

    assert rows == [
        (1, "input", "user_input", "1"),
        (2, "output", "thought", "1"),
        (3, "output", "search_call", "2"),
        (4, "output", "model_output", "3"),
    ]


def test_a_step_that_several_pieces_show_stands_there_once(database: Database) -> None:
    rows = ask(
        database,
        "SELECT type, right(exchange, 1), is_partial FROM timeline ORDER BY place",
        recording(
            1,
            steps=(piece("thought", 0, 0), piece("search_call", 1, 1, is_whole=False)),
            **STREAMED,
        ),
        recording(
            2,
            how="resumed",
            seconds=4,
            steps=(piece("search_call", 0, 1), piece("model_output", 1, 2, is_whole=False)),
            **STREAMED,
        ),
        recording(
            3,
            how="resumed",
            seconds=8,
            steps=(
                replace(piece("model_output", 0, 2), started_at=None, content_bytes=9),
                piece("function_call", 1, 3),
            ),
            **ANSWER | STREAMED,
        ),
    )

    assert rows == [
        ("thought", "1", False),
        ("search_call", "2", False),
        ("model_output", "3", True),
        ("function_call", "3", False),
    ]


def test_a_read_of_the_whole_answer_replaces_the_pieces(database: Database) -> None:
    rows = timeline(
        database,
        recording(1, steps=STEPS[:2], is_complete=False),
        recording(2, how="resumed", seconds=8, steps=(step("model_output"),), **ANSWER),
        recording(3, how="read", seconds=9, steps=STEPS, **ANSWER),
    )

    assert [row[2:] for row in rows] == [
        ("user_input", "1"),
        ("thought", "3"),
        ("model_output", "3"),
    ]


def test_every_view_and_table_says_what_it_is_for(database: Database) -> None:
    rows = ask(
        database,
        "SELECT table_name FROM duckdb_tables() WHERE comment IS NULL UNION ALL "
        "SELECT view_name FROM duckdb_views() WHERE comment IS NULL AND database_name = 'facts' "
        "AND NOT internal",
    )

    assert rows == []


def test_a_deletion_does_not_hide_what_a_broken_stream_had_shown(database: Database) -> None:
    rows = ask(
        database,
        "SELECT output_step_count, exchange_count FROM interactions ORDER BY interaction",
        recording(1, steps=STEPS[:2], is_complete=False, output_step_count=1),
        recording(2, how="deleted", seconds=8, output_step_count=0),
        recording(3, interaction="v1_two", how="deleted", seconds=9, output_step_count=0),
    )

    assert rows == [(1, 2), (0, 1)]
