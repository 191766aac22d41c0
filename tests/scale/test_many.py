"""Questions about many interactions, in the memory that the recorder gives its tables.

What a question reads is counted: rows that leave a scan, of which there must be few, however many there are. For a
measurement see conftest.py.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import duckdb
import pytest

from proxy.audit.erasure.plan import Selection
from proxy.recorder.erasing.planning import planned
from proxy.store import queries
from proxy.store.asking.answer import answer
from proxy.store.asking.finding import Wanted, page_of
from proxy.store.asking.one import about_one, steps_of
from proxy.store.asking.shipped import bound, shipped
from proxy.store.database import Database
from proxy.store.settled.settling import fresh_rows, has_rows
from tests.scale.many import COUNT, DAYS, END_NS, IS_MEASURED, PLAY, STEPS, cpu_s, name_in_copy

DASHBOARD_S: Final = 0.5
UNTIL: Final = dt.datetime.fromtimestamp(END_NS / 1e9, dt.UTC).replace(tzinfo=None)
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
    *("cost_by_client", "cost_by_day", "orphans", "rate_limits", "retries"),
    *("tokens_by_modality", "unfinished_interactions"),
)
"""Those that read one row an interaction or less."""
ONE_S: Final = 0.05
TREE_S: Final = 0.2
OF_TOOLS: Final = ("tools_used", "tool_calls_of", "slowest_tool_calls", "steps_by_type")
BEGUN_MAX: Final = 20_000
"""Rows of a table of which some are read to find that nobody waits; of a million that is nothing."""
OF_TIME: Final = (
    *("conversations_latest", "steps_by_type", "tools_used", "tool_errors", "tool_findings"),
    *("slowest_tool_calls", "slowest_steps"),
)
"""Those that look at the steps of their span of time: with all of them the memory was too small."""
ONE: Final = name_in_copy("v1_ChZ1WndEYTQ4LWI1UjRheXVXcUROM2533", COUNT // PLAY // 2)
ABOUT_ONE: Final = (
    *("interaction", "interaction_settled", "timeline_of", "media_of", "usage_of", "cost_lines_of"),
    *("exchanges_of", "problems_of", "console_next"),
)
READ_MAX: Final = 150
"""Rows that leave the scans of a question about one interaction: its steps, polls and turns, some twice."""
SETTLED_AT_ONCE: Final = 10
SETTLED_READ_MAX: Final = 130
"""Rows that leave the scans of settling's statements, of so many interactions that were told of; DuckDB 1.5.5 also counts
what it scanned, but those of row groups that it passed over with them."""
COUNTED: Final = frozenset(
    {
        "erasing_numbers: exchanges",
        *(("erasing_behind: observations", "erasing_repeats: repeats") if IS_MEASURED else ()),
    }
)
"""Only counted; or of very many a number is read, by which they are found: of few DuckDB does that in the scan."""
BEGUN: Final = {"interaction": ("exchanges",), "console_next": ("exchanges", "observations")}
"""Tables of which some rows are read for nothing: for a join with what is touched, and nothing is."""
_Row = TypeVar("_Row")


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

    took_s = cpu_s(lambda: answer(cursor, question.sql, values))

    print(f"{name}: {took_s * 1e3:.0f} CPU ms at {COUNT:,}")
    assert took_s < DASHBOARD_S or not IS_MEASURED


@pytest.mark.parametrize("days", [1, 30])
@pytest.mark.parametrize("turns", [1, 2])
def test_the_page_of_conversations_is_answered_in_the_recorders_own_memory(
    many: Database, days: int, turns: int
) -> None:
    span = {"since": UNTIL - dt.timedelta(days=days), "until": UNTIL}
    found: list[dict[str, Any]] = []

    def ask() -> None:
        found[:] = queries.dicts(
            many.cursor(), "console_conversations", turns=turns, limit=100, offset=0, **span
        )[1]

    took_s = cpu_s(ask)

    print(f"conversations of {days} days: {took_s * 1e3:.0f} CPU ms at {COUNT:,}")
    assert found or days < DAYS // (COUNT // PLAY)  # of few there is none on most days
    assert all(row["turn_count"] >= turns for row in found)
    assert took_s < DASHBOARD_S or not IS_MEASURED


@pytest.mark.parametrize(
    ("sort", "more"), [("created", {}), ("cost", {}), ("created", {"tool": "look"})]
)
def test_a_page_of_interactions_is_answered_in_the_recorders_own_memory(
    many: Database, sort: str, more: dict[str, str]
) -> None:
    wanted = Wanted(since=UNTIL - dt.timedelta(days=30), until=UNTIL, **more)  # type: ignore[arg-type]
    found: list[dict[str, Any]] = []

    def ask() -> None:
        found[:] = page_of(many.cursor(), wanted, sort, 100, 0)

    took_s = cpu_s(ask)

    print(f"a page by {sort}, {more}: {took_s * 1e3:.0f} CPU ms at {COUNT:,}")
    assert found
    assert took_s < DASHBOARD_S or not IS_MEASURED


def rows_read(
    cursor: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object]
) -> dict[str, int]:
    """By table: how many rows left the scans of it, beside those that found nobody waiting."""
    told = cursor.execute(f"EXPLAIN (ANALYZE, FORMAT json) {sql}", dict(values)).fetchone()
    assert told is not None
    found: dict[str, int] = {}
    waiting = [json.loads(told[1])]
    while waiting:
        node: dict[str, Any] = waiting.pop()
        waiting += node.get("children", ())
        table = str(node.get("extra_info", {}).get("Table", "")).rpartition(".")[2]
        if table:
            found[table] = found.get(table, 0) + int(node["operator_cardinality"])
    return found


def test_a_forecast_is_made_in_the_recorders_own_memory(many: Database) -> None:
    """It looks at every copy, and keeps little of each."""
    now_us, day_us = END_NS // 1000, 86_400 * 1_000_000
    values = {"finals": ["deleted_verified"], "limit": 200}
    began_s = time.process_time()

    found = queries.dicts(
        many.cursor(),
        "retention_forecast",
        now_us=now_us,
        until_us=now_us + 2 * day_us,
        **values,
    )[1]

    print(f"retention_forecast: {(time.process_time() - began_s) * 1e3:.0f} CPU ms at {COUNT:,}")
    assert len(found) == 200 if IS_MEASURED else {row["what"] for row in found} >= {"orphan"}


def test_what_policies_look_at_is_counted_in_the_recorders_own_memory(many: Database) -> None:
    """Tools, too, which most interactions used."""
    types = ["google_search_call", "google_search_result", "function_call", "function_result"]
    began_s = time.process_time()

    found = queries.dicts(many.cursor(), "calendar_subjects", types=types, limit=100_001)[1]

    print(f"calendar_subjects: {(time.process_time() - began_s) * 1e3:.0f} CPU ms at {COUNT:,}")
    assert sum(row["count"] for row in found) == COUNT
    used = sum(row["count"] for row in found if "function_result" in row["tools"].split(","))
    assert used == COUNT * 19 // PLAY  # all but the failure


@pytest.mark.parametrize("name", OF_TIME)
def test_what_was_done_of_late_is_answered_in_the_recorders_own_memory(
    many: Database, name: str
) -> None:
    question = shipped()[name]
    values = bound(question, {}, END_NS)
    began_s = time.process_time()

    answer(many.cursor(), question.sql, values)

    print(f"{name}: {(time.process_time() - began_s) * 1e3:.0f} CPU ms at {COUNT:,}")


@pytest.mark.parametrize("name", ABOUT_ONE)
def test_a_question_about_one_interaction_reads_its_rows_alone(many: Database, name: str) -> None:
    values = {"interaction": ONE} | ({"limit": 5} if name == "console_next" else {})

    read = rows_read(many.cursor(), queries.statements()[name], values)

    few = {table: rows for table, rows in read.items() if table not in BEGUN.get(name, ())}
    assert sum(few.values()) <= READ_MAX, read


def test_an_erasure_is_planned_by_the_rows_that_it_concerns(many: Database) -> None:
    cursor = many.cursor()
    read: dict[str, int] = {}

    def ask(name: str, make: Callable[..., _Row], /, **values: object) -> list[_Row]:
        sql, left = queries.written(queries.statements()[name], values)
        for table, rows in rows_read(cursor, sql, left or {}).items():
            read[f"{name}: {table}"] = rows
        return [make(*row.values()) for row in queries.dicts(cursor, name, **values)[1]]

    found = planned(ask, Selection((ONE,)), lambda _: False)

    assert found.plan.order == (ONE,)
    assert len(found.plan.exchanges) == 1
    few = {name: rows for name, rows in read.items() if name not in COUNTED}
    assert sum(few.values()) <= READ_MAX, few


def test_what_came_last_is_settled_by_looking_at_what_came_last(many: Database) -> None:
    cursor = many.cursor()
    cursor.begin()
    cursor.execute(
        "INSERT INTO touched SELECT id_hash FROM observations"
        f" WHERE rowid > (SELECT max(rowid) - {SETTLED_AT_ONCE} FROM observations)"
    )
    ((observation_count,),) = cursor.execute("SELECT count(*) FROM observations").fetchall()
    read: dict[str, int] = {}
    began_s = time.process_time()

    for fresh in fresh_rows(cursor).values():
        for table, rows in rows_read(cursor, fresh, {}).items():
            read[table] = read.get(table, 0) + rows
    took_s = time.process_time() - began_s
    cursor.rollback()

    print(f"what came last: {took_s * 1e3:.0f} CPU ms at {COUNT:,}, {read}")
    assert read["observations"] > 0
    assert read.pop("acts", 0) <= COUNT  # those of disposals, by no column that tells of whom
    # The timeline looks through one column of all for those that it is asked for: 3 ms of a million.
    read["observations"] -= observation_count
    assert max(read.values()) <= SETTLED_READ_MAX
    assert took_s < DASHBOARD_S or not IS_MEASURED


def test_one_interaction_is_found_among_many(many: Database) -> None:
    name = name_in_copy("v1_ChZ1WndEYTQ4LWI1UjRheXVXcUROM2533", COUNT // PLAY // 2)
    found = many.cursor().execute(
        "SELECT status, total_tokens FROM audit.interactions WHERE interaction = $name",
        {"name": name},
    )

    assert found.fetchall() == [("completed", 170)]


@pytest.mark.parametrize("name", OF_TOOLS)
def test_a_question_about_tools_is_answered_like_a_dashboard(many: Database, name: str) -> None:
    cursor, question = many.cursor(), shipped()[name]
    values = bound(question, {"interaction": ONE} if name == "tool_calls_of" else {}, END_NS)

    took_s = cpu_s(lambda: answer(cursor, question.sql, values))

    print(f"{name}: {took_s * 1e3:.0f} CPU ms at {COUNT:,}")
    assert took_s < DASHBOARD_S or not IS_MEASURED


@pytest.mark.parametrize("name", ["tools_used", "tool_calls_of", "slowest_tool_calls"])
def test_calls_are_told_of_without_looking_at_steps(many: Database, name: str) -> None:
    question = shipped()[name]
    values = bound(question, {"interaction": ONE} if name == "tool_calls_of" else {}, END_NS)

    read = rows_read(many.cursor(), question.sql, values)

    assert all(read.get(table, 0) <= BEGUN_MAX for table in ("steps", "observations", "exchanges"))


def test_one_interaction_and_its_steps_are_there_at_once(many: Database) -> None:
    cursor = many.cursor()

    def ask(name: str, **given: object) -> list[dict[str, Any]]:
        return queries.dicts(cursor, name, **given)[1]

    def look() -> list[dict[str, Any]]:
        about = about_one(ask, ONE)
        assert about is not None
        return steps_of(ask, about)

    found = [look() for _ in range(2)]
    took_s = cpu_s(look)

    assert all(len(steps) == STEPS for steps in found)
    print(f"one interaction with its steps: {took_s * 1e3:.0f} CPU ms at {COUNT:,}")
    assert took_s < ONE_S or not IS_MEASURED


def test_a_whole_conversation_is_there_at_once(many: Database) -> None:
    cursor = many.cursor()

    def ask() -> list[dict[str, Any]]:
        return queries.dicts(cursor, "turns", interaction=ONE, limit=2000)[1]

    assert ONE in {turn["interaction"] for turn in ask()}
    took_s = cpu_s(ask)

    print(f"its conversation: {took_s * 1e3:.0f} CPU ms at {COUNT:,}")
    assert took_s < TREE_S or not IS_MEASURED
