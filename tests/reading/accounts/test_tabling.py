"""Rows as tables, JSON lines and CSV."""

from __future__ import annotations

import pytest

from proxy.reading.accounts.tabling import Form, write_rows

NAMES = ["name", "count"]
ROWS = [("=one", 1), ("two\x1b[2J", None)]
Captured = pytest.CaptureFixture[str]


def test_a_table_shows_no_control_characters(capsys: Captured) -> None:
    write_rows(NAMES, ROWS, Form.TABLE)

    assert capsys.readouterr().out.splitlines() == [
        "name      count",
        "────────  ─────",
        "=one          1",
        "two\\e[2J   NULL",
    ]


def test_json_is_an_object_a_line(capsys: Captured) -> None:
    write_rows(NAMES, ROWS, Form.JSON)

    assert capsys.readouterr().out.splitlines() == [
        '{"name": "=one", "count": 1}',
        '{"name": "two\\u001b[2J", "count": null}',
    ]


def test_csv_holds_no_formula(capsys: Captured) -> None:
    write_rows(NAMES, ROWS, Form.CSV)

    assert capsys.readouterr().out.splitlines() == ["name,count", "'=one,1", "two\\e[2J,"]


def test_a_long_table_is_cut_and_says_so(capsys: Captured) -> None:
    write_rows(["n"], [(each,) for each in range(1001)], Form.TABLE)

    assert capsys.readouterr().out.splitlines()[-1].startswith("the first 1,000 of 1,001")
