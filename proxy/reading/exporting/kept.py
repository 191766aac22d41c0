"""What an export has of which day: views, the day of each row, and digests that tell whether a day has changed.

Rows about an interaction stand on the day of its creation, all others on the day on which they happened (UTC).
What was erased is in no file but that of the view `erased`; acts, receipts, holds and erasures, which show that it
was, stay.
"""
# ruff: noqa: S608  # every statement is put together from our own words and from days of DuckDB

from __future__ import annotations

from collections import defaultdict
from typing import Final

import duckdb

from proxy.reading.exporting.manifest import Scope

TURNS: Final = "turns"
"""Source of all views below: what the tables tell of the interactions of a day."""
OF_TURNS: Final = ("interactions", "steps", "usage", "cost", "cost_lines", "media", "retention")
"""Views with rows about one interaction, made of nothing but what the tables tell of it."""
OVER_TIME: Final = {
    "exchanges": "started_at",
    "problems": "seen_at",
    "unknowns": "seen_at",
    "gaps": "seen_at",
    "acts": "seen_at",
    "access_log": "seen_at",
    "receipts": "made_at",
    "holds": "placed_at",
    "erasures": "begun_at",
    "erased": "erased_at",
}
"""Views with rows that happened once, and the column that says when."""

Digests = dict[str, dict[str, str]]
"""By day (YYYY-MM-DD) and source (`turns`, or a view over time)."""

HASH_OF: Final = "('0x' || substr(sha256({}), 1, 16))::UBIGINT"
"""id_hash of a name."""
_NOT_GONE: Final = "exchange NOT IN (SELECT exchange FROM portion.own.gone_exchanges)"
_FILTERS: Final = {
    "exchanges": f"{_NOT_GONE} AND (interaction IS NULL OR interaction NOT IN "
    "(SELECT interaction FROM portion.own.gone))",
    "problems": _NOT_GONE,
    "unknowns": _NOT_GONE,
}
TOLD_OF: Final = {
    "observations": "SELECT told.id_hash, told AS line FROM facts.main.observations AS told",
    "steps": f"SELECT told.id_hash, told AS line FROM facts.main.steps AS told WHERE {_NOT_GONE}",
    "media": f"SELECT told.id_hash, told AS line FROM facts.main.media AS told WHERE {_NOT_GONE}",
    "usage": "SELECT told.id_hash, told AS line FROM facts.main.usage AS told",
    "costs": "SELECT told.id_hash, told AS line FROM facts.main.costs AS told",
    "exchanges": f"SELECT {HASH_OF.format('told.interaction')} AS id_hash, told AS line "
    "FROM facts.main.exchanges AS told WHERE told.interaction IS NOT NULL",
    "continued": "SELECT told.previous_hash AS id_hash, {'at': told.seen_at, 'by': told.interaction} AS line "
    "FROM facts.main.observations AS told WHERE told.previous_hash IS NOT NULL",
    "disposals": f"SELECT {HASH_OF.format('told.interaction')} AS id_hash, told AS line "
    "FROM facts.main.acts AS told WHERE told.kind = 'disposal' AND told.interaction IS NOT NULL",
    "holds": f"SELECT {HASH_OF.format('told.interaction')} AS id_hash, told AS line "
    "FROM facts.main.holds AS told WHERE told.interaction IS NOT NULL",
}
"""Everything that the views of OF_TURNS are made of, by the interaction that it is about."""


def note_turns(facts: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Fill portion.own.turns: each interaction that is to be in the export, with its day; and what was erased."""
    facts.execute(
        "CREATE TABLE portion.own.gone AS SELECT interaction FROM facts.main.erased_interactions"
    )
    facts.execute(
        "CREATE TABLE portion.own.gone_exchanges AS SELECT exchange FROM facts.main.erased_exchanges"
    )
    facts.execute(
        "CREATE TABLE portion.own.turns AS SELECT id_hash, created_at::DATE AS day "
        "FROM facts.main.interactions "
        f"WHERE interaction NOT IN (SELECT interaction FROM portion.own.gone) AND {_within('created_at', scope)}"
    )


def digests(facts: duckdb.DuckDBPyConnection, scope: Scope) -> Digests:
    """Of every day and source. One pass over each table; rows that are the same give the same, in any order."""
    found: Digests = defaultdict(dict)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for number, told in enumerate(TOLD_OF.values()):
        for day, count, total in facts.execute(
            f"SELECT turns.day::VARCHAR, count(*), sum(hash({number}, told.line)::HUGEINT) "
            f"FROM ({told}) AS told INNER JOIN portion.own.turns AS turns USING (id_hash) GROUP BY ALL"
        ).fetchall():
            sums[day][0] += count
            sums[day][1] += total
    ruled = _ruled(facts)
    for day, (count, total) in sums.items():
        found[day][TURNS] = _text(count, total + ruled)
    for view in OVER_TIME:
        for day, count, total in facts.execute(
            f"SELECT {OVER_TIME[view]}::DATE::VARCHAR, count(*), sum(hash(told)::HUGEINT) "
            f"FROM ({rows_over_time(view, scope)}) AS told GROUP BY ALL"
        ).fetchall():
            found[day][view] = _text(count, total)
    return {day: dict(each) for day, each in sorted(found.items())}


def rows_over_time(view: str, scope: Scope) -> str:
    """The statement with all rows of a view over time."""
    kept = f"{_within(OVER_TIME[view], scope)} AND {_FILTERS.get(view, 'TRUE')}"
    return f"SELECT * FROM facts.audit.{view} WHERE {kept}"


def _ruled(facts: duckdb.DuckDBPyConnection) -> int:
    """What the project's settings at Google are said to be: every clock follows from it."""
    row = facts.execute(
        "SELECT coalesce(sum(hash(told)::HUGEINT), 0) FROM facts.main.acts AS told WHERE told.kind = 'policy'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _within(column: str, scope: Scope) -> str:
    """Days that were checked to be such when they were given."""
    least = f" AND {column} >= DATE '{scope.since}'" if scope.since else ""
    most = f" AND {column}::DATE <= DATE '{scope.until}'" if scope.until else ""
    return f"{column} IS NOT NULL{least}{most}"


def _text(count: int, total: int) -> str:
    return f"{count}-{total % (1 << 64):016x}"
