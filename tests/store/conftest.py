"""A database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.store.database import Database
from tests import ready_tables
from tests.store.emptying import empty

made_here = ready_tables.made_here


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "facts.duckdb")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def one_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Shared by the tests of a module: making one costs a third of a second."""
    opened = Database.open(tmp_path_factory.mktemp("facts") / "facts.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def emptied(one_database: Database) -> Database:
    """The shared one without rows."""
    empty(
        one_database,
        *("exchanges", "observations", "steps", "usage", "events", "costs"),
        *("repeats", "unread", "mentions"),
    )
    return one_database
