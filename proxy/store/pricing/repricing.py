"""Pricing again what was recorded: an act brings a book, and each answer before it is priced by it, too.

The costs by earlier books stay. An act prices every observation that was seen before the act, whenever
the tables take it; so a rebuild, whose batches are cut otherwise, comes to the same rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import duckdb
import orjson

from proxy.errors import FormatError
from proxy.recording.facts import ActFact, CostFact
from proxy.recording.pricing.bill import GROUNDING_CALLS, Bill
from proxy.recording.pricing.book import PriceBook, parse_book
from proxy.recording.pricing.cost import USAGE_PLACES, bills_of, cost_facts
from proxy.store import queries
from proxy.store.position import FactBatch

KIND: Final = "price_book"
"""Of the act; its data is {"book": the book's JSON}."""
BILLS_EACH: Final = 5000
"""Bills priced and inserted at a time: some 20,000 rows, as many as a commit holds."""

_log = logging.getLogger(__name__)


class _Applied(NamedTuple):
    """A book that holds for all that was seen before an instant."""

    before_us: int
    book: PriceBook


class Repricing:
    """The books that acts brought, and what they make due. For the one connection that ingests."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        _, rows = queries.dicts(connection, "price_book_acts", kind=KIND)
        self._applied = [
            _Applied(row["seen_us"], book)
            for row in rows
            if (book := _book_of(row["data"])) is not None
        ]

    def due(self, batch: FactBatch) -> Iterator[list[CostFact]]:
        """Cost rows to be inserted after the rows of `batch`, in portions."""
        if self._applied:
            yield self._of_late_ones(batch)
        for act in batch.acts:
            applied = _applied(act)
            if applied is not None:
                yield from self._of_recorded(applied)
                self._applied.append(applied)

    def _of_late_ones(self, batch: FactBatch) -> list[CostFact]:
        """What came in after an act and was seen before it."""
        found: list[CostFact] = []
        for committed in batch.exchanges:
            recording = committed.recording
            priced = {cost.book for cost in recording.costs}
            for bill in bills_of(recording):
                due = {
                    book.version: book for before, book in self._applied if bill.at // 1000 < before
                }
                for version in due.keys() - priced:
                    found += cost_facts(bill, due[version])
        return found

    def _of_recorded(self, applied: _Applied) -> Iterator[list[CostFact]]:
        """All that the tables have; an hour at a time, so that memory stays small."""
        _, hours = queries.dicts(self._connection, "billed_hours", before_us=applied.before_us)
        for hour in hours:
            _, rows = queries.dicts(
                self._connection,
                "bills_between",
                book=applied.book.version,
                since=hour["since"],
                until=hour["until"],
                before_us=applied.before_us,
                places=sorted(USAGE_PLACES),
                grounding=sorted(GROUNDING_CALLS),
            )
            for start in range(0, len(rows), BILLS_EACH):
                portion = rows[start : start + BILLS_EACH]
                yield [fact for row in portion for fact in cost_facts(_bill(row), applied.book)]


def _applied(act: ActFact) -> _Applied | None:
    if act.kind != KIND or act.data is None:
        return None
    book = _book_of(act.data)
    return None if book is None else _Applied(act.at // 1000, book)


def _book_of(data: str | None) -> PriceBook | None:
    """The book in an act's data; None: it holds none that this release reads."""
    try:
        return parse_book(orjson.dumps(orjson.loads(data or "")["book"]))
    except (FormatError, ValueError, KeyError, TypeError) as error:
        _log.warning("an act brings no price book that can be read: %s", error)
        return None


def _bill(row: dict[str, Any]) -> Bill:
    """A bill as proxy/recording/pricing/cost.py makes it of a recording, from the tables."""
    media = row["media"] or ()
    return Bill(
        exchange=row["exchange"],
        interaction=row["interaction"],
        id_hash=row["id_hash"],
        at=row["seen_us"] * 1000,
        model=row["model"],
        agent=row["agent"],
        tier_asked=row["service_tier_asked"],
        tier=row["service_tier"],
        created=row["created"],
        is_vertex="/projects/" in (row["route"] or ""),
        input_tokens=row["input_tokens"],
        cached_tokens=row["cached_tokens"],
        output_tokens=row["output_tokens"],
        thought_tokens=row["thought_tokens"],
        tool_use_tokens=row["tool_use_tokens"],
        total_tokens=row["total_tokens"],
        lines=tuple(
            (line["kind"], line["modality"], line["tokens"]) for line in row["lines"] or ()
        ),
        unknown_fields=tuple(row["unknown_fields"] or ()),
        input_media=frozenset(each["type"] for each in media if each["side"] == "input"),
        output_media=tuple(each["type"] for each in media if each["side"] == "output"),
        grounding_calls=tuple(GROUNDING_CALLS[kind] for kind in row["grounding"] or ()),
    )
