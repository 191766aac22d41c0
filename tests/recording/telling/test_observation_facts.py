from __future__ import annotations

from typing import Any

import pytest

from proxy.interactions.interaction import (
    id_hash,
    interaction_from_json,
    request_from_json,
    usage_from_json,
)
from proxy.interactions.problems import Notes
from proxy.recording.facts import ObservationFact, UsageFact
from proxy.recording.telling.observation_facts import Told, observation_fact, usage_facts
from proxy.recording.telling.subject import Subject
from tests.store.samples import step
from tests.strategies import make_id, turn

ROOT_ID = make_id(turn(1_795_000_000, bytes(12)), turn(1_795_000_000, bytes(12)))
ID = make_id(turn(1_795_000_000, bytes(12)), turn(1_795_000_100, bytes(12)))


def observe(
    raw: dict[str, Any],
    asked: dict[str, Any] | None = None,
    *,
    how: str = "created",
    error_code: str | None = None,
) -> ObservationFact:
    found = interaction_from_json(raw, Notes())
    request = None if asked is None else request_from_json(asked, Notes())
    name = found.id or "exchange:x0-1"
    subject = Subject("x0-1", name, id_hash(name), 1000)
    told = Told(
        subject,
        how,
        found.id,
        found,
        request,
        is_complete=True,
        is_streaming=False,
        error_code=error_code,
    )
    return observation_fact(told, [])


def test_a_conversation_is_known_by_its_first_turn() -> None:
    chained = observe({"id": ID})
    first = observe({"id": ROOT_ID})

    assert chained.root_hash == first.root_hash == first.id_hash == id_hash(ROOT_ID)
    assert chained.id_hash != chained.root_hash


def test_an_unstored_turn_belongs_to_the_conversation_it_continues() -> None:
    seen = observe({}, {"previous_interaction_id": ID, "store": False})

    assert seen.root_hash == id_hash(ROOT_ID)
    assert (seen.previous_interaction_id, seen.previous_hash) == (ID, id_hash(ID))


def test_an_opaque_id_is_its_own_conversation() -> None:
    seen = observe({"id": "agent_7"})

    assert seen.root_hash == seen.id_hash == id_hash("agent_7")


@pytest.mark.parametrize(
    ("asked", "how", "store"),
    [
        ({}, "created", "inherited"),
        ({"store": True}, "created", "true"),
        ({"store": False}, "created", "false"),
        (None, "created", None),
        (None, "read", None),
    ],
)
def test_store_is_said_of_a_create_only(
    asked: dict[str, Any] | None, how: str, store: str | None
) -> None:
    assert observe({"id": "a"}, asked, how=how).store == store


def test_what_the_answer_does_not_say_comes_from_the_request() -> None:
    asked = {
        "model": "models/m",
        "environment": "env_1",
        "service_tier": "priority",
        "background": True,
    }

    seen = observe({"id": "a", "service_tier": "standard"}, asked)

    assert (seen.model, seen.agent, seen.environment_id) == ("models/m", None, "env_1")
    assert (seen.service_tier_asked, seen.service_tier) == ("priority", "standard")
    assert seen.is_background is True


def test_no_foreign_text_stands_in_clear() -> None:
    seen = observe(
        {
            "id": "a",
            "status": "so so",
            "model": "my model",
            "created": "<b>",
            "environment_id": "e e",
        },
        {"previous_interaction_id": "../secret"},
    )

    assert (seen.status, seen.model, seen.created) == ("(odd)", "(odd)", "(odd)")
    assert (seen.environment_id, seen.previous_interaction_id) == ("(odd)", "(odd)")
    assert seen.is_terminal is False


def test_the_interaction_s_own_error_comes_first() -> None:
    errors = {"errors": [{"code": "safety"}]}

    assert observe(errors, error_code="other").error_code == "safety"
    assert observe({}, error_code="other").error_code == "other"


def test_usage_has_a_row_for_each_line() -> None:
    usage = usage_from_json(
        {
            "output_tokens_by_modality": [
                {"modality": "text", "tokens": 4},
                {"modality": "a b", "tokens": 1},
            ]
        },
        Notes(),
    )

    rows = usage_facts(Subject("x", "i", 5, 6), usage)

    assert rows == [
        UsageFact("x", "i", 5, 6, "output", "text", 4),
        UsageFact("x", "i", 5, 6, "output", "(odd)", 1),
    ]


@pytest.mark.parametrize(("how", "count"), [("resumed", 6), ("created", 2)])
def test_a_resumed_stream_tells_how_many_steps_there_are_by_what_it_calls_them(
    how: str, count: int
) -> None:
    found = interaction_from_json({"id": ID}, Notes())
    told = Told(
        Subject("x0-1", ID, id_hash(ID), 1000),
        how,
        ID,
        found,
        None,
        is_complete=False,
        is_streaming=True,
        error_code=None,
    )
    steps = [step("thought", 0, stream_index=4), step("model_output", 1, stream_index=5)]

    assert observation_fact(told, steps).output_step_count == count
