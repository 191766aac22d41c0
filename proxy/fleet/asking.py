"""Questions to the whole fleet: the views of the embedded store, over the tables of the engine.

The same text makes them, so names, meanings and shipped questions are the same. What the embedded store keeps ready
(`settled`) is computed here at each question.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import duckdb

from proxy.errors import StoreError
from proxy.fleet.engine.catalog import OBJECTS, table_shapes
from proxy.fleet.engine.link import attached
from proxy.fleet.naming import Fleet
from proxy.fleet.opening import FleetContents
from proxy.store.sandbox.functions import pandas_not_sought
from proxy.store.schema import bring_up

MEMORY_MIB: Final = 2048
"""As of `sql` over the embedded store: a question that needs more says so."""
_TOUCHED: Final = """
    SELECT id_hash FROM observations
    UNION
    SELECT id_hash FROM costs
    UNION
    SELECT ('0x' || substr(sha256(told.interaction), 1, 16))::UBIGINT AS id_hash
    FROM (SELECT interaction FROM exchanges UNION SELECT interaction FROM acts) AS told
    WHERE told.interaction IS NOT NULL
"""
"""Everything, since nothing is settled."""


@contextmanager
def open_fleet(
    fleet: Fleet, contents: FleetContents | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """All views, in use, for statements that read, with content(ref) as `contents` has it; without, none opens.

    Raises:
        StartRefused: the extra is not installed.
        StoreError: the engine does not answer, or nothing was shipped to it.
    """
    with closing(attached(fleet, is_read_only=True, memory_mib=MEMORY_MIB)) as connection:
        try:
            with views_over(connection, None) as views:
                (contents or FleetContents("", None)).add_to(views)
                views.execute("SET enable_progress_bar = false")
                views.execute("SET TimeZone = 'UTC'")
                views.execute("SET lock_configuration = true")
                with pandas_not_sought():
                    yield views
        except duckdb.CatalogException as error:
            if "lake" not in str(error):
                raise
            raise StoreError(f"nothing was shipped to this engine yet: {error}") from error


@contextmanager
def views_over(
    rows: duckdb.DuckDBPyConnection, proxy: str | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The embedded store's views over the lake: of one proxy, or of all. On a cursor of their own.

    Of all, references to sealed records begin with their proxy: two vaults have places of the same name.

    Raises:
        duckdb.Error: the engine refused.
    """
    name = "facts" if proxy is None else "own_facts"
    where = "" if proxy is None else f" WHERE proxy = '{proxy}'"  # checked: naming.py
    with closing(rows.cursor()) as views:
        views.execute(f"ATTACH ':memory:' AS {name}")
        try:
            views.execute(f"USE {name}")
            bring_up(views, Path("the fleet"))
            for table, shape in table_shapes().items():
                if table == OBJECTS:
                    continue
                columns = ", ".join(_chosen(column, is_of_all=proxy is None) for column, _ in shape)
                # With rowid: some views look for few rows first, then for all of them.
                chosen = f"SELECT {columns}, rowid FROM lake.main.{table}{where}"  # noqa: S608
                _replace(views, table, chosen)
            _replace(views, "touched", _TOUCHED)
            views.execute("CREATE VIEW origins AS SELECT exchange, proxy FROM lake.main.exchanges")
            views.execute(
                "COMMENT ON VIEW origins IS 'Which proxy of the fleet carried an exchange.'"
            )
            yield views
        finally:
            views.execute("USE memory")
            views.execute(f"DETACH {name}")


def _chosen(column: str, *, is_of_all: bool) -> str:
    if not (is_of_all and column.endswith("_ref")):
        return column
    return f"proxy || '/' || {column} AS {column}"


def _replace(views: duckdb.DuckDBPyConnection, table: str, statement: str) -> None:
    views.execute(f"DROP TABLE {table}")
    views.execute(f"CREATE VIEW {table} AS {statement}")
