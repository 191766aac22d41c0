"""The facts as they are now, open for reading in this process.

DuckDB lets no second process open a file that the recorder has, so the recorder is asked for a copy;
where none runs, the file itself is opened, read-only.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from proxy.errors import StoreError
from proxy.reading.sealed import Contents, open_vault
from proxy.reading.watching.calling import RecorderConnection
from proxy.store.copying import remove_tables
from proxy.store.database import Limits, attach
from proxy.store.sandbox.functions import pandas_not_sought

MEMORY_MIB: Final = 2048
"""A question that needs more says so; nothing is spilled to disk, since it could hold content."""


class _CopySwept(StoreError):
    """An erasure removed the copy before it was open (store/erasing/copies.py)."""


@contextmanager
def open_facts(
    data_folder: Path, master_file: Path | None = None, beside: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The facts as `facts`, in use, with content(ref); locked: no files, no settings, no writing.

    `beside`: the name of an empty database in memory, which may be written.

    Raises:
        StoreError: nothing was recorded here, or the facts cannot be opened.
    """
    with (
        contextlib.closing(_opened(data_folder)) as connection,
        contextlib.closing(open_vault(data_folder, master_file)) as reader,
    ):
        Contents(reader).add_to(connection)
        if beside is not None:
            connection.execute(f"ATTACH ':memory:' AS {beside}")
        _lock(connection)
        with pandas_not_sought():
            yield connection


def _opened(data_folder: Path) -> duckdb.DuckDBPyConnection:
    try:
        return _attached(data_folder)
    except _CopySwept:
        return _attached(data_folder)


def _attached(data_folder: Path) -> duckdb.DuckDBPyConnection:
    """Raises StoreError; _CopySwept: a new copy may do."""
    copy = _copy_of_recorder(data_folder)
    path = copy or data_folder / "facts.duckdb"
    if copy is None and not path.exists():
        raise StoreError(f"no records in {data_folder}: run `interactions-proxy serve` first")
    try:
        return attach(path, Limits(MEMORY_MIB, os.cpu_count() or 1), read_only=True, spill=False)
    except duckdb.Error as error:
        kind = StoreError if path.exists() else _CopySwept
        raise kind(f"cannot open {path}: {error}") from error
    finally:
        if copy is not None:  # it stays readable through the open file, and leaves nothing behind
            remove_tables(copy)


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "SET enable_progress_bar = true"
    )  # so that how far a question is can be asked
    connection.execute("SET enable_progress_bar_print = false")  # it would go to standard output
    connection.execute("SET enable_external_access = false")
    connection.execute("SET allow_community_extensions = false")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")


def _copy_of_recorder(data_folder: Path) -> Path | None:
    """The copy a running recorder makes; None where none runs.

    Raises:
        StoreError: it runs and cannot.
    """
    address = data_folder / "run" / "recorder.sock"
    connection = RecorderConnection(address)
    try:
        connection.request("POST", "/snapshot")
        answer = connection.getresponse()
        body = answer.read()
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(f"the recorder at {address} does not answer: {error}") from error
    finally:
        connection.close()
    try:
        told = json.loads(body)
        if answer.status == http.client.OK:
            return Path(told["path"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"the recorder at {address} answered oddly: {error}") from error
    raise StoreError(f"the recorder made no snapshot (status {answer.status}): {told}")
