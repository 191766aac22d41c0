from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.store import queries
from proxy.store.asking.one import about_one, may_be_a_hop, steps_of
from proxy.store.database import Database
from proxy.store.settled.settling import settle
from tests.store.emptying import empty
from tests.store.samples import batch, recording, step
from tests.store.settled.test_settling import told

AS_BEFORE = """
    WITH this AS MATERIALIZED (
        SELECT * FROM interactions WHERE id_hash = hash_of($interaction) AND interaction = $interaction
    ),
    turns AS (
        SELECT
            count(DISTINCT told.interaction) FILTER (WHERE told.seen_at <= this.first_seen_at) AS turn,
            count(DISTINCT told.interaction) AS turn_count
        FROM (
            SELECT interaction, seen_at, status
            FROM observations
            WHERE root_hash IN (SELECT first.root_hash FROM this AS first)
        ) AS told
        CROSS JOIN this
        WHERE told.status IS NOT NULL OR told.interaction = this.interaction
    )
    SELECT COLUMNS(this.*), turns.turn, turns.turn_count FROM this CROSS JOIN turns
"""


class Asked:
    """Asks the tables, and knows what was asked."""

    def __init__(self, database: Database) -> None:
        self._cursor = database.cursor()
        self.names: list[str] = []

    def __call__(self, name: str, **given: Any) -> list[dict[str, Any]]:
        self.names.append(name)
        return queries.dicts(self._cursor, name, **given)[1]

    def as_before(self, interaction: str) -> dict[str, Any] | None:
        """What one statement over the view says."""
        done = self._cursor.execute(AS_BEFORE, {"interaction": interaction})
        names = [each[0] for each in done.description or ()]
        found = done.fetchone()
        return None if found is None else dict(zip(names, found, strict=True))


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32), is_settled=st.booleans())
def test_one_is_told_of_as_the_view_tells_of_it(
    one_database: Database, *, seed: int, is_settled: bool
) -> None:
    dice, asked = random.Random(seed), Asked(one_database)
    cursor = one_database.cursor()
    tables = ("exchanges", "observations", "usage", "costs", "mentions", "settled", "touched")
    empty(one_database, *tables)
    one_database.ingest(batch(*(told(dice, n) for n in range(1, 8)), offset=1))
    if is_settled:
        settle(cursor)
        one_database.ingest(batch(told(dice, 9), offset=2))

    for name in (*(f"v1_{n}" for n in range(5)), "v1_unknown"):
        assert about_one(asked, name) == asked.as_before(name)


def test_what_is_settled_is_not_looked_for_in_the_view(database: Database) -> None:
    database.ingest(batch(recording(1)))
    settle(database.cursor())
    asked = Asked(database)

    assert about_one(asked, "v1_one") is not None
    assert asked.names == ["interaction_settled", "place_of"]


def test_steps_are_the_same_however_many_exchanges_told_of_them(database: Database) -> None:
    steps = (
        step("user_input", 0, "input", text_bytes=3),
        step("thought", 0, stream_index=1),
        step("model_output", 1, stream_index=0, duration_ns=None),
    )
    resumed: dict[str, Any] = {"how": "resumed", "is_streaming": True}
    plays = [
        recording(1, interaction="v1_once", steps=steps, input_step_count=1),
        recording(2, interaction="v1_no_input", steps=steps, seconds=1),
        recording(3, interaction="v1_polled", steps=steps, seconds=2, input_step_count=1),
        recording(4, interaction="v1_polled", steps=steps, seconds=3, how="read"),
        recording(5, interaction="v1_resumed", steps=steps, seconds=4, **resumed),
    ]
    database.ingest(batch(*plays))
    for _ in range(2):
        asked = Asked(database)
        for name in ("v1_once", "v1_no_input", "v1_polled", "v1_resumed"):
            about = about_one(asked, name)
            assert about is not None
            assert steps_of(asked, about) == asked("timeline_of", interaction=name)
        assert asked.names.count("timeline_told_once") == 2
        settle(database.cursor())


def test_a_turn_knows_its_place_in_the_conversation(database: Database) -> None:
    first = recording(1, status="completed")
    after: dict[str, Any] = {"root_hash": first.observations[0].root_hash, "status": "completed"}
    later = [recording(n, interaction=f"v1_{n}", seconds=n, **after) for n in (2, 3)]
    database.ingest(batch(first, *later))

    about = about_one(Asked(database), "v1_2")

    assert about is not None
    assert (about["turn"], about["turn_count"]) == (2, 3)


def test_only_what_says_so_may_be_a_hop() -> None:
    alone = {"has_continuation_token": False, "status": "completed", "is_continuation": None}

    assert not may_be_a_hop(alone)
    assert may_be_a_hop(alone | {"has_continuation_token": True})
    assert may_be_a_hop(alone | {"status": "requires_continuation"})
    assert may_be_a_hop(alone | {"is_continuation": True})
