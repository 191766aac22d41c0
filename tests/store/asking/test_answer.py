from __future__ import annotations

from collections.abc import Iterator

import pytest

from proxy.store.asking.answer import TooSlow, WrongQuestion, answer_shipped
from proxy.store.asking.lending import LentTables
from proxy.store.asking.shipped import Shipped
from proxy.store.database import Database


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LentTables]:
    path = tmp_path_factory.mktemp("answer") / "facts.duckdb"
    lent = LentTables(lambda: Database.open(path)).open()
    yield lent
    lent.close()


def question(sql: str) -> Shipped:
    return Shipped("it", "file", "", (), sql)


def test_rows_beyond_the_limit_are_cut_and_said_to_be(tables: LentTables) -> None:
    told = answer_shipped(tables, question("SELECT * FROM range(10)"), {}, rows_max=4)
    whole = answer_shipped(tables, question("SELECT * FROM range(4)"), {}, rows_max=4)

    assert (told.table.num_rows, told.is_cut) == (4, True)
    assert (whole.table.num_rows, whole.is_cut) == (4, False)


def test_parameters_are_bound_by_name(tables: LentTables) -> None:
    told = answer_shipped(tables, question("SELECT $a || $b AS both"), {"a": "x'", "b": "y"})

    assert told.table.column("both").to_pylist() == ["x'y"]


def test_the_deadline_ends_a_question(tables: LentTables) -> None:
    endless = question("SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b")

    with pytest.raises(TooSlow, match=r"within 0\.2 s"):
        answer_shipped(tables, endless, {}, deadline_s=0.2)


def test_what_duckdb_refuses_is_told(tables: LentTables) -> None:
    with pytest.raises(WrongQuestion, match="does not exist"):
        answer_shipped(tables, question("FROM nowhere"), {})
