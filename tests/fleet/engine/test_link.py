from __future__ import annotations

import re

import duckdb
import pytest

from proxy.errors import StartRefused, StoreError
from proxy.fleet.engine.link import extension_file, required
from tests.fleet.standin import EPOCH, Rows, StandIn


def test_rows_and_what_the_fence_goes_by_are_one_transaction() -> None:
    link = StandIn()
    link.rows.execute("CREATE TABLE lake.t (a BIGINT)")

    with link.commit("ship", {"proxy": "a"}) as rows:
        rows.execute("INSERT INTO lake.t VALUES (1)")

    assert (link.lake("FROM lake.t"), link.told) == ([(1,)], [{"proxy": "a", "epoch": EPOCH}])


def test_who_writes_says_so_from_before_the_first_file_and_begins_in_the_epoch_of_then() -> None:
    link = StandIn()
    link.rows.execute("CREATE TABLE lake.t (a BIGINT)")

    with link.commit("ship") as rows:
        rows.execute("INSERT INTO lake.t VALUES (1)")
        before = [text for text, _ in link.asked]

    assert re.search("lock_timeout.*lock_shared.*FROM fleet.epoch", " ".join(before), re.DOTALL)
    assert "unlock" not in " ".join(before)
    assert "unlock_shared" in link.asked[-1][0]


def test_who_changes_rows_writes_while_nobody_else_does() -> None:
    link = StandIn()

    with link.commit("ship", is_alone=True):
        before = " ".join(text for text, _ in link.asked)

    assert re.search(r"pg_advisory_lock\(.*FROM fleet.epoch", before, re.DOTALL)
    assert "pg_advisory_unlock(" in link.asked[-1][0]


def test_who_failed_to_write_keeps_nobody_waiting() -> None:
    link = StandIn()
    with pytest.raises(StoreError), link.commit("upkeep") as rows:
        rows.execute("no statement")

    assert "unlock_shared" in link.asked[-1][0]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'Failed.\nFailed to execute query "UPDATE ... \'{"a": "digest0"}\';": ERROR:  fleet: another\nCONTEXT:  line 1',
            "fleet: another",
        ),
        ('Failed to commit: Failed to execute query "COMMIT": server closed', "server closed"),
        ("Failed to commit.\nTransaction conflict", "Failed to commit. Transaction conflict"),
    ],
)
def test_what_is_refused_is_told_in_one_line_without_the_values_in_the_statement(
    said: str, told: str
) -> None:
    """DuckDB's error has all of the statement to the catalog: the least and the greatest digest among it."""
    with pytest.raises(StoreError) as refused, StandIn().commit("ship"):
        raise duckdb.Error(said)

    assert str(refused.value) == f"the fleet's engine took nothing: {told}"


def test_who_is_alone_begins_an_epoch_before_he_looks() -> None:
    link = StandIn({"unlock(": [(True, "")]})

    with link.alone():
        before = " ".join(text for text, _ in link.asked)

    assert re.search(r"lock_timeout.*pg_advisory_lock\(.*UPDATE fleet.epoch", before, re.DOTALL)
    assert "unlock(" in link.asked[-1][0]


class Ended(StandIn):
    """The catalog ended the session meanwhile, and with it the lock."""

    is_over = False

    def _asked(self, statement: str, given: object) -> Rows:
        if self.is_over:
            raise StoreError("terminating connection due to idle-session timeout")
        return super()._asked(statement, given)


def test_who_was_not_alone_all_the_time_learns_it() -> None:
    link = Ended()

    with pytest.raises(StoreError, match="idle-session"), link.alone():
        link.is_over = True


def test_what_the_engine_refuses_leaves_nothing() -> None:
    link = StandIn()
    link.rows.execute("CREATE TABLE lake.t (a BIGINT)")

    def commit() -> None:
        with link.commit("ship") as rows:
            rows.execute("INSERT INTO lake.t VALUES (1)")
            rows.execute("INSERT INTO lake.t VALUES ('no number')")

    with pytest.raises(StoreError, match="took nothing"):
        commit()

    with pytest.raises(duckdb.TransactionException):
        link.rows.execute("FROM lake.t")  # so the link is closed, and another one opened


def test_what_is_not_installed_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(StartRefused, match=r"interactions-proxy\[fleet\]"):
        required("a_module_that_nobody_has")
    with pytest.raises(StartRefused, match=r"no extension nothing here: pip install"):
        extension_file("nothing")
