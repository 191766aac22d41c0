from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.store.sandbox.__main__ import _opened, readable
from proxy.store.sandbox.allowed import FUNCTIONS, NODES_MAX, Refused, check_tree
from tests.store.sandbox.attacks import ESCAPES, HARMLESS, HUNGRY
from tests.store.sandbox.opened import Ground, ground

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "class",
                    "function_name",
                    "cte_map",
                    "map",
                    "key",
                    "function",
                    "table_name",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground(tmp_path_factory.mktemp("sandbox"))


@pytest.fixture(scope="module")
def connection(scene: Ground) -> Iterator[duckdb.DuckDBPyConnection]:
    with _opened(str(scene.facts), None) as opened:
        yield opened


def test_there_are_attacks_enough() -> None:
    assert len(set(ESCAPES)) + len(set(HUNGRY)) >= 150


def test_every_escape_is_refused_by_its_text(
    scene: Ground, connection: duckdb.DuckDBPyConnection
) -> None:
    passed = []
    for statement in ESCAPES:
        try:
            passed.append(readable(connection, scene.filled(statement)))
        except (Refused, duckdb.Error):
            continue

    assert not passed


def test_what_auditors_write_runs(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in HARMLESS:
        connection.execute(readable(connection, statement)).fetchall()


def test_the_settings_are_locked_behind_the_list_too(
    scene: Ground, connection: duckdb.DuckDBPyConnection
) -> None:
    """The list of what is allowed is one layer; these statements do not even pass it."""
    for statement in (
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        f"SELECT * FROM read_text('{scene.outside}')",
        f"SELECT * FROM '{scene.outside}'",
        f"COPY (SELECT 1) TO '{scene.folder / 'new'}'",
        f"ATTACH '{scene.folder / 'new'}' AS other",
        "INSERT INTO main.gaps (reason) VALUES ('x')",
        "WITH gone AS (DELETE FROM main.acts RETURNING *) SELECT * FROM gone",
        "INSTALL httpfs",
        "CREATE TABLE facts.main.x AS SELECT 1",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)


def test_no_function_that_reads_files_or_settings_stands_in_the_list() -> None:
    words = ("read_", "glob", "query", "getenv", "setting", "pragma", "duckdb", "execute", "scan")

    assert not [name for name in FUNCTIONS if name.startswith(words)]


@given(JSON)
def test_any_tree_is_passed_or_refused(tree: Any) -> None:
    with contextlib.suppress(Refused):
        assert check_tree({"error": False, "statements": [tree]}, frozenset()) is None  # type: ignore[func-returns-value]


def test_a_tree_as_large_as_no_statement_is_refused() -> None:
    with pytest.raises(Refused, match="too large"):
        check_tree({"error": False, "statements": [[{}] * (NODES_MAX + 1)]}, frozenset())
