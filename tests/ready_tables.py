"""Empty tables, made once in each process of tests: hundreds of tests want a file of their own.

Making one binds 138 views, for 0.2 to 0.4 CPU s; opening a copy takes a tenth of that. `Database.open` finds the
copy at this release and leaves it as it is. That it makes a whole file where none is, and from what
any power loss left of one, is what tests/store/test_schema.py and test_database.py say: they ask for `made_here`.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb
import pytest

from proxy.store import database
from proxy.store.schema import bring_up

Attach = Callable[[Path, database.Limits], duckdb.DuckDBPyConnection]

_MAKE: Final = database.attach
"""What opens or makes a file, as it is."""


@functools.cache
def _finished() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.duckdb"
        root = _MAKE(path, database.Limits())
        bring_up(root, path)
        root.close()
        return path.read_bytes()


def lay(path: Path) -> None:
    """Put finished, empty tables there, unless a file is there."""
    if not path.exists():
        path.write_bytes(_finished())


def _attach(
    path: Path, limits: database.Limits, *, read_only: bool = False, spill: bool = True
) -> duckdb.DuckDBPyConnection:
    if not read_only and path.parent.is_dir():
        lay(path)
    return _MAKE(path, limits, read_only=read_only, spill=spill)


def lend() -> None:
    """From now on, this process makes no tables but copies them."""
    database.attach = _attach


@pytest.fixture
def made_here(monkeypatch: pytest.MonkeyPatch) -> Attach:
    """Tables are made as the recorder makes them."""
    monkeypatch.setattr(database, "attach", _MAKE)
    return _MAKE
