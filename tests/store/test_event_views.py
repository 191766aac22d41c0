"""The one log in SQL: the same as the pure merging gives, whatever the cutting."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from proxy.recording.facts import EventFact, Recording
from proxy.recording.merging.log import Delivered, Delivery, merged
from proxy.store.database import Database
from tests.recording.merging.cuttings import delivery, event, numbered, unnumbered
from tests.store.samples import SECOND_NS, START_NS, batch, fact, id_hash, recording, step

CUTTINGS = 40
"""Random cuttings compared in one go."""
WHOLE: dict[str, Any] = {"is_terminal": True, "status": "completed", "is_streaming": True}


def brought(
    sequence: int, told: Delivery, *, interaction: str = "v1_one", **given: Any
) -> Recording:
    """The recording of one delivery; its name is ignored."""
    is_resumed = told.resumed_after is not None
    base = recording(
        sequence,
        how="resumed" if is_resumed else "created",
        interaction=interaction,
        seconds=sequence,
        **given,
    )
    exchange = replace(base.exchange, resumed_after=told.resumed_after, client="c1")
    events = tuple(
        fact(
            EventFact,
            exchange=exchange.exchange,
            interaction=interaction,
            event_index=place,
            at=START_NS + sequence * SECOND_NS + place,
            event_type=each.type,
            event_id=each.event_id,
            data_bytes=len(each.data),
        )
        for place, each in enumerate(told.events)
    )
    return replace(base, exchange=exchange, events=events)


def ask(database: Database, statement: str, *recordings: Recording) -> list[tuple[Any, ...]]:
    database.ingest(batch(*recordings))
    return database.cursor().execute(statement).fetchall()


def random_deliveries(random: Random, events: list[Delivered]) -> list[Delivery]:
    size = len(events)
    pairs = [sorted((random.randint(0, size), random.randint(0, size))) for _ in range(4)]
    return [delivery(events, start, end) for start, end in pairs if start < end]


def test_a_stream_cut_twice_and_resumed_is_one_log_of_three_deliveries(
    database: Database,
) -> None:
    events = numbered(1000)
    parts = [delivery(events, 0, 300), delivery(events, 250, 650), delivery(events, 600, 1000)]

    rows = ask(
        database,
        "SELECT event_id, place, delivery_count, is_after_gap FROM interaction_events "
        "ORDER BY place",
        *(brought(place, part) for place, part in enumerate(parts, 1)),
    )

    assert [(row[0], row[1]) for row in rows] == [
        (each.event_id, place) for place, each in enumerate(events, 1)
    ]
    assert sum(row[2] for row in rows) == 1100
    assert not any(row[3] for row in rows)
    told = database.cursor().execute(
        "SELECT right(exchange, 1), event_count, first_place, last_place, resumed_after, client, "
        "has_end FROM deliveries ORDER BY exchange"
    )
    assert told.fetchall() == [
        ("1", 300, 1, 300, None, "c1", False),
        ("2", 400, 251, 650, "evt_249", "c1", False),
        ("3", 400, 601, 1000, "evt_599", "c1", True),
    ]


def test_the_log_in_sql_is_the_log_of_the_pure_merging(database: Database) -> None:
    random = Random(5)
    expected: dict[str, list[str | None]] = {}
    recordings: list[Recording] = []
    for number in range(CUTTINGS):
        events = numbered(random.randint(1, 20))
        start = delivery(events, 0, random.randint(1, len(events)))
        parts = [start, *random_deliveries(random, events)]
        tied = [part for part in parts if _is_tied(part, parts)]
        name = f"v1_{number}"
        expected[name] = [each.event_id for each in merged(tied).events]
        recordings += [
            brought(len(recordings) + place, part, interaction=name)
            for place, part in enumerate(tied, 1)
        ]

    rows = ask(
        database,
        "SELECT interaction, list(event_id ORDER BY place) FROM interaction_events GROUP BY ALL",
        *recordings,
    )

    assert dict(rows) == expected


def _is_tied(part: Delivery, parts: list[Delivery]) -> bool:
    """Whether a part begins in what comes from the beginning: only such are compared event by event."""
    reached = {each.event_id for each in parts[0].events}
    return part.resumed_after is None or part.resumed_after in reached


def test_streams_without_ids_count_through(database: Database) -> None:
    events = unnumbered(5)

    rows = ask(
        database,
        "SELECT place, event_type, delivery_count FROM interaction_events ORDER BY place",
        brought(1, delivery(events, 0, 3)),
        brought(2, delivery(events, 0, 5)),
    )

    assert [(row[0], row[2]) for row in rows] == [(1, 2), (2, 2), (3, 2), (4, 1), (5, 1)]
    assert rows[-1][1] == "interaction.completed"


def test_a_part_that_nothing_ties_to_the_rest_comes_behind_a_gap(database: Database) -> None:
    events = numbered(9)

    rows = ask(
        database,
        "SELECT event_id, is_after_gap FROM interaction_events ORDER BY place",
        brought(1, delivery(events, 0, 2)),
        brought(2, delivery(events, 5, 7)),
        brought(3, delivery(events, 6, 9)),
    )

    assert rows == [
        ("evt_0", False),
        ("evt_1", False),
        ("evt_5", True),
        ("evt_6", False),
        ("evt_7", False),
        ("evt_8", False),
    ]


def test_a_repeated_event_and_an_error_on_the_way_are_not_in_the_log(database: Database) -> None:
    events = numbered(4)
    error = event(None, "error", {"error": {}})

    rows = ask(
        database,
        "SELECT event_id FROM interaction_events ORDER BY place",
        brought(1, Delivery("a", None, (*events[:2], error))),
        brought(2, Delivery("b", "evt_1", tuple(events[1:]))),
    )

    assert rows == [("evt_0",), ("evt_1",), ("evt_2",), ("evt_3",)]


def test_an_answer_shown_otherwise_than_it_was_streamed_is_told_with_its_first_step(
    database: Database,
) -> None:
    told = (step("thought", 0), step("model_output", 1, text_bytes=5))
    shown = (step("thought", 0), step("model_output", 1, text_bytes=6))

    rows = ask(
        database,
        "SELECT right(told_by, 1), right(shown_by, 1), is_told_streaming, step_index, what "
        "FROM divergences ORDER BY shown_by",
        recording(1, steps=told, answer_mac="a", **WHOLE),
        recording(2, how="read", seconds=2, steps=told, answer_mac="a", **WHOLE),
        recording(3, how="read", seconds=3, steps=shown, answer_mac="b", **WHOLE),
        recording(4, how="read", seconds=4, steps=told, answer_mac="c", **WHOLE),
        recording(5, how="read", seconds=5, steps=(*told, told[1]), answer_mac="d", **WHOLE),
        recording(6, how="read", seconds=6, interaction="v1_two", answer_mac="x", **WHOLE),
    )

    assert rows == [
        ("1", "3", True, 1, "text"),
        ("1", "4", True, None, "content"),
        ("1", "5", True, None, "count"),
    ]


def test_answers_of_undated_ids_are_compared_within_a_day_only(database: Database) -> None:
    day_s = 86_400

    rows = ask(
        database,
        "SELECT id_hash FROM divergences",
        recording(1, interaction="agent-1", answer_mac="a", **WHOLE),
        recording(2, how="read", seconds=day_s, interaction="agent-1", answer_mac="b", **WHOLE),
        recording(3, interaction="v1_dated", answer_mac="a", **WHOLE),
        recording(4, how="read", seconds=day_s, interaction="v1_dated", answer_mac="b", **WHOLE),
    )

    assert rows == [(id_hash("v1_dated"),)]
