"""Shipped queries over many interactions, in the memory that the recorder gives its tables.

SCALE_INTERACTIONS (a multiple of 20) makes it a measurement: 1,000,000 take a GB of disk, and minutes to make.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Final

import pytest

from proxy.store.asking.answer import answer
from proxy.store.asking.shipped import bound, shipped
from proxy.store.database import Database
from proxy.store.settled.settling import has_rows
from tests.scale.many import END_NS, PLAY, make, name_in_copy

COUNT: Final = int(os.environ.get("SCALE_INTERACTIONS", "200"))
IS_MEASURED: Final = COUNT >= 1_000_000
DASHBOARD_S: Final = 0.5
ON_DASHBOARDS: Final = (
    "completeness_by_day",
    "cost_by_model",
    "drift",
    "gaps",
    "interactions_by_status",
    "interactions_failed",
    "interactions_latest",
    "longest_conversations",
    "most_expensive_interactions",
    "sdk_versions",
    "stored_upstream",
    "tokens_by_hour",
    "tokens_by_model",
)
"""Those that read one row an interaction or less."""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = make(tmp_path_factory.mktemp("scale") / "facts.duckdb", COUNT)
    yield made
    made.close()


def test_all_are_settled_and_none_is_lost(many: Database) -> None:
    cursor = many.cursor()

    assert not has_rows(cursor, "unsettled")
    assert cursor.execute("SELECT count(*) FROM settled").fetchone() == (COUNT,)
    assert cursor.execute("SELECT count(*) FROM audit.interactions").fetchone() == (COUNT,)
    found = cursor.execute("SELECT count(DISTINCT conversation) FROM audit.interactions").fetchone()
    assert found == (COUNT * 13 // PLAY,)


@pytest.mark.parametrize("name", ON_DASHBOARDS)
def test_a_dashboard_is_answered_in_the_recorders_own_memory(many: Database, name: str) -> None:
    cursor, question = many.cursor(), shipped()[name]
    values = bound(question, {}, END_NS)
    best_s = float("inf")
    for _ in range(3 if IS_MEASURED else 1):
        began_s = time.perf_counter()
        answer(cursor, question.sql, values)
        best_s = min(best_s, time.perf_counter() - began_s)

    print(f"{name}: {best_s * 1e3:.0f} ms at {COUNT:,}")
    assert best_s < DASHBOARD_S or not IS_MEASURED


def test_one_interaction_is_found_among_many(many: Database) -> None:
    name = name_in_copy("v1_ChZ1WndEYTQ4LWI1UjRheXVXcUROM2533", COUNT // PLAY // 2)
    found = many.cursor().execute(
        "SELECT status, total_tokens FROM audit.interactions WHERE interaction = $name",
        {"name": name},
    )

    assert found.fetchall() == [("completed", 170)]
