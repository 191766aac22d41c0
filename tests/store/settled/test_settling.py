"""What the tables `settled*` hold changes no answer: whenever they are filled, the views say the same."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from proxy.recording.facts import ActFact, CostFact, Recording
from proxy.store.database import Database
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.settled import settling
from proxy.store.settled.settling import QUIET_NS, SETTLE_ROWS, has_rows, settle
from tests.store.pricing.test_repricing import AFTER, act, answered, take
from tests.store.samples import SECOND_NS, START_NS, batch, fact, id_hash, recording

VIEWS = (
    *("interactions", "cost_lines_of_all_books", "costs_by_interaction", "conversations", "copies"),
    "timeline",
)
# What the tables `settled*` and `mentions` are to say, in so many words over all rows.
PLAIN = {
    "SELECT interaction, deleted_at FROM interactions": """
        SELECT interaction, any_value(deleted_at)
        FROM observations LEFT JOIN (
            SELECT interaction, min(ended_at) AS deleted_at FROM exchanges
            WHERE operation = 'delete' AND status BETWEEN 200 AND 299 GROUP BY interaction
        ) USING (interaction)
        GROUP BY interaction
    """,
    "SELECT interaction, client, create_status, served_at, deleted_at FROM copies WHERE NOT is_foreign": """
        SELECT interaction,
            coalesce(
                arg_min(client, started_at) FILTER (WHERE operation = 'create'),
                arg_min(client, started_at) FILTER (WHERE purpose = 'client')
            ),
            arg_min(status, started_at) FILTER (WHERE operation = 'create'),
            max(ended_at) FILTER (
                WHERE operation = 'get' AND purpose != 'verify' AND status BETWEEN 200 AND 299
            ),
            min(ended_at) FILTER (
                WHERE operation = 'delete' AND purpose = 'client' AND status BETWEEN 200 AND 299
            )
        FROM exchanges
        WHERE interaction IN (SELECT o.interaction FROM observations AS o WHERE how != 'deleted')
        GROUP BY interaction
    """,
    "SELECT interaction, began_at, expires_earliest, is_stored FROM copies WHERE is_foreign": """
        SELECT previous_interaction_id, min(seen_at), min(seen_at), TRUE
        FROM observations
        WHERE how = 'created' AND interaction_id IS NOT NULL AND previous_interaction_id NOT IN
            (SELECT o.interaction FROM observations AS o WHERE o.how != 'deleted')
        GROUP BY ALL
    """,
    "SELECT interaction, continued_at FROM copies WHERE continued_at IS NOT NULL AND NOT is_foreign": """
        SELECT previous_interaction_id, max(seen_at)
        FROM observations
        WHERE how = 'created' AND interaction_id IS NOT NULL AND previous_interaction_id IN
            (SELECT o.interaction FROM observations AS o WHERE o.how != 'deleted')
        GROUP BY ALL
    """,
    "SELECT interaction, state, due_at FROM copies WHERE state IS NOT NULL AND NOT is_foreign": """
        SELECT interaction, arg_max(data ->> '$.state', seen_at),
            make_timestamp(arg_max((data ->> '$.due')::BIGINT, seen_at) // 1000)
        FROM acts
        WHERE kind = 'disposal' AND interaction IN
            (SELECT o.interaction FROM observations AS o WHERE how != 'deleted')
        GROUP BY ALL
    """,
    "SELECT interaction, label_index FROM copies WHERE NOT is_foreign": """
        SELECT interaction, max(label_index) FROM observations WHERE how != 'deleted' GROUP BY ALL
    """,
}


FOREIGN = "SELECT interaction FROM copies WHERE is_foreign"


def said(database: Database) -> dict[str, list[tuple[object, ...]]]:
    cursor = database.cursor()
    return {view: cursor.execute(f"FROM {view} ORDER BY ALL").fetchall() for view in VIEWS}


def told(dice: random.Random, sequence: int) -> Recording:
    """Something about one of five interactions: created, polled, resumed, cancelled, deleted; perhaps priced."""
    name = f"v1_{dice.randrange(5)}"
    how = dice.choice(["created", "read", "read", "resumed", "cancelled", "deleted"])
    before: dict[str, Any] = dice.choice(
        [
            {},
            {"previous_interaction_id": "v1_0", "previous_hash": id_hash("v1_0")},
            {"previous_interaction_id": "v1_foreign", "previous_hash": id_hash("v1_foreign")},
        ]
    )
    made = recording(
        sequence,
        how=how,
        interaction=name,
        seconds=sequence,
        status=dice.choice([None, "in_progress", "completed", "failed"]),
        is_terminal=dice.random() < 0.5,
        model=dice.choice([None, "m"]),
        total_tokens=dice.choice([None, 10 * sequence]),
        service_tier_asked="flex" if dice.random() < 0.2 else None,
        label_index=dice.choice([None, f"label{sequence}"]),
        **before,
    )
    if how == "deleted" and dice.random() < 0.5:
        made = replace(made, observations=(), usage=())  # an answer without a body tells no more
    if not made.observations or dice.random() < 0.5:
        return made
    seen = made.observations[0]
    cost = fact(
        CostFact,
        exchange=seen.exchange,
        interaction=name,
        id_hash=seen.id_hash,
        at=seen.at,
        book=dice.choice(["2026-01-01", "2026-11-01"]),
        item="input",
        quantity=sequence,
        amount_pico_usd=dice.choice([None, sequence]),
        reason="",
    )
    return replace(made, costs=(cost,))


def acts_of(dice: random.Random, number: int) -> tuple[ActFact, ...]:
    """A step of a disposal, or the keys of some exchange are gone."""
    at = START_NS + number * SECOND_NS
    data = json.dumps({"state": dice.choice(["scheduled", "sending"]), "due": number * 1000})
    disposal = fact(
        ActFact, at=at, kind="disposal", interaction=f"v1_{dice.randrange(5)}", data=data
    )
    data = json.dumps({"exchanges": [f"x0-{7:016x}-{dice.randrange(1, 9)}"], "interactions": []})
    erased = fact(ActFact, at=at, kind="erased", data=data)
    return dice.choice([(), (disposal,), (erased,), (disposal, erased)])


@pytest.mark.parametrize(("seed", "rows"), [(0, SETTLE_ROWS), (1, SETTLE_ROWS), (2, 2)])
def test_whenever_it_is_settled_the_views_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, rows: int
) -> None:
    monkeypatch.setattr(settling, "SETTLE_ROWS", rows)
    dice = random.Random(seed)
    often, never = Database.open(tmp_path / "a.duckdb"), Database.open(tmp_path / "b.duckdb")
    sequence = iter(range(1, 1000))
    for number in range(8):
        made = batch(*(told(dice, next(sequence)) for _ in range(dice.randrange(1, 6))))
        taken = replace(made, acts=acts_of(dice, number))
        often.ingest(taken)
        never.ingest(taken)
        assert said(often) == said(never)
        if dice.random() < 0.6:
            settle(often.cursor())
            assert said(often) == said(never)
        cursor = often.cursor()
        for view, plain in PLAIN.items():
            found = cursor.execute(f"FROM ({view}) ORDER BY ALL").fetchall()
            assert found == cursor.execute(f"FROM ({plain}) ORDER BY ALL").fetchall(), view

    assert not has_rows(never.cursor(), "settled")
    often.close()
    never.close()


def test_a_copy_made_elsewhere_is_one_until_somebody_tells_of_it(database: Database) -> None:
    elsewhere: dict[str, Any] = {
        "previous_interaction_id": "v1_far",
        "previous_hash": id_hash("v1_far"),
    }
    database.ingest(batch(recording(1, **elsewhere)))
    settle(database.cursor())
    told = "SELECT client, state, expires_earliest = began_at, expires_latest > began_at FROM audit.retention WHERE is_foreign"
    assert database.cursor().execute(told).fetchall() == [(None, None, True, True)]

    database.ingest(batch(recording(2, how="read", interaction="v1_far", seconds=2)))

    assert database.cursor().execute(FOREIGN).fetchall() == []
    settle(database.cursor())
    found = "SELECT count(*) FROM copies WHERE interaction = 'v1_far' AND NOT is_foreign"
    assert database.cursor().execute(found).fetchone() == (1,)


def test_few_wait_until_it_is_quiet(database: Database) -> None:
    database.ingest(batch(recording(1)))
    database.checkpoint_if_due(0)
    assert has_rows(database.cursor(), "touched")

    database.checkpoint_if_due(QUIET_NS)

    assert not has_rows(database.cursor(), "touched")
    assert has_rows(database.cursor(), "settled")


def test_many_do_not_wait(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "SETTLE_ROWS", 2)
    database.ingest(batch(recording(1), recording(2, interaction="v1_two")))

    database.checkpoint_if_due(0)

    assert not has_rows(database.cursor(), "touched")
    assert SETTLE_ROWS > 2


def test_other_views_fill_the_tables_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "facts.duckdb"
    monkeypatch.setattr(settling, "SETTLE_ROWS", 2)
    before = Database.open(path)
    elsewhere: dict[str, Any] = {
        "previous_interaction_id": "v1_far",
        "previous_hash": id_hash("v1_far"),
    }
    before.ingest(
        batch(
            *(recording(n, interaction=f"v1_{n}", total_tokens=n) for n in range(1, 8)),
            recording(8, interaction="v1_8", **elsewhere),
        )
    )
    was = said(before)
    assert before.cursor().execute(FOREIGN).fetchall() == [("v1_far",)]
    before.cursor().execute("UPDATE views_made SET digest = 'of another release'")
    before.cursor().execute("UPDATE settled_by SET digest = 'of another release'")
    before.close()

    after = Database.open(path)

    count = after.cursor().execute("SELECT count(*) FROM settled").fetchone()
    assert count == (8,)
    assert after.cursor().execute(FOREIGN).fetchall() == [("v1_far",)]
    assert not has_rows(after.cursor(), "unsettled")
    assert said(after) == was
    after.close()


class Narrow:
    """A connection with memory for so many interactions at once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, most: int) -> None:
        self._connection = connection
        self._most = most

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *given: object) -> Any:
        if statement.startswith("INSERT INTO settled_tool_steps"):
            row = self._connection.execute("SELECT count(*) FROM copies_touched").fetchone()
            assert row is not None
            if row[0] > self._most:
                raise duckdb.OutOfMemoryException("Out of Memory Error")
        return self._connection.execute(statement, *given)


@pytest.mark.parametrize("waiting", ["touched", "unsettled"])
def test_with_too_little_memory_it_is_settled_in_smaller_portions(
    database: Database, monkeypatch: pytest.MonkeyPatch, waiting: str
) -> None:
    monkeypatch.setattr(settling, "SETTLE_ROWS", 16)
    monkeypatch.setattr(settling, "SETTLE_ROWS_LEAST", 1)
    count = 9
    database.ingest(batch(*(recording(n, interaction=f"v1_{n}") for n in range(1, count + 1))))
    was, cursor = said(database), database.cursor()
    if waiting == "unsettled":
        cursor.execute("INSERT INTO unsettled SELECT id_hash FROM touched")
        cursor.execute("DELETE FROM touched")

    settle(cast("duckdb.DuckDBPyConnection", Narrow(cursor, 1)))

    assert not any(has_rows(cursor, table) for table in ("touched", "unsettled"))
    assert cursor.execute("SELECT count(*) FROM settled").fetchall() == [(count,)]
    assert said(database) == was


def test_with_no_memory_at_all_it_fails_and_what_waits_goes_on_waiting(database: Database) -> None:
    database.ingest(batch(recording(1)))
    was, cursor = said(database), database.cursor()

    with pytest.raises(duckdb.OutOfMemoryException):
        settle(cast("duckdb.DuckDBPyConnection", Narrow(cursor, 0)))

    assert has_rows(cursor, "touched")
    assert said(database) == was


def test_another_book_of_prices_reaches_what_was_settled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SETTLE_ROWS", 2)
    take(database, 1, *(answered(n, id=f"v1_{n}") for n in range(1, 6)))
    settle(database.cursor())
    take(database, 2, acts=(act(),))

    database.checkpoint_if_due(0)

    found = database.cursor().execute("SELECT DISTINCT book FROM costs_by_interaction").fetchall()
    assert found == [("2027-01-01",)]


def test_a_name_that_is_no_text_is_touched_as_it_is_kept(database: Database) -> None:
    made = recording(1, interaction=None, how="deleted")
    odd = replace(made, exchange=replace(made.exchange, interaction="v1_\ud800"))

    database.ingest(batch(odd))

    hashed = "SELECT ('0x' || substr(sha256(interaction), 1, 16))::UBIGINT FROM exchanges"
    cursor = database.cursor()
    assert cursor.execute("FROM touched").fetchall() == cursor.execute(hashed).fetchall()


def test_a_batch_of_acts_touches_nothing(database: Database) -> None:
    database.ingest(FactBatch((), (), (act(AFTER, json.loads("{}")),), VaultPosition("a", 1)))

    assert not has_rows(database.cursor(), "touched")
