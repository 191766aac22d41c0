"""What was sent again, what may be there unseen, and who was told to wait."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.recording.facts import Recording
from proxy.store.database import Database
from tests.store.samples import batch, recording


def create(
    sequence: int,
    seconds: int,
    status: int | None = 200,
    *,
    mac: str | None = "m",
    client: str | None = "c",
    outcome: str = "complete",
    **more: Any,
) -> Recording:
    """A create that took one second; without an id unless it was answered."""
    name = f"v1_{sequence}" if status == 200 else f"exchange:x{sequence}"
    base = recording(
        sequence,
        interaction=more.pop("interaction", name),
        seconds=seconds,
        **{"is_terminal": status == 200, **more},
    )
    exchange = replace(
        base.exchange,
        status=status,
        request_mac=mac,
        client=client,
        outcome=outcome,
    )
    return replace(base, exchange=exchange)


def waiting(given: Recording, seconds: int) -> Recording:
    return replace(given, exchange=replace(given.exchange, retry_after_s=seconds))


def ask(database: Database, statement: str, *recordings: Recording) -> list[tuple[Any, ...]]:
    database.ingest(batch(*recordings))
    return database.cursor().execute(statement).fetchall()


RETRIES = (
    "SELECT right(first_exchange, 1), attempt, right(exchange, 1), right(retry_of, 1), "
    "failed_status, status FROM retries ORDER BY first_exchange, attempt"
)


def test_the_attempts_of_one_call_are_linked_in_order(database: Database) -> None:
    rows = ask(
        database,
        RETRIES,
        create(1, 1, 503),
        create(2, 3, 429),
        create(3, 6, None, outcome="upstream_aborted"),
        create(4, 12, 200),
    )

    assert rows == [
        ("1", 2, "2", "1", 503, 429),
        ("1", 3, "3", "2", 429, None),
        ("1", 4, "4", "3", None, 200),
    ]


@pytest.mark.parametrize(
    "second",
    [
        create(2, 3, mac="other"),
        create(2, 3, mac=None),
        create(2, 3, client="another"),
        create(2, 60),
        create(2, 1),
    ],
    ids=["another body", "a body not read", "another credential", "much later", "at once"],
)
def test_what_is_no_retry(database: Database, second: Recording) -> None:
    assert ask(database, RETRIES, create(1, 1, 503), second) == []


@pytest.mark.parametrize("status", [200, 400, 404, 402])
def test_the_same_wish_again_after_an_answer_is_no_retry(database: Database, status: int) -> None:
    assert ask(database, RETRIES, create(1, 1, status), create(2, 3)) == []


def test_a_wait_that_was_asked_for_is_waited_with(database: Database) -> None:
    rows = ask(database, RETRIES, waiting(create(1, 1, 429), 60), create(2, 63))

    assert rows == [("1", 2, "2", "1", 429, 200)]


def test_a_failure_has_one_retry_at_most(database: Database) -> None:
    rows = ask(database, RETRIES, create(1, 1, 503), create(2, 3), create(3, 4))

    assert rows == [("1", 2, "2", "1", 503, 200)]


SUSPECTS = "SELECT right(exchange, 1), reason, right(retried_by, 1) FROM orphan_suspects ORDER BY 1"


def test_creates_that_may_be_there_unseen_are_suspects(database: Database) -> None:
    rows = ask(
        database,
        SUSPECTS,
        create(1, 1, None, outcome="upstream_aborted"),
        create(2, 3, 503, outcome="complete"),
        create(3, 6, None, mac="x", outcome="client_gone"),
        create(4, 9),
    )

    assert rows == [
        ("1", "no_answer", "2"),
        ("2", "server_error", "4"),
        ("3", "no_answer", None),
    ]


def cut_before_id(sequence: int) -> Recording:
    given = create(
        sequence, 1, 200, outcome="upstream_aborted", interaction="exchange:x", is_complete=False
    )
    (seen,) = given.observations
    return replace(given, observations=(replace(seen, is_terminal=False),))


def own_answer(sequence: int, status: int) -> Recording:
    given = create(sequence, 1, status, outcome="upstream_aborted")
    return replace(given, exchange=replace(given.exchange, is_own_answer=True))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (cut_before_id(1), "cut_before_id"),
        (own_answer(1, 424), "no_answer"),
        (own_answer(1, 502), None),
        (create(1, 1, 503, outcome="refused"), None),
        (create(1, 1, 429), None),
        (create(1, 1, 400), None),
        (create(1, 1, 200), None),
        (create(1, 1, None, outcome="client_gone", store="false"), None),
    ],
)
def test_a_create_is_suspect_if_it_may_have_been_carried_out_and_no_id_came(
    database: Database, given: Recording, reason: str | None
) -> None:
    rows = ask(database, "SELECT reason, suspect_until - started_at FROM orphan_suspects", given)

    assert [row[0] for row in rows] == ([reason] if reason else [])
    assert all(row[1].days == 55 for row in rows)


def test_a_rate_limit_tells_the_wait_and_who_came_again_when(database: Database) -> None:
    rows = ask(
        database,
        "SELECT right(exchange, 1), model, retry_after_s, right(retried_by, 1), retried_after_s "
        "FROM rate_limits ORDER BY exchange",
        waiting(create(1, 1, 429, model="gemini-3-flash-preview"), 2),
        create(2, 4, 200),
        recording(3, how="read", http_status=429, seconds=20),
    )

    assert rows == [
        ("1", "gemini-3-flash-preview", 2, "2", 2.0),
        ("3", None, None, None, None),
    ]
