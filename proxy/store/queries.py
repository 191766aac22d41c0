"""Named SQL: statements in .sql files, called by name, answered in typed rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

import duckdb

from proxy.errors import StoreError

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_AS_TEXT: Final[Mapping[str, tuple[str, str]]] = {
    "disposal_copies": ("interactions", "\n"),
    "disposal_events": ("interactions", "\n"),
    "disposal_controls": ("interactions", "\n"),
    "disposal_kin": ("roots", ","),
    "disposal_turns": ("roots", ","),
}
"""By statement: a list of it that goes as one text, and what stands between two. As a list each element costs DuckDB 1.5.5
110 us, and more wherever it is compared; no id has a line's end."""
_LISTED: Final = re.compile(r"IN \(SELECT unnest\(string_split\(\$([a-z_]+), ','\)::\w+\[\]\)\)")
"""Where a statement takes many numbers as one text."""
_NUMBERS: Final = re.compile(r"[0-9]+(,[0-9]+){0,2}", re.ASCII)
"""So few of a list that each is compared by itself: with four DuckDB 1.5.5 is quicker with a table of them."""
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
        done = connection.execute(*written(statements()[name], _bound(name, parameters)))
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
            done = self._cursor.execute(*written(statements()[name], _bound(name, parameters)))
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


def written(
    statement: str, parameters: Mapping[str, object]
) -> tuple[str, dict[str, object] | None]:
    """The statement with few numbers in the place of a list of many, and what is left to be bound.

    For one id DuckDB 1.5.5 compares a column with a number, instead of joining it with a table: in half of the time.
    """
    left = dict(parameters)

    def few(found: re.Match[str]) -> str:
        numbers = parameters.get(found[1])
        if isinstance(numbers, str) and _NUMBERS.fullmatch(numbers):
            left.pop(found[1], None)
            return f"IN ({numbers})"
        return found[0]

    return _LISTED.sub(few, statement), left or None


def _bound(name: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """As the statement takes them."""
    bound = dict(parameters)
    if name in _AS_TEXT:
        listed, between = _AS_TEXT[name]
        values = bound.get(listed)
        if isinstance(values, Sequence) and not isinstance(values, str):
            bound[listed] = between.join(map(str, values)) or None  # an empty text is no number
    return bound
