"""Named SQL: statements in .sql files, called by name, answered in typed rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

import duckdb

from proxy.errors import StoreError

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of one question."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    is_cut: bool
    """There were more."""


@cache
def statements() -> Mapping[str, str]:
    """The statements of sql/queries/*.sql by name; each begins with a line `-- name: its_name`."""
    folder = resources.files("proxy.store") / "sql" / "queries"
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        _, *pieces = _NAME.split(file.read_text("utf-8"))
        for name, body in zip(pieces[::2], pieces[1::2], strict=True):
            assert name not in found, f"{file.name}: there is a query {name} already"
            found[name] = body
    return found


def rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    row: type[_Row],
    /,
    **parameters: object,
) -> list[_Row]:
    """Run the statement `name`; one `row` for each, whose fields are its columns.

    Raises:
        StoreError: DuckDB refused, say because an older release made the views.
    """
    columns, found = dicts(connection, name, **parameters)
    wanted = tuple(field.name for field in fields(row))  # type: ignore[arg-type]  # a dataclass
    assert columns == wanted, f"{name}: columns {columns} are not the fields {wanted}"
    return [row(*values.values()) for values in found]


def dicts(
    connection: duckdb.DuckDBPyConnection, name: str, /, **parameters: object
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """The same as (column names, rows by column name), for output that takes all there is.

    Raises:
        StoreError: as `rows`.
    """
    try:
        done = connection.execute(statements()[name], parameters or None)
        columns = tuple(each[0] for each in done.description)
        return columns, [dict(zip(columns, values, strict=True)) for values in done.fetchall()]
    except duckdb.Error as error:
        raise StoreError(f"the query {name} failed: {error}") from error


class TablesReader:
    """Asks the named queries in one thread, while another one writes; `stop` from any thread."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def ask(self, name: str, parameters: Mapping[str, object], rows_max: int) -> Answer:
        """The first `rows_max` rows of the statement `name`.

        Raises:
            StoreError: there is no such query, its parameters are others, or it was stopped.
        """
        if name not in statements():
            raise StoreError(f"there is no query {name[:80]!r}")
        try:
            done = self._cursor.execute(statements()[name], dict(parameters) or None)
            found = done.fetchmany(rows_max + 1)
        except duckdb.Error as error:
            raise StoreError(f"the query {name} failed: {error}") from error
        columns = tuple(each[0] for each in done.description)
        return Answer(columns, found[:rows_max], is_cut=len(found) > rows_max)

    def stop(self) -> None:
        """Have a question that is being answered fail soon."""
        self._cursor.interrupt()

    def close(self) -> None:
        self._cursor.close()
