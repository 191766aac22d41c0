"""`sql`: one statement over the facts, read-only, as a table, JSON lines or CSV.

Whoever waits for long is told how far it is, on a terminal, and may cancel with Ctrl-C.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.reading.layout import terminal
from proxy.reading.layout.table import Heading, cell_text, table
from proxy.reading.snapshot import open_facts
from proxy.reading.watching.waiting import Cancelled, Waiting
from proxy.store import queries
from proxy.store.asking.shipped import WrongParameter, bound
from proxy.store.asking.shipped import shipped as shipped_questions

TABLE_ROWS_MAX: Final = 1000
"""Rows of a table for people: nobody reads more, and widths need all of them in memory. JSON and CSV
have no such limit, they are written as they come."""
FETCH_ROWS: Final = 1000
"""Rows taken from DuckDB at a time."""

DONE: Final = 0
WRONG_USE: Final = 2
WORLD_FAILED: Final = 3
CANCELLED: Final = 130
"""As shells say of what Ctrl-C ended: 128 and the number of the signal."""

_READING: Final = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
_THEIRS: Final = (duckdb.ProgrammingError, duckdb.DataError, duckdb.PermissionException)
_INTEGERS: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_Rows = list[tuple[Any, ...]]
_Fetch = Callable[[int], _Rows]
"""The next rows, at most so many."""
_NUMBERS: Final = frozenset(_INTEGERS) | {f"U{each}" for each in _INTEGERS} | {"FLOAT", "DOUBLE"}


@dataclass(frozen=True, slots=True)
class Named:
    """A shipped query, and its parameters as NAME=VALUE."""

    name: str
    parameters: tuple[str, ...] = ()


class WrongStatement(Exception):
    """Not one statement that reads; says what to do instead."""


def run(
    data_folder: Path,
    statement: str | None = None,
    *,
    as_json: bool = False,
    as_csv: bool = False,
    master_file: Path | None = None,
    shipped: Named | None = None,
) -> int:
    """Answer `statement` or `shipped` on standard output; without either, list tables and views.

    JSON is one object per row and line. Returns the exit code: 0 done, 2 a wrong statement, 3 it
    could not be answered, 130 cancelled.

    Raises:
        StoreError: nothing was recorded here, or the facts cannot be opened.
    """
    try:
        with open_facts(data_folder, master_file) as connection:
            return answer(connection, statement, as_json=as_json, as_csv=as_csv, shipped=shipped)
    except KeyboardInterrupt:
        return _cancelled()


def answer(
    connection: duckdb.DuckDBPyConnection,
    statement: str | None = None,
    *,
    as_json: bool = False,
    as_csv: bool = False,
    shipped: Named | None = None,
) -> int:
    """The same, over facts that somebody opened: those of this proxy, or of a fleet."""
    if statement is None and shipped is None:
        return _list_relations(connection, as_json=as_json)
    begin = (
        partial(ask, connection, statement or "")
        if shipped is None
        else partial(_ask_shipped, connection, shipped)
    )
    try:
        with Waiting(connection) as waiting:
            result = waiting.wait_for(begin)

            def fetch(count: int) -> _Rows:
                return waiting.wait_for(partial(result.fetchmany, count))

            _write(result.description, fetch, as_json=as_json, as_csv=as_csv)
    except (Cancelled, KeyboardInterrupt):
        return _cancelled()
    except (WrongStatement, WrongParameter) as error:
        terminal.say(str(error))
        return WRONG_USE
    except duckdb.Error as error:
        terminal.say(_advice(connection, error))
        is_theirs = isinstance(error, _THEIRS)
        return WRONG_USE if is_theirs else WORLD_FAILED
    return DONE


def ask(connection: duckdb.DuckDBPyConnection, statement: str) -> duckdb.DuckDBPyConnection:
    """Start one reading statement; the rows wait to be fetched.

    Raises:
        WrongStatement: several, none, or one that does not read.
        duckdb.Error: DuckDB's view of it.
    """
    found = connection.extract_statements(statement)
    if len(found) != 1:
        raise WrongStatement(
            f"one statement at a time, this has {len(found)}; "
            "if it is one PIVOT, name its values: PIVOT … ON column IN (…)"
            if found
            else 'no statement; try "FROM interactions LIMIT 5"'
        )
    if found[0].type not in _READING:
        raise WrongStatement(f"{found[0].type.name} is not possible here: it can only read")
    if found[0].type == duckdb.StatementType.SELECT:
        return _with_plain_instants(connection, found[0])
    return connection.execute(found[0])


def list_shipped(*, as_json: bool = False) -> int:
    """The shipped queries: name, parameters, what they say. Returns the exit code."""
    console = terminal.console()
    width = min(console.width, 100) - 4
    for question in shipped_questions().values():
        given = [
            each.name if each.default is None else f"{each.name}={each.default}"
            for each in question.parameters
        ]
        if as_json:
            names = ["name", "subject", "about", "parameters"]
            row = (question.name, question.subject, question.about, given)
            sys.stdout.write(json_line(names, row) + "\n")
            continue
        console.print(question.name, style="bold")
        for line in terminal.wrapped(question.about, width, 4):
            console.print(f"  {line}")
        if given:
            console.print(f"    --param {' '.join(given)}", style="dim")
    return DONE


def _ask_shipped(connection: duckdb.DuckDBPyConnection, named: Named) -> duckdb.DuckDBPyConnection:
    """Start a shipped query.

    Raises:
        WrongStatement: there is none of this name.
        WrongParameter: see `bound`.
    """
    question = shipped_questions().get(named.name)
    if question is None:
        raise WrongStatement(f"there is no query {named.name}; `sql --list` names them")
    given = dict(text.partition("=")[::2] for text in named.parameters)
    return connection.execute(question.sql, bound(question, given, time.time_ns()) or None)


def _with_plain_instants(
    connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement
) -> duckdb.DuckDBPyConnection:
    """Run it; TIMESTAMP WITH TIME ZONE as text, since Python's values of that type need pytz."""
    relation = connection.sql(statement)
    kinds = [str(each) for each in relation.types]
    if not any("TIME ZONE" in kind for kind in kinds):
        return connection.execute(statement)
    columns = ", ".join(
        f"#{place}::VARCHAR AS {_quoted(name)}" if "TIME ZONE" in kind else f"#{place}"
        for place, (name, kind) in enumerate(zip(relation.columns, kinds, strict=True), start=1)
    )
    inner = statement.query.strip().rstrip(";")
    return connection.execute(f"SELECT {columns} FROM ({inner}\n)")  # noqa: S608  # the caller's own


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cancelled() -> int:
    terminal.say("cancelled: what was answered until then is not the whole answer")
    return CANCELLED


def _write(description: Sequence[Any], fetch: _Fetch, *, as_json: bool, as_csv: bool) -> None:
    headings = [Heading(each[0], _is_number(str(each[1]))) for each in description]
    if as_json:
        for row in _rows(fetch):
            sys.stdout.write(json_line([each.name for each in headings], row) + "\n")
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([terminal.csv_cell(each.name) for each in headings])
        for row in _rows(fetch):
            writer.writerow([_csv_value(value) for value in row])
    else:
        _write_table(headings, fetch(TABLE_ROWS_MAX + 1))


def _write_table(headings: Sequence[Heading], rows: _Rows) -> None:
    console = terminal.console()
    if [each.name for each in headings] == ["explain_key", "explain_value"]:
        for row in rows:
            console.print(terminal.safe(str(row[1]), keep="\n"))
        return
    for line in table(headings, rows[:TABLE_ROWS_MAX], console.width):
        console.print(line)
    if len(rows) > TABLE_ROWS_MAX:
        console.print(f"the first {TABLE_ROWS_MAX:,} rows; add LIMIT, or take all with --json")
    else:
        console.print(terminal.count_text(len(rows), "row"), style="dim")


def _rows(fetch: _Fetch) -> Iterator[tuple[Any, ...]]:
    while batch := fetch(FETCH_ROWS):
        yield from batch


def _is_number(sql_type: str) -> bool:
    return sql_type in _NUMBERS or sql_type.startswith("DECIMAL")


def json_line(names: Sequence[str], row: Sequence[Any]) -> str:
    """One row as one JSON object on one line. Instants are UTC and say so; bytes are base64."""
    values = {name: _json_value(value) for name, value in zip(names, row, strict=True)}
    return terminal.safe_json(json.dumps(values, ensure_ascii=False, allow_nan=False))


def _json_value(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dt.datetime():
            return value.replace(tzinfo=None).isoformat() + "Z"
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode("ascii")
        case list() | tuple():
            return [_json_value(each) for each in value]
        case dict():
            return {str(key): _json_value(each) for key, each in value.items()}
        case _:
            return str(value)


def _csv_value(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return "" if value is None else value
    return terminal.csv_cell(value if isinstance(value, str) else cell_text(value))


def _advice(connection: duckdb.DuckDBPyConnection, error: duckdb.Error) -> str:
    """DuckDB's sentence, and what there is to choose from where a name was wrong."""
    text = terminal.safe(str(error), keep="\n").strip()
    if isinstance(error, duckdb.CatalogException) and "Table with name" in text:
        lines = [line for line in text.splitlines() if not line.startswith("Did you mean")]
        names = [each["name"] for each in queries.dicts(connection, "relations")[1]]
        text = "\n".join([*lines, "", "there are: " + ", ".join(names)])
    elif isinstance(error, duckdb.OutOfMemoryException):
        text += "\nask for less at once: a time span, fewer columns, LIMIT"
    return text


def _list_relations(connection: duckdb.DuckDBPyConnection, *, as_json: bool) -> int:
    """Tables and views with their comments and columns."""
    _, relations = queries.dicts(connection, "relations")
    columns: dict[str, list[str]] = {}
    for each in queries.dicts(connection, "columns")[1]:
        columns.setdefault(each["relation"], []).append(each["name"])
    console = terminal.console()
    for each in relations:
        names = columns.get(each["name"], [])
        if as_json:
            row = (each["name"], each["kind"], each["comment"], names)
            sys.stdout.write(json_line(["name", "kind", "comment", "columns"], row) + "\n")
            continue
        console.print(f"{each['name']} ({each['kind']})", style="bold")
        width = min(console.width, 100) - 4
        for line in terminal.wrapped(each["comment"] or "", width, 4):
            console.print(f"  {line}")
        for line in terminal.wrapped(", ".join(names), width, 12):
            console.print(f"    {line}", style="dim")
    return DONE
