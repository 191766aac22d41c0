"""The rows of a day, a bounded portion at a time.

A view over interactions looks at all of them before it says its first row. So what the tables tell of some thousand
interactions is copied into a database in memory that has the same views, and these are asked.
"""
# ruff: noqa: S608  # every statement is put together from our own words and from days of DuckDB

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import duckdb

from proxy.reading.exporting.kept import OF_TURNS, OVER_TIME, TOLD_OF, TURNS, rows_over_time
from proxy.reading.exporting.manifest import Scope
from proxy.store.schema import views_sql

INTERACTIONS_MAX: Final = 20_000
"""Of one portion: with five steps each some 150 MB in memory, most of it while steps are put in order."""
ROWS_MAX: Final = 200_000
"""Of one portion of a view over time: some 100 MB."""
_IN_WANTED: Final = "IN (SELECT wanted.id_hash FROM portion.own.wanted)"
_NOT_GONE: Final = "exchange NOT IN (SELECT exchange FROM portion.own.gone_exchanges)"
_NAMES: Final = "(SELECT interaction FROM portion.main.observations)"
_COPIES: Final = {
    "observations": f"id_hash {_IN_WANTED} OR previous_hash {_IN_WANTED}",
    "exchanges": f"exchange IN (SELECT exchange FROM portion.main.observations) OR interaction IN {_NAMES}",
    "mentions": f"id_hash {_IN_WANTED}",
    "steps": f"id_hash {_IN_WANTED} AND {_NOT_GONE}",
    "usage": f"id_hash {_IN_WANTED}",
    "media": f"id_hash {_IN_WANTED} AND {_NOT_GONE}",
    "costs": f"id_hash {_IN_WANTED}",
    "acts": "kind IN ('policy', 'hold', 'release') "
    f"OR (kind = 'disposal' AND interaction IN {_NAMES})",
}
"""By table: which rows a portion has. Observations first: others follow from them."""

assert set(_COPIES) - {"acts", "mentions"} == set(TOLD_OF) - {"continued", "disposals", "holds"}


_USED: Final = re.compile(r"(?:FROM|JOIN)\s+(?:main\.)?([a-z_]+)|([a-z_]+)\(")
_MADE: Final = re.compile(r"^CREATE OR REPLACE (?:VIEW|MACRO) ((?:audit\.)?[a-z_]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rows:
    """A statement, and the view whose rows it gives."""

    view: str
    sql: str


def make_portion(facts: duckdb.DuckDBPyConnection, portion: duckdb.DuckDBPyConnection) -> None:
    """Make the database in memory: the tables, empty, and the views that are needed.

    Raises:
        duckdb.Error: another release wrote the file.
    """
    for schema in ("audit", "own"):
        portion.execute(f"CREATE SCHEMA portion.{schema}")
    made = _made(facts)
    done: set[str] = set()

    def make(name: str) -> None:
        """And before it what it uses."""
        if name in done or name not in made:
            return
        done.add(name)
        for from_, called in _USED.findall(made[name]):
            make(from_ or called)
        portion.execute(made[name])

    for view in OF_TURNS:
        make(f"audit.{view}")
    for table in (*_COPIES, "touched"):
        make(table)


def _made(facts: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The statements that make what is in the file: by name, in the schema audit with that before it."""
    tables = facts.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'facts' AND schema_name = 'main'"
    ).fetchall()
    made = {
        name: f"CREATE TABLE portion.main.{name} AS SELECT * FROM facts.main.{name} LIMIT 0"
        for (name,) in tables
    }
    for statement in facts.extract_statements(views_sql()):
        if told := _MADE.search(statement.query):
            made[told[1]] = statement.query
    return made


def portions_of_day(
    portion: duckdb.DuckDBPyConnection, day: str, *, with_content: bool
) -> Iterator[Rows]:
    """Statements about the interactions of a day. Each counts until the next is asked for."""
    row = portion.execute(
        "SELECT count(*) FROM portion.own.turns WHERE day = $day::DATE", {"day": day}
    ).fetchone()
    assert row is not None
    count = -(-row[0] // INTERACTIONS_MAX)
    for number in range(count):
        _fill(portion, day, count, number)
        for view in OF_TURNS:
            more = ", content(content_ref) AS content" if with_content and view == "steps" else ""
            order = "interaction, place" if view == "steps" else "ALL"
            yield Rows(
                view,
                f"SELECT *{more} FROM portion.audit.{view} WHERE interaction IN "
                f"(SELECT interaction FROM portion.main.observations WHERE id_hash {_IN_WANTED}) "
                f"ORDER BY {order}",
            )


def portions_over_time(
    facts: duckdb.DuckDBPyConnection, view: str, day: str, scope: Scope
) -> Iterator[Rows]:
    """The same of a view over time."""
    at = OVER_TIME[view]
    of_day = f"SELECT * FROM ({rows_over_time(view, scope)}) WHERE {at}::DATE = DATE '{day}'"
    row = facts.execute(f"SELECT count(*) FROM ({of_day})").fetchone()
    assert row is not None
    count = -(-row[0] // ROWS_MAX)
    if count == 1:
        yield Rows(view, f"{of_day} ORDER BY ALL")
        return
    for number in range(count):
        of_part = f"epoch_us({at}) % 86400000000 * {count} // 86400000000 = {number}"
        yield Rows(view, f"{of_day} AND {of_part} ORDER BY {at}")


def views_of(source: str) -> tuple[str, ...]:
    """Those whose files follow from it."""
    return OF_TURNS if source == TURNS else (source,)


def _fill(portion: duckdb.DuckDBPyConnection, day: str, count: int, number: int) -> None:
    portion.execute(
        "CREATE OR REPLACE TABLE portion.own.wanted AS SELECT id_hash FROM portion.own.turns "
        f"WHERE day = DATE '{day}' AND id_hash % {count} = {number}"
    )
    for table, where in _COPIES.items():
        portion.execute(
            f"CREATE OR REPLACE TABLE portion.main.{table} AS "
            f"SELECT * FROM facts.main.{table} WHERE {where}"
        )
    portion.execute(
        "CREATE OR REPLACE TABLE portion.main.touched AS "
        "SELECT DISTINCT id_hash FROM portion.main.observations"
    )
