"""One statement run on one cursor, within limits, into an Arrow table that every form is made from."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import duckdb
from arro3.core import Table

from proxy.errors import ProxyError
from proxy.store.asking.lending import LentTables
from proxy.store.asking.shipped import Shipped

ROWS_MAX: Final = 10_000
"""Of one answer: a dashboard shows hundreds; whoever wants all asks for a narrower span, or exports."""
DEADLINE_S: Final = 10.0
"""For one shipped question; the slowest takes half a second at 10 M interactions."""

_PLAIN: Final = frozenset(
    {
        *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT"),
        *("UINTEGER", "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP"),
    }
)
"""Types that travel as they are; lists of them, too. Any other goes as DuckDB's own text: Arrow knows
it differently, or readers do."""


class WrongQuestion(ProxyError):
    """DuckDB refuses the statement: its sentence, for the one who wrote it."""


class TooSlow(ProxyError):
    """The deadline came first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement said."""

    table: Table
    is_cut: bool
    """There were more rows than ROWS_MAX."""


def answer_shipped(
    tables: LentTables,
    question: Shipped,
    values: Mapping[str, object],
    *,
    deadline_s: float = DEADLINE_S,
    rows_max: int = ROWS_MAX,
) -> Answer:
    """Answer in this thread, which waits for it.

    Raises:
        TooSlow: not done within `deadline_s`.
        WrongQuestion: a parameter fits its type and not the statement.
        StoreError: the tables are not open.
    """
    with tables.lend() as cursor, _interrupted_after(cursor, deadline_s) as has_ended:
        try:
            return answer(cursor, question.sql, values, rows_max)
        except duckdb.InterruptException as error:
            if has_ended.is_set():
                raise TooSlow(
                    f"{question.name} was not answered within {deadline_s:g} s: ask for a shorter span"
                ) from error
            raise TooSlow("the tables were closed meanwhile; ask again in a second") from error
        except duckdb.Error as error:
            raise WrongQuestion(f"{question.name}: {error}") from error


def answer(
    cursor: duckdb.DuckDBPyConnection,
    sql: str,
    values: Mapping[str, object] | None = None,
    rows_max: int = ROWS_MAX,
    text_max: int | None = None,
) -> Answer:
    """Run one SELECT. `text_max`: characters of a text, longer ones are cut.

    Raises:
        duckdb.Error: its view of the statement.
    """
    relation = plain(cursor.sql(sql, params=dict(values) if values else None), text_max)
    table = Table.from_arrow(relation.limit(rows_max + 1))
    is_cut = table.num_rows > rows_max
    return Answer(table.slice(0, rows_max) if is_cut else table, is_cut)


def plain(
    relation: duckdb.DuckDBPyRelation, text_max: int | None = None
) -> duckdb.DuckDBPyRelation:
    """The same rows with columns of other than plain types as text, and each name once."""
    names = _distinct(relation.columns)
    kinds = [str(each) for each in relation.types]
    columns = ", ".join(
        f"{_selected(place, kind, text_max)} AS {quoted(name)}"
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True), start=1)
    )
    return relation.project(columns)


def quoted(name: str) -> str:
    """An identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _selected(place: int, kind: str, text_max: int | None) -> str:
    column = f"#{place}{_cast(kind)}"
    is_text = kind == "VARCHAR" or column.endswith("VARCHAR")
    return f"left({column}, {text_max})" if is_text and text_max is not None else column


def _cast(kind: str) -> str:
    base = kind.removesuffix("[]")
    if base in _PLAIN:
        return ""
    if kind == "HUGEINT":
        return "::DOUBLE"
    if base.startswith("DECIMAL") and base == kind:
        return "::DOUBLE"
    return "::VARCHAR"


def _distinct(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen[name] = seen.get(name, 0) + 1
        found.append(name if count == 1 else f"{name}_{count}")
    return found


@contextmanager
def _interrupted_after(
    cursor: duckdb.DuckDBPyConnection, seconds: float
) -> Iterator[threading.Event]:
    """The event says that the time was up."""
    is_up = threading.Event()

    def end() -> None:
        is_up.set()
        cursor.interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield is_up
    finally:
        timer.cancel()
