"""Every shipped query, run on a small play."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proxy.store.asking.answer import answer_shipped
from proxy.store.asking.forms import rows
from proxy.store.asking.lending import LentTables
from proxy.store.asking.shipped import bound, shipped
from proxy.store.database import Database
from tests.store.asking.expected import EXPECTED
from tests.store.asking.played import play

GIVEN = {"from": "2026-09-01", "to": "2026-10-01", "interaction": "v1_one"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LentTables]:
    path = tmp_path_factory.mktemp("played") / "facts.duckdb"
    lent = LentTables(lambda: Database.open(path)).open()
    lent.ingest(play())
    yield lent
    lent.close()


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_query_says_of_the_play_what_is_so(tables: LentTables, name: str) -> None:
    question = shipped()[name]
    given = {each.name: GIVEN[each.name] for each in question.parameters if each.name in GIVEN}

    found = answer_shipped(tables, question, bound(question, given, 0))

    assert [list(row.values())[:4] for row in rows(found.table)] == EXPECTED[name]


def test_the_queries_that_the_dashboards_ask_are_there() -> None:
    asked = {
        *("access_log", "completeness_by_day", "cost_by_model", "drift", "gaps"),
        *("longest_conversations", "most_expensive_interactions", "sdk_versions"),
        *("slowest_tool_calls", "stored_upstream", "unfinished_interactions"),
    }

    assert asked <= shipped().keys()
