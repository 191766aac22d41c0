from __future__ import annotations

import duckdb
import pytest

from proxy.errors import StartRefused, StoreError
from proxy.fleet.engine.link import extension_file, required
from tests.fleet.standin import StandIn


def test_rows_and_what_the_fence_goes_by_are_one_transaction() -> None:
    link = StandIn()
    link.rows.execute("CREATE TABLE lake.t (a BIGINT)")

    with link.commit({"proxy": "a"}) as rows:
        rows.execute("INSERT INTO lake.t VALUES (1)")

    assert (link.lake("FROM lake.t"), link.told) == ([(1,)], [{"proxy": "a"}])


def test_what_the_engine_refuses_leaves_nothing() -> None:
    link = StandIn()
    link.rows.execute("CREATE TABLE lake.t (a BIGINT)")

    def commit() -> None:
        with link.commit({}) as rows:
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
