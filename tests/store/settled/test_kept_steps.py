"""Calls, results and numbers of steps that are kept as rows say what all steps say, whenever they are settled."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Final

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.recording.facts import ActFact, Recording
from proxy.store import queries
from proxy.store.asking.shipped import shipped
from proxy.store.database import Database
from proxy.store.position import FactBatch
from proxy.store.settled.settling import has_rows, settle
from tests.store.emptying import empty
from tests.store.samples import SECOND_NS, START_NS, batch, fact, recording, step
from tests.store.test_tool_views import Play

CONVERSATIONS: Final = 3
PLAIN_STEPS: Final = """
    WITH followed AS (
        SELECT DISTINCT previous_hash AS id_hash
        FROM interactions
        WHERE previous_hash IS NOT NULL AND status IS NOT NULL
    ),
    shown AS (
        SELECT id_hash, interaction, side, type, call_id, min(coalesce(ended_at, seen_at)) AS seen_at
        FROM steps
        WHERE side = 'output' AND call_id IS NOT NULL
        GROUP BY ALL
    ),
    told AS (
        SELECT *, max(place) FILTER (
            WHERE side = 'input' AND type IN ('model_output', 'function_call')
        ) OVER (PARTITION BY id_hash, interaction) AS history_end
        FROM timeline
    ),
    single AS (
        SELECT *, unnest(string_split(call_id, ',')) AS one_call_id FROM told WHERE call_id IS NOT NULL
    )
    SELECT
        single.interaction, turns.root_hash, place, single.side, single.type, one_call_id,
        single.name, server_name, variant, is_error, place > coalesce(history_end, 0), step_mac,
        turns.created_at, coalesce(shown.seen_at, turns.created_at), started_at, single.ended_at,
        turns.status, followed.id_hash IS NOT NULL,
        turns.previous_hash IS NULL
            OR turns.previous_hash IN (SELECT o.id_hash FROM observations AS o),
        single.id_hash
    FROM single
    INNER JOIN interactions AS turns USING (interaction)
    LEFT JOIN shown ON (shown.id_hash, shown.side, shown.type, shown.call_id)
        = (single.id_hash, single.side, single.type, single.call_id)
    LEFT JOIN followed ON followed.id_hash = single.id_hash
    WHERE one_call_id != '(odd)'
"""
PLAIN_COUNTS: Final = """
    SELECT side, type, count(*), count(DISTINCT steps.interaction), sum(text_bytes)
    FROM timeline AS steps
    INNER JOIN interactions AS told USING (interaction)
    WHERE created_at >= $from
    GROUP BY ALL
"""
PLAIN_TURNS: Final = """
    (SELECT interaction FROM interactions ORDER BY last_seen_at DESC, interaction LIMIT $limit)
    UNION
    SELECT interaction FROM observations
    WHERE root_hash IN (SELECT o.root_hash FROM observations AS o WHERE o.interaction = $interaction)
"""
BEGINNING: Final = dt.datetime(2000, 1, 1)  # noqa: DTZ001  # instants of the tables have no zone


def said(cursor: duckdb.DuckDBPyConnection, sql: str, **given: object) -> list[tuple[object, ...]]:
    return cursor.execute(f"FROM ({sql}) ORDER BY ALL", given or None).fetchall()


def asked_again(dice: random.Random, numbers: Iterator[int], made: Recording) -> Recording:
    """The same interaction, shown once more: as a whole, or the piece that a resumed stream brought."""
    number = next(numbers)
    shown = tuple(
        replace(each, name=dice.choice([each.name, "other"]), text_bytes=number)
        for each in made.steps
        if dice.random() < 0.8
    )
    (seen,) = made.observations
    return recording(
        number,
        how=dice.choice(["read", "resumed"]),
        interaction=seen.interaction,
        seconds=number * 60,
        steps=shown,
        status="completed",
        is_terminal=dice.random() < 0.5,
        is_streaming=dice.random() < 0.5,
        root_hash=seen.root_hash,
    )


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whenever_steps_are_settled_the_views_say_what_all_steps_say(
    one_database: Database, seed: int
) -> None:
    dice, numbers, cursor = random.Random(seed), count(1000), one_database.cursor()
    tables = ("exchanges", "observations", "steps", "touched", "settled", "settled_tool_steps")
    empty(one_database, *tables)
    play = Play(seed)
    for name in range(CONVERSATIONS):
        play.conversation(name)
    late = [asked_again(dice, numbers, dice.choice(play.recordings)) for _ in range(6)]
    waiting = [*dice.sample(play.recordings, len(play.recordings)), *late]
    offset = 0

    while waiting:
        offset += 1
        size = dice.randrange(1, 8)
        taken, waiting = waiting[:size], waiting[size:]
        one_database.ingest(batch(*taken, offset=offset))
        if dice.random() < 0.5:
            settle(cursor)

    assert said(cursor, "FROM tool_steps") == said(cursor, PLAIN_STEPS)
    for limit in (0, 1, 4, 100):
        asked = {"interaction": dice.choice(play.recordings).observations[0].interaction}
        turns = said(cursor, queries.statements()["turns"].rstrip("; \n"), **asked, limit=limit)
        assert {turn[0] for turn in turns} == {
            row[0] for row in said(cursor, PLAIN_TURNS, **asked, limit=limit)
        }
    by_type = shipped()["steps_by_type"].sql
    given = {"from": BEGINNING}
    assert said(cursor, by_type, **given) == said(cursor, PLAIN_COUNTS, **given)


def test_steps_of_long_ago_are_not_counted(database: Database) -> None:
    old = recording(1, interaction="v1_old", steps=(step("model_output"),))
    new = recording(2, interaction="v1_new", seconds=10_000, steps=(step("thought"),))
    database.ingest(batch(old, new))
    settle(database.cursor())
    since = dt.datetime.fromtimestamp(START_NS / 1e9 + 5_000, dt.UTC).replace(tzinfo=None)

    found = said(database.cursor(), shipped()["steps_by_type"].sql, **{"from": since})

    assert [row[:4] for row in found] == [("output", "thought", 1, 1)]


@pytest.mark.parametrize("is_settled_after", [False, True])
def test_an_erased_digest_leaves_what_is_kept_at_once(
    database: Database, *, is_settled_after: bool
) -> None:
    call = step("function_call", call_id="c1", step_mac="feed")
    gone, other = (recording(n, interaction=f"v1_{n}", steps=(call,)) for n in (1, 2))
    database.ingest(batch(gone, other))
    settle(database.cursor())
    data = json.dumps({"exchanges": [gone.exchange.exchange], "interactions": []})
    act = fact(ActFact, at=START_NS + 9 * SECOND_NS, kind="erased", data=data)

    database.ingest(FactBatch((), (), (act,), batch(recording(3)).position))

    if is_settled_after:
        settle(database.cursor())
    kept = said(database.cursor(), "SELECT interaction, step_mac FROM settled_tool_steps")
    assert kept == [*([("v1_1", None)] if is_settled_after else []), ("v1_2", "feed")]
    told = said(database.cursor(), "SELECT interaction, step_mac FROM tool_steps")
    assert told == [("v1_1", None), ("v1_2", "feed")]
    assert has_rows(database.cursor(), "touched") != is_settled_after
