"""The schema of the tables: numbered steps, forward only, and the views, which hold nothing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import duckdb

from proxy.errors import StoreError
from proxy.store.settled.settling import forget_settled, settle

_BOOKS_SQL: Final = """
    CREATE TABLE IF NOT EXISTS migrations (number BIGINT, name VARCHAR);
    COMMENT ON TABLE migrations IS 'Which steps of the stored format this file has.';
    CREATE TABLE IF NOT EXISTS views_made (digest VARCHAR);
    COMMENT ON TABLE views_made IS 'Which views this file has: a digest of their text.';
"""
_ALL_UNSETTLED_SQL: Final = """
    INSERT INTO unsettled
    SELECT id_hash FROM observations
    UNION ALL
    SELECT DISTINCT later.previous_hash
    FROM observations AS later
    ANTI JOIN observations AS told ON told.id_hash = later.previous_hash
    WHERE later.previous_hash IS NOT NULL
"""
"""Whatever is told of, and copies made elsewhere that turns here went on from."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the stored format; forward only."""

    number: int
    name: str
    sql: str


@cache
def migrations() -> tuple[Migration, ...]:
    """The steps this release knows, in order, read from sql/NNNN_name.sql."""
    folder = resources.files("proxy.store") / "sql"
    found = (
        Migration(int(matched[1]), matched[2], file.read_text("utf-8"))
        for file in folder.iterdir()
        if (matched := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name))
    )
    return tuple(sorted(found, key=lambda migration: migration.number))


@cache
def views_sql() -> str:
    """The views: not a migration, since they hold nothing; made anew when their text changed."""
    folder = resources.files("proxy.store") / "sql" / "views"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return "\n".join(file.read_text("utf-8") for file in files)


def bring_up(root: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Bring the schema up to this release, each step in a transaction of its own.

    Views that are there already are left alone: binding some seventy of them takes 0.3 s.

    Raises:
        StoreError: the file knows a step that this release does not.
        duckdb.Error: a step failed.
    """
    root.execute(_BOOKS_SQL)
    row = root.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
    done = row[0] if row else 0
    known = migrations()
    if done > known[-1].number:
        raise StoreError(
            f"{path} was written by a newer release (format {done}, this one knows "
            f"{known[-1].number}): use that release, or move the file away and it is rebuilt"
        )
    for migration in known[done:]:
        root.begin()
        root.execute(migration.sql)
        root.execute("INSERT INTO migrations VALUES (?, ?)", [migration.number, migration.name])
        root.commit()
    wanted = f"{known[-1].number}:{hashlib.sha256(views_sql().encode()).hexdigest()}"
    if root.execute("SELECT digest FROM views_made").fetchall() == [(wanted,)]:
        settle(root)
        return
    root.begin()
    is_other = forget_settled(root)
    root.execute(views_sql())
    if is_other:
        root.execute(_ALL_UNSETTLED_SQL)
    root.execute("DELETE FROM views_made")
    root.execute("INSERT INTO views_made VALUES (?)", [wanted])
    root.commit()
    settle(root)  # a kill in here, and the next one goes on
