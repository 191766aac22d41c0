"""Keyed digests leave with the content they were made of: from a recording, and from the tables.

By such a digest two records are compared; who has the day's key can also try a guess with it. The vault's own
FACTS records keep them, sealed, until that key goes (VAULT.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import duckdb
import orjson

from proxy.recording.facts import ActFact, Recording

ERASED: Final = "erased"
"""Kind of an act: the keys of its exchanges are destroyed. Only the recorder tells it."""
EXCHANGES_PER_ACT: Final = 400
"""Of one act of that kind: some 12 KB of names."""

DIGESTS: Final[dict[str, tuple[str, ...]]] = {
    "exchanges": ("request_mac",),
    "observations": ("answer_mac", "label_index"),
    "steps": ("chain_mac", "step_mac"),
    "media": ("media_mac",),
}
"""By table: the columns made of content."""


def scrubbed(recording: Recording) -> Recording:
    """The same facts without digests of content."""
    return replace(
        recording,
        exchange=replace(recording.exchange, request_mac=None),
        observations=tuple(
            replace(row, answer_mac=None, label_index=None) for row in recording.observations
        ),
        steps=tuple(replace(row, chain_mac=None, step_mac=None) for row in recording.steps),
        media_facts=tuple(replace(row, media_mac=None) for row in recording.media_facts),
    )


@dataclass(frozen=True, slots=True)
class Erased:
    """Exchanges whose keys an act says are destroyed."""

    exchanges: tuple[str, ...]
    seen: tuple[int, int] | None = None
    """Between which instants their rows were seen, microseconds, both ends inclusive; None: that is not known."""


def erased_exchanges(acts: Iterable[ActFact]) -> list[Erased]:
    """What these acts say is destroyed, and may have digests in the tables; what was not kept has none."""
    found: list[Erased] = []
    for act in acts:
        if act.kind != ERASED or act.data is None:
            continue
        told = orjson.loads(act.data)
        # Where no key was there to be destroyed the digests go all the same.
        exchanges = told.get("exchanges") or told.get("unproven")
        if exchanges and not told.get("is_late"):
            seen = told.get("seen_us")
            found.append(Erased(tuple(exchanges), (seen[0], seen[1]) if seen else None))
    return found


def scrub_tables(connection: duckdb.DuckDBPyConnection, erased: Erased) -> None:
    """Take the digests out of the rows of these exchanges. Raises duckdb.Error: roll back.

    Rows come in time order, so DuckDB passes over all but a few where it is known when they were seen. The file
    keeps what stood there until it is written anew (rewriting.py).
    """
    names = list(erased.exchanges)
    sequences = [sequence for each in names if (sequence := _sequence(each)) is not None]
    for table, columns in DIGESTS.items():
        nothing = ", ".join(f"{column} = NULL" for column in columns)
        something = " OR ".join(f"{column} IS NOT NULL" for column in columns)
        where = f"({something}) AND {_OF_THESE}"
        parameters: dict[str, Any] = {"exchanges": ",".join(names)}
        if table == "exchanges" and len(sequences) == len(names):
            where += " AND sequence IN (SELECT unnest(string_split($sequences, ',')::BIGINT[]))"
            parameters |= {"sequences": ",".join(map(str, sequences))}
        statement = f"UPDATE {table} SET {nothing} WHERE {where}"  # noqa: S608  # our own names
        _change(connection, statement, table, parameters, erased)
    statement = f"DELETE FROM repeats WHERE {_OF_THESE}"  # noqa: S608
    _change(connection, statement, "repeats", {"exchanges": ",".join(names)}, erased)


_OF_THESE: Final = "exchange IN (SELECT unnest(string_split($exchanges, ',')))"
"""A list as a parameter costs DuckDB 1.5.5 250 us an element, a text nothing."""
_TIMED: Final = frozenset({"observations", "steps", "repeats"})
"""Tables whose rows say when their exchange showed the interaction."""


def _change(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    table: str,
    parameters: dict[str, Any],
    erased: Erased,
) -> None:
    if table in _TIMED and erased.seen is not None:
        statement += " AND seen_at BETWEEN make_timestamp($since) AND make_timestamp($until)"
        parameters = parameters | {"since": erased.seen[0], "until": erased.seen[1]}
    connection.execute(statement, parameters)


def _sequence(exchange: str) -> int | None:
    """The last part of an exchange's name."""
    text = exchange.rpartition("-")[2]
    return int(text) if text.isdecimal() else None
