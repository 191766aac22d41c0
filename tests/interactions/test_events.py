from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions.events import (
    AnnotationDelta,
    ArgumentsDelta,
    ErrorSeen,
    FieldsDelta,
    InteractionSeen,
    MediaDelta,
    StatusSeen,
    StepDelta,
    StepStart,
    StepStop,
    SummaryDelta,
    TextDelta,
    UnknownDelta,
    UnknownEvent,
    delta_from_json,
    event_from_json,
)
from proxy.interactions.known import DELTA_FIELDS, EVENT_FIELDS
from proxy.interactions.problems import Notes, ProblemKind
from tests.strategies import json_objects

WHOLE: dict[str, tuple[dict[str, Any], object]] = {
    "interaction.created": (
        {"interaction": {"id": "a"}},
        InteractionSeen({"id": "a"}, is_last=False),
    ),
    "interaction.start": (
        {"interaction": {"id": "a"}},
        InteractionSeen({"id": "a"}, is_last=False),
    ),
    "interaction.completed": (
        {"interaction": {"id": "a"}},
        InteractionSeen({"id": "a"}, is_last=True),
    ),
    "interaction.complete": (
        {"interaction": {"id": "a"}},
        InteractionSeen({"id": "a"}, is_last=True),
    ),
    "interaction.status_update": (
        {"interaction_id": "a", "status": "queued", "usage": None},
        StatusSeen("a", {"status": "queued"}),
    ),
    "interaction.in_progress": ({}, StatusSeen(None, {"status": "in_progress"})),
    "interaction.requires_action": (
        {"interaction": {"id": "a"}},
        StatusSeen(None, {"id": "a", "status": "requires_action"}),
    ),
    "interaction.error": ({"error": {"code": "x"}}, ErrorSeen({"code": "x"})),
    "error": ({"error": "text"}, ErrorSeen({"message": "text"})),
    "step.start": (
        {"index": 1, "step": {"type": "thought"}},
        StepStart(1, {"type": "thought"}, is_content=False),
    ),
    "content.start": (
        {"index": 1, "content": {"type": "text"}},
        StepStart(1, {"type": "text"}, is_content=True),
    ),
    "step.delta": (
        {
            "index": 1,
            "delta": {"type": "text", "text": "a"},
            "metadata": {"total_usage": {"total_tokens": 1}},
        },
        StepDelta(1, "text", TextDelta("a"), {"total_tokens": 1}, is_content=False),
    ),
    "content.delta": (
        {"index": 1, "delta": {"type": "text", "text": "a"}},
        StepDelta(1, "text", TextDelta("a"), None, is_content=True),
    ),
    "step.stop": (
        {"index": 1, "usage": {"total_tokens": 1}, "step_usage": {"total_tokens": 2}},
        StepStop(1, {"total_tokens": 1}, {"total_tokens": 2}),
    ),
    "content.stop": ({"index": 1}, StepStop(1, None, None)),
}


@pytest.mark.parametrize("kind", sorted(EVENT_FIELDS))
def test_each_event_type_is_known(kind: str) -> None:
    notes = Notes()
    fields, expected = WHOLE[kind]

    event = event_from_json({"event_type": kind, "event_id": "e", **fields}, "", notes, 0)

    assert event == expected
    assert notes == Notes()


@pytest.mark.parametrize("name", sorted(DELTA_FIELDS))
def test_each_delta_type_is_known(name: str) -> None:
    notes = Notes()
    raw = (
        {"type": name, "content": {"type": "text"}} if name == "thought_summary" else {"type": name}
    )

    delta = delta_from_json(raw, name, notes)

    assert not isinstance(delta, UnknownDelta)
    assert notes == Notes()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"type": "arguments_delta", "arguments": '{"a'}, ArgumentsDelta('{"a')),
        (
            {"type": "thought_signature", "signature": "s"},
            FieldsDelta("thought", {"signature": "s"}),
        ),
        (
            {"type": "thought_summary", "content": {"total_tokens": 1}},
            SummaryDelta({"total_tokens": 1}),
        ),
        ({"type": "text_annotation", "annotations": [1]}, AnnotationDelta((1,))),
        (
            {"type": "google_search_call", "arguments": {"queries": []}},
            FieldsDelta("google_search_call", {"arguments": {"queries": []}}),
        ),
        ({"type": "audio", "data": "A"}, MediaDelta({"type": "audio", "data": "A"})),
    ],
)
def test_a_delta_says_what_it_does_to_its_step(raw: dict[str, Any], expected: object) -> None:
    assert delta_from_json(raw, raw["type"], Notes()) == expected


def test_an_event_without_a_type_goes_by_its_event_line() -> None:
    notes = Notes()

    assert event_from_json({}, "ping", notes, 0) == UnknownEvent("ping", {})
    assert dict(notes.unknowns) == {("event", "ping", "stream"): 1}


def test_unknown_events_and_deltas_are_kept_and_counted() -> None:
    notes = Notes()
    delta = {"type": "new", "v": 1}

    seen = event_from_json({"event_type": "step.delta", "index": 0, "delta": delta}, "", notes, 0)
    event_from_json({"event_type": "step.sparkle", "index": 0}, "", notes, 0)
    event_from_json({"event_type": "error", "error": {}, "weight": 1}, "", notes, 0)

    assert seen == StepDelta(0, "new", UnknownDelta("new", delta), None, is_content=False)
    assert dict(notes.unknowns) == {
        ("delta", "new", "step.delta"): 1,
        ("event", "step.sparkle", "stream"): 1,
        ("field", "weight", "event error"): 1,
    }


@pytest.mark.parametrize(
    "raw",
    [
        {"event_type": "step.start", "index": "1", "step": {}},
        {"event_type": "step.start", "index": -1, "step": {}},
        {"event_type": "step.start", "index": True, "step": {}},
        {"event_type": "step.start", "index": 10**9, "step": {}},
        {"event_type": "step.start", "index": 0, "step": 7},
        {"event_type": "step.delta", "index": 0, "delta": 7},
        {"event_type": "step.stop"},
        {"event_type": "interaction.created", "interaction": 7},
        {"event_type": "interaction.created", "index": 1},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": 7}},
        {
            "event_type": "step.delta",
            "index": 0,
            "delta": {"type": "arguments_delta", "arguments": {}},
        },
        {"event_type": "step.delta", "index": 0, "delta": {"type": "thought_summary"}},
        {
            "event_type": "step.delta",
            "index": 0,
            "delta": {"type": "text_annotation", "annotations": 7},
        },
    ],
)
def test_a_wrong_shape_is_one_problem_and_the_event_is_kept(raw: dict[str, Any]) -> None:
    notes = Notes()

    event_from_json(raw, "", notes, 12)

    assert [problem.kind for problem in notes.problems] == [ProblemKind.WRONG_SHAPE]


@given(json_objects(), st.sampled_from([*EVENT_FIELDS, "odd", ""]))
def test_noise_never_raises(raw: dict[str, Any], kind: str) -> None:
    event_from_json(raw, kind, Notes(), 0)
    event_from_json({**raw, "event_type": kind, "index": 0}, "", Notes(), 0)
