"""What the engine holds: the tables of facts with the proxy's name, and the books beside them.

The lake's rows and the position that goes with them are one transaction of PostgreSQL: DuckLake writes a row about
each of its snapshots, and a trigger on that row, the fence, moves the position from where the shipper says it was to
where it is now. Where it was moved by somebody else meanwhile (the same batch, sent twice by a shipper that was taken
for dead) the whole transaction fails: so each batch is in the record once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from importlib import resources
from typing import Any, Final

import duckdb
from arro3.core import Field, Schema, Table

from proxy.errors import PositionUnknown, StoreError
from proxy.fleet.engine.link import Link
from proxy.store.ingest import TABLES, Column, arrow_array
from proxy.store.position import VaultPosition
from proxy.store.schema import migrations

OBJECTS: Final = "objects"
OBJECT_COLUMNS: Final = tuple(
    Column(None, name, kind)
    for name, kind in (
        ("exchange", "VARCHAR"),
        ("ref", "VARCHAR"),
        ("kind", "VARCHAR"),
        ("codec", "BIGINT"),
        ("ordinal", "BIGINT"),
        ("payload_bytes", "BIGINT"),
        ("digest", "VARCHAR"),
    )
)
"""A sealed record as an object: what opens it besides the key, and the SHA-256 by which it is named."""
_FOLLOWING: Final = re.compile(r"^INSERT INTO (\w+)\n(SELECT\b[^;]*);", re.MULTILINE)
"""In migrations: how a table follows from others."""
_LOCK: Final = 0x1F1EE7
"""Of PostgreSQL's advisory locks: one proxy at a time makes tables."""
TABLES_WITHIN_S: Final = 30
"""So long a proxy waits for another that makes tables, or that uses one; then it says so, and tries again."""
_MADE_SQL: Final = """
    CREATE SCHEMA IF NOT EXISTS fleet;
    CREATE TABLE IF NOT EXISTS fleet.made (digest text NOT NULL)
"""


def bring_up(link: Link, proxy: str, fingerprint: str) -> None:
    """Make what is missing: tables, columns of this release, the books, this proxy's row in them.

    Args:
        link: to the engine.
        proxy: this one's name.
        fingerprint: what this proxy's fingerprint key makes of a fixed text: equal in the whole fleet, or the same
            credential would have several names.

    Raises:
        StoreError: the engine refused, another proxy is at it for long, or this proxy's fingerprint key is not the
            fleet's.
    """
    link.ask(f"SET lock_timeout = '{TABLES_WITHIN_S}s'")
    try:
        link.ask("SELECT pg_advisory_lock(%s)", _LOCK)
    except StoreError as error:
        raise StoreError(
            f"no turn to make the fleet's tables, asked for {TABLES_WITHIN_S} s at most: another proxy may be "
            f"stuck at it, its session is in pg_stat_activity ({error})"
        ) from error
    try:
        _make_books(link)
        make_tables(link)
        link.ask(
            "INSERT INTO fleet.proxies (proxy, fingerprint) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            proxy,
            fingerprint,
        )
        others = link.ask(
            "SELECT proxy FROM fleet.proxies WHERE fingerprint <> %s LIMIT 1", fingerprint
        )
    finally:
        link.ask("SELECT pg_advisory_unlock(%s)", _LOCK)
    if others:
        raise StoreError(
            f"keys/fingerprint.key is not the one of {others[0][0]}: the whole fleet has one, "
            "else a credential has several names. Copy that file here before the first start"
        )


def _make_books(link: Link) -> None:
    """Once for each text: a trigger that is made waits for all commits under way."""
    text = (resources.files("proxy.fleet") / "engine" / "books.sql").read_text("utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    link.ask(_MADE_SQL)
    if link.ask("SELECT digest FROM fleet.made") != [(digest,)]:
        link.ask("DELETE FROM fleet.made")
        link.ask(text)
        link.ask("INSERT INTO fleet.made (digest) VALUES (%s)", digest)


def make_tables(link: Link) -> None:
    """The lake's tables, with all columns of this release; those that follow from others are filled.

    Raises:
        StoreError: the engine refused.
    """
    try:
        known: dict[str, set[str]] = {}
        for table, column in link.rows.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake'"
        ).fetchall():
            known.setdefault(table, set()).add(column)
    except duckdb.Error as error:
        raise StoreError(f"the fleet's tables are not known: {error}") from error
    if missing := list(_missing(known)):
        with link.commit("tables") as rows:
            for statement in missing:
                rows.execute(statement)
    if known:
        for table, statement in following():
            if table not in known:
                _fill(link, table, statement)


def _missing(known: Mapping[str, set[str]]) -> Iterator[str]:
    """Statements that make what is not among these columns by table."""
    for table, columns in table_shapes().items():
        if table not in known:
            text = ", ".join(f"{name} {kind}" for name, kind in columns)
            yield f"CREATE TABLE lake.{table} ({text}, proxy VARCHAR)"
            continue
        for name, kind in columns:
            if name not in known[table]:
                yield f"ALTER TABLE lake.{table} ADD COLUMN {name} {kind}"


@cache
def table_shapes() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """By table of the lake: its columns and their types, but for the last, `proxy`."""
    with closing(duckdb.connect()) as scratch:
        for migration in migrations():
            scratch.execute(migration.sql)
        found: dict[str, tuple[tuple[str, str], ...]] = {}
        for table in (*TABLES, *(table for table, _ in following())):
            told = scratch.execute(f"DESCRIBE {table}").fetchall()
            found[table] = tuple((name, kind) for name, kind, *_ in told)
    found[OBJECTS] = tuple((column.name, column.sql_type) for column in OBJECT_COLUMNS)
    return found


def following() -> Iterator[tuple[str, str]]:
    """Tables that follow from others, and how: the migrations that made them filled them so."""
    for migration in migrations():
        yield from _FOLLOWING.findall(migration.sql)


def _fill(link: Link, table: str, statement: str) -> None:
    with link.commit("tables") as rows:
        rows.execute("USE lake")  # where the statement finds its tables
        rows.execute(
            f"INSERT INTO lake.{table} SELECT told.*, exchanges.proxy FROM ({statement}) AS told "  # noqa: S608
            "INNER JOIN lake.exchanges AS exchanges ON exchanges.exchange = told.exchange"
        )
        rows.execute("USE memory")


def position_of(link: Link, proxy: str, vault: str | None) -> tuple[VaultPosition, str]:
    """How far this proxy's rows reach into its vault, and the mark of that place (naming.py); empty: not known.

    Args:
        link: to the engine.
        proxy: this one's name.
        vault: what tells its vault from others; None: it has none yet.

    Raises:
        PositionUnknown: another vault was shipped under this name, or this vault under another one.
        StoreError: the engine refused.
    """
    if vault is not None:
        others = link.ask(
            "SELECT proxy FROM fleet.proxies WHERE vault = %s AND proxy <> %s", vault, proxy
        )
        if others:
            raise PositionUnknown(
                f"this vault was shipped as {others[0][0]}, and a second time it would be in the record twice: "
                "give this proxy that name again, or a vault of its own"
            )
        link.ask(
            "UPDATE fleet.proxies SET vault = %s WHERE proxy = %s AND vault IS NULL", vault, proxy
        )
    ((file, offset, mark, shipped),) = link.ask(
        "SELECT file, byte_offset, mark, vault FROM fleet.proxies WHERE proxy = %s", proxy
    )
    if shipped is not None and shipped != vault:
        raise PositionUnknown(
            f"another vault was shipped under the name {proxy}: give this proxy a name of its own"
        )
    return VaultPosition(file, offset), mark


def put_back(link: Link, proxy: str, since: VaultPosition, to: tuple[VaultPosition, str]) -> None:
    """Have the position and mark `to` in place of `since`.

    Raises:
        StoreError: it is another one by now, or the catalog refused.
    """
    position, mark = to
    if not link.ask(
        "UPDATE fleet.proxies SET file = %s, byte_offset = %s, mark = %s "
        "WHERE proxy = %s AND file = %s AND byte_offset = %s RETURNING proxy",
        *(position.file, position.offset, mark, proxy, since.file, since.offset),
    ):
        raise StoreError(f"the position of {proxy} in the fleet is another by now")


def arrow_table(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Table:
    """Rows as DuckDB reads them."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [arrow_array(column, each) for column, each in zip(columns, values, strict=True)]
    return Table.from_arrays(
        arrays, schema=Schema([Field(column.name, column.arrow_type) for column in columns])
    )
