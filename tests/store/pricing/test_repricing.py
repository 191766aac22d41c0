"""Pricing again: an act with a book prices all that was seen before it, and both results stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.recording.facts import ActFact, Recording
from proxy.recording.interpret import interpret
from proxy.recording.pricing.book import PriceBook, parse_book
from proxy.recording.pricing.cost import with_costs
from proxy.store.database import Database
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.pricing.books import price_book, price_book_bytes
from tests.recording.pricing.golden import GOLDEN
from tests.recording.pricing.golden_case import FLASH
from tests.recording.samples import ID, START_NS, exchange
from tests.store.samples import committed, fact

NEWER = json.loads(price_book_bytes()) | {"version": "2027-01-01"}
SECOND_NS = 1_000_000_000
AFTER = START_NS + 3600 * SECOND_NS


def answered(sequence: int, book: PriceBook | None = None, **answer: Any) -> Recording:
    used = {"total_tokens": 10, "total_input_tokens": 10}
    told = {"id": ID, "status": "completed", "model": FLASH, "usage": used, **answer}
    return with_costs(interpret(exchange(sequence=sequence, response=told)), book)


def act(at: int = AFTER, book: object = NEWER) -> ActFact:
    return fact(ActFact, at=at, kind="price_book", data=json.dumps({"book": book}))


def take(
    database: Database, offset: int, *recordings: Recording, acts: tuple[ActFact, ...] = ()
) -> None:
    taken = tuple(committed(each) for each in recordings)
    database.ingest(FactBatch(taken, (), acts, VaultPosition("20260921-000001", offset)))


def books(database: Database) -> list[tuple[str, int]]:
    statement = "SELECT book, amount_pico_usd FROM cost_lines_of_all_books ORDER BY ALL"
    return database.cursor().execute(statement).fetchall()


def test_both_results_stay_and_the_newer_counts(database: Database) -> None:
    old = price_book()
    take(database, 1, answered(1, old))
    take(database, 2, acts=(act(),))

    assert books(database) == [(old.version, 5_000_000), ("2027-01-01", 5_000_000)]
    assert database.cursor().execute("SELECT book FROM costs_by_interaction").fetchall() == [
        ("2027-01-01",)
    ]


def test_the_same_book_twice_prices_once(database: Database) -> None:
    take(database, 1, answered(1))
    take(database, 2, acts=(act(),))
    take(database, 3, acts=(act(AFTER + 1000),))
    take(database, 4, answered(2, id="v1_late"))

    assert books(database) == [("2027-01-01", 5_000_000)] * 2


def test_what_was_seen_after_the_act_is_left_to_its_own_book(database: Database) -> None:
    take(database, 1, answered(1), acts=(act(START_NS),))

    assert books(database) == []


@pytest.mark.parametrize("cut", ["one batch", "act later", "act first"])
def test_however_batches_are_cut_the_rows_are_the_same(database: Database, cut: str) -> None:
    recording = answered(1, price_book())
    if cut == "one batch":
        take(database, 1, recording, acts=(act(),))
    elif cut == "act later":
        take(database, 1, recording)
        take(database, 2, acts=(act(),))
    else:
        take(database, 1, acts=(act(),))
        take(database, 2, recording)

    assert [book for book, _ in books(database)] == [price_book().version, "2027-01-01"]


def test_a_file_that_is_opened_again_knows_its_acts(tmp_path: Path) -> None:
    first = Database.open(tmp_path / "facts.duckdb")
    take(first, 1, acts=(act(),))
    first.close()

    again = Database.open(tmp_path / "facts.duckdb")
    take(again, 2, answered(1))

    assert books(again) == [("2027-01-01", 5_000_000)]
    again.close()


def test_an_act_without_a_book_is_passed_over(database: Database) -> None:
    none = fact(ActFact, at=AFTER, kind="price_book", data='{"book": 1}')
    take(database, 1, answered(1, price_book()), acts=(none, replace(none, data="{")))

    assert len(books(database)) == 1


def test_tables_are_billed_as_recordings_are(database: Database) -> None:
    """Each golden case, priced from its rows, costs line by line what it costs from its exchange."""
    recordings = []
    for place, case in enumerate(GOLDEN, start=1):
        told = {"id": f"v1_{place}", "status": "completed", "model": FLASH, **case.answer}
        asked = {"model": told["model"], "input": "x", **case.asked}
        made = exchange(sequence=place, target=case.target, request=asked, response=told)
        recordings.append(interpret(made))
    book = parse_book(json.dumps(NEWER).encode())
    expected = sorted(
        (
            *(cost.interaction, cost.item, cost.modality, cost.tier, cost.quantity, cost.unit),
            *(str(cost.price_pico_usd), str(cost.amount_pico_usd), cost.reason),
        )
        for recording in recordings
        for cost in with_costs(recording, book).costs
    )

    take(database, 1, *recordings, acts=(act(),))

    rows = database.cursor().execute(
        "SELECT interaction, item, modality, tier, quantity, unit, "
        "coalesce(price_pico_usd::VARCHAR, 'None'), coalesce(amount_pico_usd::VARCHAR, 'None'), "
        "reason FROM costs"
    )
    assert sorted(rows.fetchall()) == expected
