from __future__ import annotations

import re
from pathlib import Path

import duckdb

from proxy.fleet.asking import views_over
from proxy.fleet.shipping.staging import Staging
from proxy.store.database import Database
from tests import ready_tables
from tests.fleet.standin import with_tables
from tests.store.samples import batch, recording, step

made_here = ready_tables.made_here
VIEWS = ("interactions", "steps", "exchanges", "conversations", "costs", "tool_calls")
ONE = batch(recording(1, steps=(step("model_output"),), total_tokens=5, model="m"))
OTHER = batch(
    recording(2, how="read", is_terminal=True, status="completed", seconds=9),
    recording(3, interaction="v1_two", previous_interaction_id="v1_one", seconds=5),
)


def said(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """References without the proxy that they begin with in a fleet."""
    known = {
        name
        for (name,) in connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = 'audit'"
        ).fetchall()
    }
    return {
        name: sorted(
            re.sub(r"'eu-\d/", "'", repr(row))
            for row in connection.execute(f"FROM audit.{name}").fetchall()
        )
        for name in VIEWS
        if name in known
    }


def test_views_over_what_several_proxies_shipped_say_what_an_embedded_store_says(
    tmp_path: Path,
) -> None:
    link = with_tables()
    for proxy, told in (("eu-1", ONE), ("eu-2", OTHER)):
        staging = Staging(link.rows, proxy)
        staging.take(told)
        staging.send()
        link.rows.execute("USE memory")
        link.rows.execute("DETACH facts")
    database = Database.open(tmp_path / "facts.duckdb")
    for told in (ONE, OTHER):
        database.ingest(told)

    with views_over(link.rows, None) as views:
        found = said(views)
        origins = views.execute("FROM origins ORDER BY ALL").fetchall()

    assert found == said(database.cursor())
    assert len(found) >= 4
    assert found["interactions"]
    assert [proxy for _, proxy in origins] == ["eu-1", "eu-2", "eu-2"]
    with views_over(link.rows, "eu-1") as views:
        assert views.execute("SELECT count(*) FROM exchanges").fetchall() == [(1,)]
        assert "/" not in str(views.execute("SELECT raw_ref FROM exchanges").fetchall())
    database.close()


def test_a_reference_of_a_fleet_names_its_proxy() -> None:
    """Two vaults have places of the same name."""
    link = with_tables()
    for proxy in ("eu-1", "eu-2"):
        link.rows.execute(
            "INSERT INTO lake.steps (exchange, content_ref, proxy) VALUES ('e', 'f:1#0', ?)",
            [proxy],
        )

    with views_over(link.rows, None) as views:
        found = views.execute("SELECT content_ref FROM facts.main.steps ORDER BY ALL").fetchall()

    assert found == [("eu-1/f:1#0",), ("eu-2/f:1#0",)]
