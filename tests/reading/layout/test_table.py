from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from proxy.reading.layout.table import Heading, cell_text, table

VALUE = st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=90)


def plain(headings: list[Heading], rows: list[tuple[object, ...]], width: int) -> list[str]:
    return [line.plain for line in table(headings, rows, width)]


def test_columns_are_as_wide_as_needed_and_numbers_stand_right() -> None:
    headings = [Heading("model", is_number=False), Heading("tokens", is_number=True)]

    assert plain(headings, [("flash", 5), (None, 12345)], 80) == [
        "model  tokens",
        "─────  ──────",
        "flash       5",
        "NULL    12345",
    ]


def test_the_widest_text_gives_way_and_numbers_never_do() -> None:
    headings = [Heading("id", is_number=False), Heading("n", is_number=True)]

    *_, row = plain(headings, [("v1_" + "a" * 60, 123456)], 40)

    assert row == "v1_" + "a" * 28 + "…  123456"


def test_what_fits_no_table_becomes_blocks() -> None:
    headings = [Heading(f"column_{number}", is_number=False) for number in range(9)]

    lines = plain(headings, [tuple(f"value {number}" for number in range(9))], 40)

    assert lines[0].startswith("── row 1 ─")
    assert lines[1] == "column_0  value 0"
    assert len(lines) == 10


@given(
    st.integers(1, 6).flatmap(
        lambda count: st.tuples(
            st.lists(st.booleans(), min_size=count, max_size=count),
            st.lists(st.tuples(*[VALUE] * count), max_size=4),
        )
    ),
    st.integers(40, 120),
)
def test_any_rows_fit_the_width(
    shape: tuple[list[bool], list[tuple[object, ...]]], width: int
) -> None:
    kinds, rows = shape
    headings = [Heading("name", is_number=False) for _ in kinds]

    assert all(cell_len(line) <= width for line in plain(headings, rows, width))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "true"),
        ("a\nb\x1b[m", r"a b\e[m"),
        (dt.datetime(2026, 9, 21, 14, 13, 20, tzinfo=dt.UTC), "2026-09-21 14:13:20"),
        (dt.datetime(2026, 9, 21, 14, 13, 20, 123456, dt.UTC), "2026-09-21 14:13:20.123"),
        (0.1 + 0.2, "0.3"),
        (b"\x00a", r"\x00a"),
        ([1, {"a": None}], '[1, {"a": null}]'),
        (dt.date(2026, 9, 21), "2026-09-21"),
    ],
    ids=str,
)
def test_a_value_reads_well_on_one_line(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_no_columns_are_no_table() -> None:
    assert table([], [], 80) == []
