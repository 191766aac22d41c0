"""What the engine answers, and what an embedded store says to the same: to be compared."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.errors import KeyDestroyed
from proxy.fleet.shipping.staging import is_copy
from proxy.reading.snapshot import open_facts
from proxy.store.asking.shipped import shipped
from proxy.store.database import Database
from proxy.store.erasing.scrubbing import DIGESTS
from proxy.store.position import VaultPosition
from tests.outside.fleet.servers import BUCKET
from tests.outside.fleet.stage import Fleet, Member


def embedded_store(fleet: Fleet, file: Path) -> duckdb.DuckDBPyConnection:
    """The tables as one recorder would have filled them that recorded what all these proxies did."""
    database = Database.open(file)
    number = 0
    for member in fleet.members:
        vault = member.proxy.vault()
        for batch in vault.follow():
            number += 1
            acts = tuple(act for act in batch.acts if not is_copy(act))
            place = VaultPosition("29991231-000001", number)
            database.ingest(replace(batch, acts=acts, position=place))
        vault.close()
    return database.cursor()


SINCE: Final = dt.datetime(2020, 1, 1)  # noqa: DTZ001  # as instants are in the tables
UNTIL: Final = dt.datetime(2100, 1, 1)  # noqa: DTZ001


def asked(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The answer of a shipped question, with every instant and number wide open; rows in one order."""
    question = shipped()[name]
    given: dict[str, object] = {}
    for each in question.parameters:
        if each.type == "instant":
            given[each.name] = UNTIL if each.name == "to" else SINCE
        elif each.type == "whole":
            given[each.name] = 100_000
        else:
            given[each.name] = each.default or some_text(connection, each.name)
    return rows_of(connection.execute(question.sql, given or None))


def some_text(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """Something to ask about: the newest interaction, or what the parameter is called."""
    if name != "interaction":
        return name
    chosen = (
        "SELECT previous_interaction_id FROM interactions WHERE previous_interaction_id IS NOT NULL"
    )
    (found,) = connection.execute(f"{chosen} ORDER BY 1 LIMIT 1").fetchall()
    return str(found[0])


def audit(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """All views that auditors have."""
    found = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'audit' AND database_name = 'facts'"
    ).fetchall()
    return sorted({name for (name,) in found})


def counted(connection: duckdb.DuckDBPyConnection, view: str) -> list[str]:
    """Every row of a view."""
    return rows_of(connection.execute(f"FROM audit.{view}"))


OF_PROXY: Final = re.compile(r"'proxy-\d+/(?=\d{8}-)")
"""What a reference begins with in a fleet."""


def rows_of(answer: duckdb.DuckDBPyConnection) -> list[str]:
    """In one order. Sums of dollars depend on the order of their parts; recorders say at any time that they live."""
    found = [
        OF_PROXY.sub(
            "'", repr(tuple(round(each, 9) if isinstance(each, float) else each for each in row))
        )
        for row in answer.fetchall()
        if "heartbeat" not in row
    ]
    return sorted(found)


def traces(rows: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Digests of what was said in an interaction, in any table of the lake."""
    found = []
    of = f"(SELECT exchange FROM lake.exchanges WHERE interaction = '{name}')"
    for table, columns in DIGESTS.items():
        for column in columns:
            chosen = f"SELECT DISTINCT {column} FROM lake.{table} WHERE exchange IN {of} AND {column} IS NOT NULL"
            found += [digest for (digest,) in rows.execute(chosen).fetchall()]
    return sorted(found)


def is_gone(fleet: Fleet, name: str) -> bool | None:
    """Whether no proxy has rows of it there any more; None: some has, or that cannot be said now."""
    # Files that are written anew meanwhile are gone for who has just begun to read them.
    with contextlib.suppress(duckdb.HTTPException), fleet.rows() as rows:
        return None if objects_of(rows, name) or traces(rows, name) else True
    return None


def is_nothing_to_purge(fleet: Fleet) -> bool | None:
    return None if fleet.books("SELECT 1 FROM fleet.purges") else True


def is_purged(fleet: Fleet, name: str) -> bool | None:
    """Whether, once all is shipped, it is gone, and then no file waits for its rows to go."""
    fleet.shipped()
    return is_gone(fleet, name) and is_nothing_to_purge(fleet)


def objects_of(rows: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Names of the objects that hold sealed records about an interaction."""
    of = f"(SELECT exchange FROM lake.exchanges WHERE interaction = '{name}')"
    chosen = f"SELECT proxy, digest FROM lake.objects WHERE exchange IN {of} ORDER BY ALL"
    return [f"sealed/{proxy}/{digest}" for proxy, digest in rows.execute(chosen).fetchall()]


def has_any(rows: duckdb.DuckDBPyConnection, file: str, digests: list[str]) -> bool:
    """Whether a file of rows has one of these words in any column."""
    found = rows.execute(f"SELECT * FROM read_parquet('s3://{BUCKET}/{file}')").fetchall()
    return bool({str(value) for row in found for value in row} & set(digests))


OPENED_SQL: Final = """
    SELECT content_ref, content(content_ref)
    FROM (SELECT DISTINCT content_ref FROM steps WHERE content_ref IS NOT NULL)
"""


def contents_of(member: Member) -> dict[str, str | None]:
    """What opens at one proxy, by the references that the fleet has for it."""
    with open_facts(member.proxy.data) as facts:
        found = facts.execute(OPENED_SQL).fetchall()
    assert any(text is not None for _, text in found)
    return {f"{member.name}/{ref}": text for ref, text in found}


def holds(member: Member, name: str) -> list[Any]:
    of = f"interaction = '{name}' AND released_at IS NULL"
    return member.proxy.rows(f"SELECT hold FROM audit.holds WHERE {of}")


def open_keys(member: Member, name: str) -> list[str]:
    """Exchanges about an interaction whose content this proxy can still open."""
    statement = f"SELECT raw_ref FROM exchanges WHERE interaction = '{name}'"
    vault = member.proxy.vault()
    found = []
    for (ref,) in member.proxy.rows(statement):
        with contextlib.suppress(KeyDestroyed):
            vault.exchange(ref)
            found.append(ref)
    vault.close()
    return found
