"""Unknown names come into good answers, and nothing known is lost."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.asked.faults import DRIFTS
from proxy.emulator.events.drift import (
    ANNOTATION,
    CONTENT,
    DELTA,
    EVENT,
    INDEX,
    NAME,
    STATUS,
    STEP,
    drifted_events,
    drifted_resource,
)

OUTPUT = {"type": "model_output", "content": [{"type": "text", "text": "Hello."}]}
RESOURCE: dict[str, Any] = {
    "id": "v1_x",
    "status": "completed",
    "usage": {"total_tokens": 3},
    "steps": [{"type": "thought", "signature": "c2ln"}, OUTPUT],
}
EVENTS: list[dict[str, Any]] = [
    {"event_type": "interaction.created", "interaction": {"id": "v1_x"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "thought"}},
    {"event_type": "step.stop", "index": 0},
    {"event_type": "step.start", "index": 1, "step": {"type": "model_output"}},
    {"event_type": "step.stop", "index": 1},
    {"event_type": "interaction.completed", "interaction": RESOURCE},
]


def test_without_drift_all_stays() -> None:
    assert drifted_resource(RESOURCE, ()) is RESOURCE
    assert list(drifted_events(iter(EVENTS), ())) == EVENTS


def test_unknown_fields_stand_in_the_resource_its_usage_and_its_steps() -> None:
    shown = drifted_resource(RESOURCE, {"field"})

    assert all(NAME in place for place in (shown, shown["usage"], *shown["steps"]))
    assert shown["usage"]["total_tokens"] == 3


def test_an_unknown_step_comes_first() -> None:
    assert drifted_resource(RESOURCE, {"step"})["steps"] == [STEP, *RESOURCE["steps"]]


def test_unknown_content_and_annotations_stand_in_the_output() -> None:
    text, content = drifted_resource(RESOURCE, {"content"})["steps"][-1]["content"]

    assert text["annotations"] == [ANNOTATION]
    assert content == CONTENT


def test_an_unknown_status_takes_the_place_of_the_known() -> None:
    assert drifted_resource(RESOURCE, {"status"})["status"] == STATUS
    assert list(drifted_events(iter(EVENTS), {"status"}))[-1]["interaction"]["status"] == STATUS


def test_the_old_schema_drifts_too() -> None:
    old = {"status": "completed", "outputs": [{"type": "text", "text": "Hello."}]}

    assert drifted_resource(old, {"step", "content"})["outputs"] == [
        STEP,
        *old["outputs"],
        CONTENT,
    ]


def test_an_unknown_event_and_an_unknown_step_come_in_between_the_first_known_one() -> None:
    said = list(drifted_events(iter(EVENTS), {"event", "step", "delta"}))

    assert said[:2] == EVENTS[:2]
    assert said[7:] == EVENTS[2:]
    assert said[2] == EVENT
    assert [event["index"] for event in said[3:6]] == [INDEX] * 3
    assert said[6] == {"event_type": "step.delta", "index": 0, "delta": DELTA}


@pytest.mark.parametrize("drift", DRIFTS)
def test_every_known_event_is_still_there(drift: str) -> None:
    said = [event["event_type"] for event in drifted_events(iter(EVENTS), {drift})]
    known = iter(said)

    assert all(event["event_type"] in known for event in EVENTS)


def test_the_given_answer_stays_as_it_was() -> None:
    before = repr((RESOURCE, EVENTS))
    drifted_resource(RESOURCE, DRIFTS)
    list(drifted_events(iter(EVENTS), DRIFTS))

    assert repr((RESOURCE, EVENTS)) == before
