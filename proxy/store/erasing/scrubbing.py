"""Keyed digests leave with the content they were made of: from a recording, and from the tables.

By such a digest two records are compared; who has the day's key can also try a guess with it. The vault's own
FACTS records keep them, sealed, until that key goes (VAULT.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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


def scrub_tables(connection: duckdb.DuckDBPyConnection, erased: Erased) -> frozenset[int]:
    """Take the digests out of the rows of these exchanges. Raises duckdb.Error: roll back.

    Rows come in time order, so DuckDB passes over all but a few where it is known when they were seen: observations tell
    it of steps, which have the instants of theirs. The file keeps what stood there until it is written anew (rewriting.py).

    Returns:
        The hashes of the ids of all interactions of which these exchanges told.
    """
    where, parameters = rows_of(erased, is_timed=True)
    connection.execute(
        f"SELECT DISTINCT id_hash, epoch_us(seen_at) FROM observations WHERE {where}",  # noqa: S608
        parameters or None,
    )
    told = connection.fetchall()
    instants = [instant for _, instant in told]
    if instants:
        erased = replace(erased, seen=(min(instants), max(instants)))
    for table, columns in DIGESTS.items():
        nothing = ", ".join(f"{column} = NULL" for column in columns)
        something = " OR ".join(f"{column} IS NOT NULL" for column in columns)
        where, parameters = rows_of(erased, is_timed=table in _TIMED)
        if table == "exchanges" and (sequences := _sequences(erased.exchanges)):
            where = f"sequence BETWEEN {min(sequences)} AND {max(sequences)} AND {where}"
        statement = f"UPDATE {table} SET {nothing} WHERE {where} AND ({something})"  # noqa: S608  # our own names
        connection.execute(statement, parameters or None)
    where, parameters = rows_of(erased, is_timed=True)
    connection.execute(f"DELETE FROM repeats WHERE {where}", parameters or None)  # noqa: S608
    return frozenset(hashed for hashed, _ in told)


def rows_of(erased: Erased, *, is_timed: bool) -> tuple[str, dict[str, Any]]:
    """Which rows of a table are about these exchanges: a condition, and its parameters, if any.

    Args:
        erased: which.
        is_timed: whether the rows say when their exchange showed the interaction.
    """
    names, parameters = erased.exchanges, dict[str, Any]()
    if len(names) <= _FEW and all(map(_PLAIN.fullmatch, names)):
        listed = ", ".join(f"'{name}'" for name in names)
    else:
        listed = "SELECT unnest(string_split($exchanges, ','))"
        parameters = {"exchanges": ",".join(names)}
    where = f"exchange IN ({listed})"
    if is_timed and erased.seen is not None:
        since, until = map(int, erased.seen)
        where += f" AND seen_at BETWEEN make_timestamp({since}) AND make_timestamp({until})"
    return where, parameters


_FEW: Final = 40
"""Names that stand in a statement: for one exchange all of them take half as long so. Many go as one text, split by
DuckDB: a list as a parameter costs DuckDB 1.5.5 250 us an element."""
_PLAIN: Final = re.compile(r"[0-9a-z-]{1,80}")
"""Names of exchanges, as ExchangeId writes them."""
_TIMED: Final = frozenset({"observations", "steps"})


def _sequences(names: Sequence[str]) -> list[int]:
    """Their last parts; none if one of them has no number there."""
    texts = [name.rpartition("-")[2] for name in names]
    return [int(text) for text in texts] if all(text.isdecimal() for text in texts) else []
