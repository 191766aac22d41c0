from __future__ import annotations

import re
from importlib import resources

import pytest

from proxy.errors import PositionUnknown, StoreError
from proxy.fleet.engine.catalog import (
    OBJECTS,
    TABLES_WITHIN_S,
    bring_up,
    following,
    make_tables,
    position_of,
    put_back,
    table_shapes,
)
from proxy.store.erasing.scrubbing import DIGESTS
from proxy.store.ingest import TABLES
from proxy.store.position import VaultPosition
from tests.fleet.standin import Rows, StandIn, with_tables


def test_the_lake_has_every_table_of_facts_with_the_name_of_the_proxy() -> None:
    link = with_tables()

    shapes = table_shapes()

    assert shapes.keys() == {*TABLES, OBJECTS, *(table for table, _ in following())}
    for table, shape in shapes.items():
        found = [name for name, *_ in link.lake(f"DESCRIBE lake.{table}")]
        assert found == [*(name for name, _ in shape), "proxy"]


def test_a_table_that_follows_from_others_is_filled_where_an_older_release_had_none() -> None:
    link = with_tables()
    link.rows.execute("DROP TABLE lake.unread")
    link.rows.execute(
        "INSERT INTO lake.exchanges (exchange, interaction, operation, status, response_bytes, "
        "purpose, proxy) VALUES ('x', 'v1_one', 'get', 200, 5, 'client', 'eu-1')"
    )

    make_tables(link)

    assert link.lake("SELECT exchange, how, proxy FROM lake.unread") == [("x", "read", "eu-1")]


def test_a_column_that_an_older_release_did_not_know_is_added() -> None:
    link = StandIn()
    link.rows.execute("CREATE TABLE lake.steps (exchange VARCHAR, proxy VARCHAR)")
    link.rows.execute("INSERT INTO lake.steps VALUES ('x', 'a')")

    make_tables(link)

    assert link.lake("SELECT exchange, proxy, step_mac FROM lake.steps") == [("x", "a", None)]


def test_the_books_are_made_once_for_each_text() -> None:
    link = StandIn()
    bring_up(link, "a", "0123")
    made = [text for text, _ in link.asked if "CREATE OR REPLACE TRIGGER" in text]
    link.answers["SELECT digest"] = [
        given
        for text, given in link.asked
        if "INTO fleet.made" in text and isinstance(given, tuple)
    ]

    bring_up(link, "a", "0123")

    assert len(made) == 1
    assert [text for text, _ in link.asked if "CREATE OR REPLACE TRIGGER" in text] == made


def test_no_digest_of_content_is_among_what_the_catalog_says_of_columns() -> None:
    """The least and the greatest of them would stay there whatever is erased."""
    text = (resources.files("proxy.fleet") / "engine" / "books.sql").read_text("utf-8")
    found = re.search(r"known\.column_name IN \((.*?)\)", text, re.DOTALL)
    assert found

    named = set(re.findall(r"'(\w+)'", found[1]))
    known = {name for shape in table_shapes().values() for name, _ in shape}

    assert named == {name for columns in DIGESTS.values() for name in columns} | {"mac_hash"}
    assert {name for name in known if re.search(r"(^|_)mac(_|$)", name)} <= named


def test_a_proxy_with_another_fingerprint_key_is_refused() -> None:
    link = StandIn({"fingerprint <>": [("eu-2",)]})

    with pytest.raises(StoreError, match="not the one of eu-2"):
        bring_up(link, "a", "0123")

    assert "unlock" in link.asked[-1][0]


class Held(StandIn):
    """The lock is another proxy's, for as long as anybody waits."""

    def _asked(self, statement: str, given: object) -> Rows:
        if "pg_advisory_lock(" in statement:
            limit = f"SET lock_timeout = '{TABLES_WITHIN_S}s'"
            assert (limit, None) in self.asked, "this waits for ever"
            raise StoreError("canceling statement due to lock timeout")
        return super()._asked(statement, given)


def test_a_proxy_that_is_stuck_making_tables_does_not_keep_the_others_waiting_without_a_word() -> (
    None
):
    link = Held()

    with pytest.raises(StoreError, match=r"no turn to make .* another proxy .* lock timeout"):
        bring_up(link, "a", "0123")

    assert not any("unlock" in text or "CREATE" in text for text, _ in link.asked)


def test_the_position_is_the_one_of_this_vault() -> None:
    link = StandIn({"SELECT file": [("20261123-000001", 10, "0a", "first@1")]})

    assert position_of(link, "a", "first@1") == (VaultPosition("20261123-000001", 10), "0a")
    with pytest.raises(PositionUnknown, match="another vault"):
        position_of(link, "a", "second@2")


def test_a_vault_that_was_shipped_under_another_name_keeps_that() -> None:
    """A proxy that is given another name, and a copy of its folder, would have all of it in the record twice."""
    link = StandIn({"AND proxy <> %s": [("b",)]})

    with pytest.raises(PositionUnknown, match="was shipped as b"):
        position_of(link, "a", "first@1")

    assert not any("UPDATE" in text for text, _ in link.asked)


def test_a_position_is_put_back_only_from_where_it_was() -> None:
    since, to = VaultPosition("20261123-000001", 10), (VaultPosition("20261123-000001", 5), "0b")
    put_back(StandIn({"RETURNING proxy": [("a",)]}), "a", since, to)

    with pytest.raises(StoreError, match="another by now"):
        put_back(StandIn(), "a", since, to)
