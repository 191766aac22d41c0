"""Costs in SQL: once however often an interaction was read, complete or not, by the newest book."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.recording.facts import CostFact, Recording
from proxy.store.database import Database
from proxy.store.queries import dicts
from tests.store.samples import batch, fact, recording

USED: dict[str, Any] = {
    "model": "gemini-3-flash-preview",
    "status": "completed",
    "is_terminal": True,
    "service_tier": "standard",
    "total_tokens": 10,
}


def costing(
    sequence: int, *amounts: int | None, book: str = "2026-11-22", **given: Any
) -> Recording:
    """An exchange about one interaction, with a line for each amount."""
    base = recording(sequence, **{**USED, **given})
    (seen,) = base.observations
    about = {"exchange": seen.exchange, "interaction": seen.interaction, "at": seen.at}
    lines = tuple(
        fact(
            CostFact,
            **about,
            id_hash=seen.id_hash,
            book=book,
            item=f"item {place}",
            tier=seen.service_tier or "standard",
            quantity=1,
            unit="token",
            price_pico_usd=amount,
            amount_pico_usd=amount,
            reason="" if amount is not None else "no price",
        )
        for place, amount in enumerate(amounts)
    )
    return replace(base, costs=lines)


@pytest.fixture
def database(emptied: Database) -> Database:
    return emptied


def ask(database: Database, statement: str, *recordings: Recording) -> list[tuple[Any, ...]]:
    database.ingest(batch(*recordings))
    return database.cursor().execute(statement).fetchall()


def test_an_interaction_costs_once_however_often_it_is_read(database: Database) -> None:
    rows = ask(
        database,
        "SELECT interaction, amount_pico_usd, amount_usd, is_complete FROM costs_by_interaction",
        costing(1, 5, 7),
        costing(2, 5, 7, how="read", seconds=5),
        costing(3, 5, 7, how="resumed", seconds=9),
    )

    assert rows == [("v1_one", 12, 1.2e-11, True)]


def test_a_line_without_a_price_leaves_the_sum_incomplete_and_says_why(database: Database) -> None:
    rows = ask(
        database,
        "SELECT amount_pico_usd, is_complete, unpriced_count, reasons FROM costs_by_interaction",
        costing(1, 5, None),
    )

    assert rows == [(5, False, 1, ["no price"])]


def test_nothing_priced_is_no_amount_and_not_zero(database: Database) -> None:
    statement = "SELECT amount_pico_usd, incomplete_count FROM costs_by_day"

    assert ask(database, statement, costing(1, None)) == [(None, 1)]


def test_a_price_of_zero_is_an_amount(database: Database) -> None:
    statement = "SELECT amount_pico_usd, is_complete FROM costs_by_interaction"

    assert ask(database, statement, costing(1, 0)) == [(0, True)]


def test_an_answer_without_usage_is_incomplete(database: Database) -> None:
    rows = ask(
        database,
        "SELECT amount_pico_usd, is_complete, reasons FROM costs_by_interaction",
        recording(1, **(USED | {"total_tokens": None})),
    )

    assert rows == [(None, False, ["no usage was seen"])]


def test_a_create_that_was_refused_has_no_cost(database: Database) -> None:
    refused = recording(1, interaction="exchange:x", http_status=429, error_code="too_many")

    assert ask(database, "FROM costs_by_interaction", refused) == []


def test_the_newest_book_counts_and_the_others_are_kept(database: Database) -> None:
    older, newer = costing(1, 5), costing(1, 6, book="2026-12-01")
    both = replace(older, costs=(*older.costs, *newer.costs))

    assert ask(database, "SELECT book, amount_pico_usd FROM costs_by_interaction", both) == [
        ("2026-12-01", 6)
    ]
    all_books = "SELECT book, amount_pico_usd FROM cost_lines_of_all_books ORDER BY book"
    assert database.cursor().execute(all_books).fetchall() == [
        ("2026-11-22", 5),
        ("2026-12-01", 6),
    ]


def test_a_poll_without_a_tier_is_not_standard_where_another_was_asked_for(
    database: Database,
) -> None:
    rows = ask(
        database,
        "SELECT tier, amount_pico_usd, reason FROM cost_lines",
        recording(1, service_tier_asked="flex", status="in_progress"),
        costing(2, 5, how="read", seconds=5, service_tier=None),
    )

    assert rows == [("unknown", None, "another tier was asked for; the answer names none")]


def test_costs_are_summed_by_what_one_asks_for(database: Database) -> None:
    one = costing(1, 5)
    root = one.observations[0].root_hash
    two = costing(2, 7, None, interaction="v1_two", seconds=5, root_hash=root)
    database.ingest(batch(one, two))
    named = {
        "interaction": ["v1_two", "v1_one"],
        "conversation": ["v1_one"],
        "model": ["gemini-3-flash-preview"],
        "day": ["2026-09-21"],
        "client": ["not known"],
    }

    for by, names in named.items():
        _, rows = dicts(database.cursor(), f"cost_by_{by}", since=None, until=None)

        assert [row["name"] for row in rows] == names
        assert sum(row["amount_pico_usd"] for row in rows) == 12
        assert sum(row["incomplete"] for row in rows) == 1
        assert [reason for row in rows for reason in row["reasons"] or ()] == ["no price"]


def test_a_span_of_time_excludes_its_end(database: Database) -> None:
    database.ingest(batch(costing(1, 5), costing(2, 7, interaction="v1_two", seconds=60)))

    def amounts(**span: str | None) -> list[int]:
        _, rows = dicts(database.cursor(), "cost_by_interaction", **span)
        return [row["amount_pico_usd"] for row in rows]

    border = "2026-09-21 14:14:19"
    assert amounts(since=border, until=None) == [7]
    assert amounts(since=None, until=border) == [5]
