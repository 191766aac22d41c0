"""What is said of a span of time is what the views say of it: these read all that was ever told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from proxy.recording.facts import CostFact, Recording, UsageFact
from proxy.store.database import Database
from tests.store.samples import START_NS, batch, fact, id_hash, recording

BEGIN = dt.datetime.fromtimestamp(START_NS / 1e9, dt.UTC).replace(tzinfo=None)
"""Instants of the tables are UTC without a zone."""
MIDDLE = BEGIN + dt.timedelta(seconds=40)


def told(number: int, name: str, how: str = "created", **given: Any) -> Recording:
    """One exchange about an interaction, with its tokens and their price."""
    seconds = 10 * number
    one = recording(number, how=how, interaction=name, seconds=seconds, **given)
    about: dict[str, Any] = {
        "exchange": one.exchange.exchange,
        "interaction": name,
        "id_hash": id_hash(name),
        "at": one.observations[0].at,
        "modality": "text",
    }
    usage = fact(UsageFact, kind="output", tokens=number, **about)
    price: dict[str, Any] = {
        "tier": "standard",
        "book": "2026-11-01",
        "quantity": number,
        "unit": "token",
    }
    price |= {"item": "output", "price_pico_usd": 3, "amount_pico_usd": 3 * number}
    return replace(one, usage=(usage,), costs=(fact(CostFact, **price, **about),))


@pytest.fixture
def played(one_database: Database) -> Database:
    """Told once, told again, told of without tokens, and refused; on both sides of MIDDLE."""
    if not one_database.cursor().execute("FROM exchanges LIMIT 1").fetchone():
        whole: dict[str, Any] = {
            "status": "completed",
            "is_terminal": True,
            "output_tokens": 7,
            "model": "m",
        }
        one_database.ingest(
            batch(
                told(1, "early", **whole),
                told(2, "polled", status="in_progress", output_tokens=1),
                told(3, "odd", status="completed", is_terminal=True),
                told(5, "late", **whole),
                told(6, "polled", "read", **whole),
                told(7, "polled", "read", **whole),
                recording(8, interaction="refused", seconds=80),
            )
        )
    return one_database


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (BEGIN, BEGIN + dt.timedelta(days=1)),
        (MIDDLE, BEGIN + dt.timedelta(days=1)),
        (BEGIN, MIDDLE),
    ],
)
def test_a_span_of_time_says_what_the_views_say_of_it(
    played: Database, since: dt.datetime, until: dt.datetime
) -> None:
    cursor, span = played.cursor(), {"since": since, "until": until}

    costs = cursor.execute(
        "SELECT interaction, created_at, model, agent, client, book, is_complete, amount_pico_usd"
        " FROM costs_by_interaction WHERE created_at >= $since AND created_at < $until ORDER BY ALL",
        span,
    ).fetchall()
    usage = cursor.execute(
        "SELECT kind, modality, tokens, id_hash FROM usage_lines"
        " WHERE seen_at >= $since AND seen_at < $until ORDER BY ALL",
        span,
    ).fetchall()

    found = cursor.execute("FROM costs_between($since, $until) ORDER BY ALL", span).fetchall()
    assert found == costs
    assert costs
    found = cursor.execute("FROM usage_between($since, $until) ORDER BY ALL", span).fetchall()
    assert found == usage
    assert usage
