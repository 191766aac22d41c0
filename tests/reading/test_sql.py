from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from proxy.reading.sql import (
    DONE,
    TABLE_ROWS_MAX,
    WRONG_USE,
    Named,
    WrongStatement,
    ask,
    list_shipped,
    run,
)

Captured = pytest.CaptureFixture[str]


def answer(
    capsys: Captured,
    folder: Path,
    statement: str | None,
    *,
    as_json: bool = False,
    as_csv: bool = False,
) -> str:
    """What `sql` prints; nothing went wrong."""
    assert run(folder, statement, as_json=as_json, as_csv=as_csv) == DONE
    out, err = capsys.readouterr()
    assert err == ""
    return out


def complaint(capsys: Captured, folder: Path, statement: str) -> str:
    """What `sql` says on standard error; nothing was answered."""
    assert run(folder, statement) == WRONG_USE
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_an_answer_is_a_table(data_folder: Path, capsys: Captured) -> None:
    out = answer(
        capsys, data_folder, "SELECT interaction, status, total_tokens FROM interactions ORDER BY 1"
    )

    assert out.splitlines() == [
        "interaction  status           total_tokens",
        "───────────  ───────────────  ────────────",
        "v1_one       requires_action            15",
        "v1_two       completed                  15",
        "2 rows",
    ]


def test_json_is_an_object_a_line(data_folder: Path, capsys: Captured) -> None:
    sql = "SELECT interaction AS i, created_at AS t, 'x'::BLOB AS b FROM interactions ORDER BY 1"

    out = answer(capsys, data_folder, sql, as_json=True)

    assert [json.loads(line) for line in out.splitlines()] == [
        {"i": "v1_one", "t": "2026-09-21T14:13:19Z", "b": "eA=="},
        {"i": "v1_two", "t": "2026-09-21T14:13:28Z", "b": "eA=="},
    ]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1::HUGEINT << 100", 1 << 100),
        ("'nan'::DOUBLE", None),
        ("[1, NULL]", [1, None]),
        ("{'a': DATE '2026-01-02'}", {"a": "2026-01-02"}),
        ("MAP {'k': TIMESTAMP '2026-01-02'}", {"k": "2026-01-02T00:00:00Z"}),
        ("INTERVAL 3 DAY", "3 days, 0:00:00"),
        ("TIMESTAMPTZ '2026-01-02 00:00:00+00'", "2026-01-02 00:00:00+00"),
        ("chr(8238)", "\u202e"),
        ("1.50::DECIMAL(5,2)", "1.50"),
    ],
)
def test_json_has_any_type(
    data_folder: Path, capsys: Captured, expression: str, value: object
) -> None:
    out = answer(capsys, data_folder, f"SELECT {expression} AS v -- a comment", as_json=True)

    assert json.loads(out) == {"v": value}
    assert "\u202e" not in out


def test_csv_takes_no_text_for_a_formula(data_folder: Path, capsys: Captured) -> None:
    out = answer(
        capsys, data_folder, "SELECT '=1+1' AS f, -5 AS n, NULL AS x, 'a,b' AS t", as_csv=True
    )

    assert out == 'f,n,x,t\n\'=1+1,-5,,"a,b"\n'


@pytest.mark.parametrize("how", ["table", "json", "csv"])
def test_recorded_text_does_nothing_to_the_terminal(
    data_folder: Path, capsys: Captured, how: str
) -> None:
    sql = "SELECT chr(27) || '[2J' AS e, 'a' || chr(10) || 'b' AS n, chr(155) AS \"\x1b[1m\""

    out = answer(capsys, data_folder, sql, as_json=how == "json", as_csv=how == "csv")

    assert not {"\x1b", "\x9b"} & set(out)


def test_a_long_table_is_cut_and_says_so(data_folder: Path, capsys: Captured) -> None:
    out = answer(capsys, data_folder, "FROM range(5000)").splitlines()

    assert len(out) == 2 + TABLE_ROWS_MAX + 1
    assert out[-1] == "the first 1,000 rows; add LIMIT, or take all with --json"


def test_json_is_never_cut(data_folder: Path, capsys: Captured) -> None:
    assert len(answer(capsys, data_folder, "FROM range(5000)", as_json=True).splitlines()) == 5000


def test_an_explanation_is_shown_as_drawn(data_folder: Path, capsys: Captured) -> None:
    assert "┌──" in answer(capsys, data_folder, "EXPLAIN SELECT 1")


def test_without_a_statement_tables_and_views_are_explained(
    data_folder: Path, capsys: Captured
) -> None:
    out = answer(capsys, data_folder, None)

    assert "interactions (view)\n  One row per interaction" in out
    assert "    interaction, status, model" in out
    assert "weighed" not in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_tables_and_views_as_json(data_folder: Path, capsys: Captured) -> None:
    out = answer(capsys, data_folder, None, as_json=True)

    named = {each["name"]: each for each in map(json.loads, out.splitlines())}
    assert named["usage"]["columns"][:2] == ["exchange", "interaction"]
    assert named["timeline"]["kind"] == "view"


def test_an_unknown_table_names_those_there_are(data_folder: Path, capsys: Captured) -> None:
    said = complaint(capsys, data_folder, "FROM interaction")

    assert "interaction does not exist" in said
    assert "there are: " in said
    assert ", interactions, " in said.partition("there are: ")[2]


def test_an_unknown_column_names_candidates(data_folder: Path, capsys: Captured) -> None:
    assert '"model"' in complaint(capsys, data_folder, "SELECT modell FROM interactions")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT 1; SELECT 2", "one statement at a time, this has 2"),
        ("", "no statement; try"),
        ("  -- nothing", "no statement; try"),
        ("DELETE FROM steps", "DELETE is not possible here: it can only read"),
        ("SET threads = 1", "SET is not possible here"),
        ("COPY steps TO 'x'", "COPY is not possible here"),
        ("CALL pragma_version()", "CALL is not possible here"),
        ("SELEC 1", "syntax error"),
        ("SELECT 'a'::INTEGER", "Could not convert"),
        ("SELECT 1 FROM read_text('/etc/hostname')", "disabled by configuration"),
    ],
)
def test_what_does_not_read_is_refused_with_advice(
    data_folder: Path, capsys: Captured, statement: str, said: str
) -> None:
    assert said in complaint(capsys, data_folder, statement)


@pytest.mark.parametrize("statement", ["SHOW TABLES", "DESCRIBE interactions", "SUMMARIZE usage"])
def test_what_describes_is_reading(data_folder: Path, capsys: Captured, statement: str) -> None:
    assert answer(capsys, data_folder, statement)


def test_what_wrote_behind_a_select_would_be_refused_by_the_type_or_the_parser() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t (a INTEGER)")

    with pytest.raises((WrongStatement, duckdb.Error)):
        ask(connection, "WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x")

    connection.close()


def test_columns_of_the_same_name_are_all_shown(data_folder: Path, capsys: Captured) -> None:
    out = answer(capsys, data_folder, "SELECT now() IS NULL AS a, 2 AS a, now() IS NULL AS a")

    assert out.splitlines()[0] == "a      a  a"


def test_a_shipped_query_is_asked_by_name(data_folder: Path, capsys: Captured) -> None:
    parameters = ("from=2026-01-01", "to=2027-01-01")

    code = run(data_folder, as_json=True, shipped=Named("interactions_by_status", parameters))

    assert code == DONE
    told = {
        row["status"]: row["interaction_count"]
        for row in map(json.loads, capsys.readouterr().out.splitlines())
    }
    assert told == {"completed": 1, "requires_action": 1}


def test_a_wrong_name_or_parameter_of_a_shipped_query_is_said(
    data_folder: Path, capsys: Captured
) -> None:
    nothing = run(data_folder, shipped=Named("nothing"))
    odd = run(data_folder, shipped=Named("gaps", ("form=now",)))

    assert nothing == odd == WRONG_USE
    said = capsys.readouterr().err
    assert "sql --list" in said
    assert "it takes from" in said


def test_the_shipped_queries_are_listed(capsys: Captured) -> None:
    assert list_shipped() == DONE
    assert "tokens_by_model" in capsys.readouterr().out
    assert list_shipped(as_json=True) == DONE
    assert json.loads(capsys.readouterr().out.splitlines()[0]).keys() == {
        "name",
        "subject",
        "about",
        "parameters",
    }
