"""Media of an interaction as files: opened with the keys of the data folder, under names of ours."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from proxy.errors import StoreError
from proxy.reading.layout.media import Shown


def write_media(
    connection: duckdb.DuckDBPyConnection, shown: Sequence[Shown], folder: Path
) -> list[str]:
    """Write each object that is there; files are made new, for their owner alone.

    Returns: a sentence for each, in order: its file, or why there is none.

    Raises:
        StoreError: the folder cannot be written, or a file of that name is there already.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [f"{each.number:>3}  {_written(connection, each, folder)}" for each in shown]
    except OSError as error:
        raise StoreError(
            f"cannot write {error.filename}: {error.strerror}; choose an empty folder"
        ) from error


def _written(connection: duckdb.DuckDBPyConnection, each: Shown, folder: Path) -> str:
    if each.is_by_uri:
        return "came by URI: its bytes never passed here"
    row = connection.execute("SELECT content_blob(?)", [each.row["content_ref"]]).fetchone()
    data = row[0] if row else None
    if not isinstance(data, bytes):
        return "was erased, or cannot be opened"
    path = folder / each.file_name
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
    return str(path)
