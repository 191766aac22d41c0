from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording import facts
from proxy.recording.facts import MediaFact, ProblemFact
from proxy.store.database import Database
from proxy.store.ingest import TABLES, Column, arrow_array, columns_of
from proxy.store.position import VaultPosition
from tests.store.samples import batch, fact, recording, step


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_the_columns_of_its_dataclass(database: Database, table: str) -> None:
    rows = (
        database.cursor()
        .execute(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = 'facts' AND schema_name = 'main' "
            "AND table_name = ? ORDER BY column_index",
            [table],
        )
        .fetchall()
    )

    assert dict(rows) == {column.name: column.sql_type for column in columns_of(table)}


def test_every_fact_class_has_a_table() -> None:
    classes = {value for name, value in vars(facts).items() if name.endswith("Fact")}

    assert set(TABLES.values()) == classes


def test_a_step_comes_back_as_it_was_with_its_reference(database: Database) -> None:
    database.ingest(batch(recording(1, steps=(step("thought"), step("model_output", 1)))))

    rows = (
        database.cursor()
        .execute("SELECT type, step_index, seen_at::VARCHAR, name, content_ref FROM steps")
        .fetchall()
    )
    assert rows == [
        ("thought", 0, "2026-09-21 14:13:20", None, "20260921-000001:1000#0"),
        ("model_output", 1, "2026-09-21 14:13:20", None, "20260921-000001:1000#1"),
    ]


def test_a_media_fact_gets_the_reference_of_its_index(database: Database) -> None:
    base = recording(1)
    shown = tuple(fact(MediaFact, exchange="x", media_index=index) for index in (1, 0, 9))

    database.ingest(batch(type(base)(base.exchange, media_facts=shown)))

    rows = database.cursor().execute("SELECT media_index, content_ref FROM media").fetchall()
    assert rows == [
        (1, "20260921-000001:1000.1"),
        (0, "20260921-000001:1000.0"),
        (9, None),
    ]


def test_words_that_sql_keeps_for_itself_have_another_name(database: Database) -> None:
    base = recording(1)
    problem = fact(ProblemFact, exchange="x", kind="json", where="/steps/3")

    database.ingest(batch(type(base)(base.exchange, problems=(problem,))))

    assert database.cursor().execute("SELECT place FROM problems").fetchall() == [("/steps/3",)]


def test_a_number_no_column_can_hold_becomes_null_and_keeps_nobody_out(database: Database) -> None:
    base = recording(1, total_tokens=10**30, output_tokens=5)

    database.ingest(batch(base, recording(2, interaction="v1_two", total_tokens=7)))

    rows = (
        database.cursor()
        .execute("SELECT output_tokens, total_tokens FROM observations ORDER BY exchange")
        .fetchall()
    )
    assert rows == [(5, None), (None, 7)]


@given(
    st.sampled_from(["VARCHAR", "BIGINT", "UBIGINT", "BOOLEAN", "TIMESTAMP"]),
    st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), max_size=9),
)
def test_any_values_make_an_array_of_their_count(sql_type: str, values: list[object]) -> None:
    array = arrow_array(Column("x", "x", sql_type), values)

    assert len(array) == len(values)


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=9))
def test_values_that_fit_are_kept(values: list[int | None]) -> None:
    assert arrow_array(Column("x", "x", "BIGINT"), values).to_pylist() == values


def test_a_batch_without_rows_moves_the_position(database: Database) -> None:
    assert database.ingest(batch(offset=77)) == 0

    assert database.position() == VaultPosition("20260921-000001", 77)


def test_no_field_is_left_out() -> None:
    names = {field.name for table in TABLES.values() for field in fields(table)}

    assert names == {c.field for table in TABLES for c in columns_of(table) if c.field}
