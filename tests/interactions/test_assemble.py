from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions import assemble, steps
from proxy.interactions.assemble import Assembled, StepTimeline, StreamAssembler
from proxy.interactions.events import event_from_json
from proxy.interactions.interaction import interaction_from_json
from proxy.interactions.problems import Notes, ProblemKind
from tests.interactions.sdk_types import EVENT_DATA, examples
from tests.strategies import interactions, json_objects, streams_of

Raw = dict[str, Any]


def put_together(*events: Raw, notes: Notes | None = None) -> tuple[Assembled, ...]:
    taken = Notes() if notes is None else notes
    assembler = StreamAssembler(taken)
    for place, raw in enumerate(events):
        assembler.take(event_from_json(raw, "", taken, place))
    return assembler.finish()


def steps_of(*events: Raw, notes: Notes | None = None) -> list[Raw]:
    (found,) = put_together(*events, notes=notes)
    raw: list[Raw] = found.raw["steps"]
    return raw


def created(**fields: Any) -> Raw:
    return {"event_type": "interaction.created", "interaction": fields}


def completed(**fields: Any) -> Raw:
    return {"event_type": "interaction.completed", "interaction": fields}


def start(index: int, kind: str, **fields: Any) -> Raw:
    return {"event_type": "step.start", "index": index, "step": {"type": kind, **fields}}


def delta(index: int, kind: str, **fields: Any) -> Raw:
    return {"event_type": "step.delta", "index": index, "delta": {"type": kind, **fields}}


def stop(index: int, **fields: Any) -> Raw:
    return {"event_type": "step.stop", "index": index, **fields}


@given(st.data())
def test_a_stream_made_from_an_interaction_gives_back_that_interaction(data: st.DataObject) -> None:
    interaction = data.draw(interactions())
    notes = Notes()

    (found,) = put_together(*data.draw(streams_of(interaction)), notes=notes)

    assert found.raw == interaction
    assert found.is_complete
    assert notes == Notes()


@given(st.data())
def test_a_cut_stream_gives_whole_first_steps_and_no_problem(data: st.DataObject) -> None:
    interaction = data.draw(interactions())
    events = data.draw(streams_of(interaction))
    size = data.draw(st.integers(0, len(events) - 1))
    notes = Notes()

    (found,) = put_together(*events[:size], notes=notes)

    whole = {event["index"] for event in events[:size] if event["event_type"] == "step.stop"}
    seen = sorted({event["index"] for event in events[:size] if "index" in event})
    shown = dict(zip(seen, found.raw.get("steps", ()), strict=True))
    assert {place: shown[place] for place in whole} == {
        place: interaction["steps"][place] for place in whole
    }
    assert not found.is_complete
    assert notes == Notes()


def test_text_pieces_become_one_text_and_media_stand_between() -> None:
    image = {"type": "image", "data": "AAAA"}

    (step,) = steps_of(
        start(0, "model_output"),
        delta(0, "text", text="a"),
        delta(0, "text", text="b"),
        delta(0, kind="image", data="AAAA"),
        delta(0, "text", text="c"),
    )

    assert step["content"] == [{"type": "text", "text": "ab"}, image, {"type": "text", "text": "c"}]


def test_annotations_belong_to_the_text_so_far() -> None:
    (step,) = steps_of(
        start(0, "model_output"),
        delta(0, "text", text="a"),
        delta(0, "text_annotation_delta", annotations=[{"type": "url_citation"}]),
        delta(0, "text_annotation", annotations=[{"type": "word_info"}]),
        delta(0, "text", text="b"),
    )

    assert step["content"] == [
        {
            "type": "text",
            "text": "ab",
            "annotations": [{"type": "url_citation"}, {"type": "word_info"}],
        }
    ]


def test_pieces_of_arguments_are_one_json() -> None:
    (step,) = steps_of(
        start(0, "function_call", id="a", name="f", arguments={}),
        delta(0, "arguments_delta", arguments='{"city":'),
        delta(0, "arguments_delta", arguments='"Oslo"}'),
        stop(0),
    )

    assert step == {"type": "function_call", "id": "a", "name": "f", "arguments": {"city": "Oslo"}}


@pytest.mark.parametrize(
    ("ending", "kinds"),
    [([stop(0)], [ProblemKind.ARGUMENTS_BROKEN]), ([], [])],
    ids=["ended", "cut"],
)
def test_arguments_that_are_no_json_stay_as_text(
    ending: list[Raw], kinds: list[ProblemKind]
) -> None:
    notes = Notes()

    (step,) = steps_of(
        start(0, "function_call", arguments={}),
        delta(0, "arguments_delta", arguments='{"city'),
        *ending,
        notes=notes,
    )

    assert step == {"type": "function_call", "arguments": {}, "$arguments": '{"city'}
    assert [problem.kind for problem in notes.problems] == kinds


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"type": "text", "text": "a"},
            {"type": "model_output", "content": [{"type": "text", "text": "a"}]},
        ),
        ({"type": "text_annotation_delta"}, {"type": "model_output"}),
        (
            {"type": "image", "data": "A"},
            {"type": "model_output", "content": [{"type": "image", "data": "A"}]},
        ),
        ({"type": "thought_signature", "signature": "s"}, {"type": "thought", "signature": "s"}),
        (
            {"type": "thought_summary", "content": {"a": 1}},
            {"type": "thought", "summary": [{"a": 1}]},
        ),
        (
            {"type": "arguments_delta", "arguments": "{}"},
            {"type": "function_call", "arguments": {}},
        ),
        (
            {"type": "retrieval_result", "is_error": True},
            {"type": "retrieval_result", "is_error": True},
        ),
        ({"type": "new", "v": 1}, {"type": "new", "$deltas": [{"type": "new", "v": 1}]}),
    ],
)
def test_a_delta_without_a_start_says_which_step_it_is(raw: Raw, expected: Raw) -> None:
    notes = Notes()

    (step,) = steps_of({"event_type": "step.delta", "index": 4, "delta": raw}, notes=notes)

    assert step == expected
    assert notes.problems == []


def test_a_late_start_fills_in_what_the_deltas_did_not_say() -> None:
    (step,) = steps_of(delta(0, "text", text="a"), start(0, "model_output", id="x"), stop(0))

    assert step == {"type": "model_output", "id": "x", "content": [{"type": "text", "text": "a"}]}


def test_a_start_repeated_at_once_is_one_step() -> None:
    notes = Notes()

    (step,) = steps_of(start(0, "thought"), start(0, "thought"), stop(0), notes=notes)

    assert step == {"type": "thought"}
    assert notes.problems == []


def test_a_step_started_again_is_kept_twice_and_is_a_problem() -> None:
    notes = Notes()

    found = steps_of(
        start(0, "model_output"),
        delta(0, "text", text="a"),
        stop(0),
        start(0, "model_output"),
        delta(0, "text", text="b"),
        notes=notes,
    )

    assert [step["content"][0]["text"] for step in found] == ["a", "b"]
    assert [problem.kind for problem in notes.problems] == [ProblemKind.REPEATED_START]


def test_the_old_schema_is_read_as_steps_and_its_contents_as_one_output() -> None:
    def content(verb: str, index: int, **fields: Any) -> Raw:
        return {"event_type": f"content.{verb}", "index": index, **fields}

    (found,) = put_together(
        {"event_type": "interaction.start", "interaction": {"id": "v1_a"}},
        content("start", 0, content={"type": "thought"}),
        content("delta", 0, delta={"type": "thought_signature", "signature": "s"}),
        content("start", 1, content={"type": "text"}),
        content("delta", 1, delta={"type": "text", "text": "a"}),
        content("delta", 1, delta={"type": "text", "text": "b"}),
        content("stop", 1),
        content("delta", 2, delta={"type": "image", "data": "AAAA"}),
        content("delta", 3, delta={"type": "function_call", "id": "f", "arguments": {"x": 1}}),
        {"event_type": "interaction.complete", "interaction": {"status": "completed"}},
    )

    assert found.raw["steps"] == [
        {"type": "thought", "signature": "s"},
        {
            "type": "model_output",
            "content": [{"type": "text", "text": "ab"}, {"type": "image", "data": "AAAA"}],
        },
        {"type": "function_call", "id": "f", "arguments": {"x": 1}},
    ]
    assert found.timeline[1] == StepTimeline(3, None, 3, None, 1)
    assert found.is_complete


def test_times_are_places_of_events() -> None:
    (found,) = put_together(
        created(id="a"),
        start(0, "thought"),
        start(1, "model_output"),
        delta(1, "text", text="a"),
        stop(0, step_usage={"total_tokens": 5}),
        stop(1, usage={"total_tokens": 9}),
    )

    assert found.timeline == (StepTimeline(1, 4, 0, 5, 0), StepTimeline(2, 5, 1, None, 1))
    assert found.raw["usage"] == {"total_tokens": 9}


def test_several_interactions_may_come_one_after_another() -> None:
    hops = put_together(
        created(id="a", status="in_progress"),
        start(0, "thought"),
        completed(id="a", status="requires_continuation", continuation_token="t"),
        created(id="b"),
        start(0, "model_output"),
        completed(id="b", status="completed"),
    )

    assert [hop.raw["id"] for hop in hops] == ["a", "b"]
    assert [len(hop.raw["steps"]) for hop in hops] == [1, 1]
    assert [hop.raw["status"] for hop in hops] == ["requires_continuation", "completed"]


def test_unstored_interactions_come_one_after_another_without_ids() -> None:
    hops = put_together(created(id=""), completed(id=""), created(id=""), completed(id=""))

    assert [hop.raw for hop in hops] == [{}, {}]


def test_a_status_in_between_updates_the_interaction_it_names() -> None:
    first, second = put_together(
        created(id="a"),
        completed(id="a", status="requires_action"),
        created(id="b"),
        {"event_type": "interaction.status_update", "interaction_id": "a", "status": "cancelled"},
    )

    assert first.raw["status"] == "cancelled"
    assert "status" not in second.raw


def test_an_error_ends_the_interaction() -> None:
    (found,) = put_together(
        created(id="a", status="in_progress"), {"event_type": "error", "error": {"code": "x"}}
    )

    assert found.raw["errors"] == [{"code": "x"}]
    assert found.is_complete


def test_steps_and_interactions_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "STEPS_MAX", 2)
    monkeypatch.setattr(assemble, "SEGMENTS_MAX", 2)
    notes = Notes()

    found = put_together(
        *[start(index, "thought") for index in range(3)],
        *[created(id=name) for name in "abc"],
        notes=notes,
    )

    assert len(found) == 2
    assert len(found[0].raw["steps"]) == 2
    assert {problem.kind for problem in notes.problems} == {ProblemKind.TOO_MANY}
    assert steps.STEPS_MAX > 2


def test_content_of_a_start_that_is_no_list_is_not_lost() -> None:
    (step,) = steps_of(start(0, "model_output", content="a"), delta(0, "text", text="b"))

    assert step["content"] == [{"type": "text", "text": "ab"}]


@given(st.lists(json_objects(), max_size=8), st.data())
def test_noise_never_raises(raws: list[Raw], data: st.DataObject) -> None:
    kinds = st.sampled_from(
        ["step.start", "step.delta", "step.stop", "content.start", "content.delta", "error",
         "interaction.created", "interaction.completed", "interaction.status_update"]
    )  # fmt: skip

    put_together(*({**raw, "event_type": data.draw(kinds), "index": 0} for raw in raws))
    put_together(*({**raw, "event_type": data.draw(kinds)} for raw in raws))


def test_types_and_ids_that_are_no_text_are_borne() -> None:
    odd: Raw = {"event_type": "step.start", "index": 0, "step": {"type": []}}

    (found,) = put_together(created(id=["a"]), created(id=["a"]), odd, odd)

    assert len(found.raw["steps"]) == 1


def test_each_error_of_a_stream_is_kept() -> None:
    errors = [{"event_type": "error", "error": {"code": place}} for place in range(1000)]

    (found,) = put_together(*errors)

    assert [error["code"] for error in found.raw["errors"]] == list(range(1000))


def test_images_in_a_thought_summary_stand_between_its_texts() -> None:
    image = {"type": "image", "mime_type": "image/png", "data": "AAAA"}
    words = {"type": "text", "text": "so"}

    (step,) = steps_of(
        start(0, "thought"),
        delta(0, "thought_summary", content=words),
        delta(0, "thought_summary", content=image),
        delta(0, "thought_signature", signature="c2ln"),
    )

    assert step == {"type": "thought", "summary": [words, image], "signature": "c2ln"}


def test_a_checkpoint_on_the_way_is_no_continuation_of_a_finished_interaction() -> None:
    checkpoint = {
        "event_type": "interaction.status_update",
        "interaction_id": "v1_a",
        "status": "in_progress",
        "continuation_token": "t1",
    }

    (broken,) = put_together(created(id="v1_a"), checkpoint)
    (finished,) = put_together(created(id="v1_a"), checkpoint, completed(id="v1_a"))
    (unfinished,) = put_together(
        created(id="v1_a"), checkpoint, completed(id="v1_a", continuation_token="t2")
    )

    assert broken.raw["continuation_token"] == "t1"
    assert "continuation_token" not in finished.raw
    assert unfinished.raw["continuation_token"] == "t2"


@pytest.mark.parametrize("event", examples(EVENT_DATA), ids=lambda event: str(event["event_type"]))
def test_no_event_of_the_sdk_has_anything_unknown(event: Raw) -> None:
    notes = Notes()

    (found,) = put_together(event, notes=notes)
    interaction_from_json(found.raw, notes)

    assert (notes.unknowns, notes.problems) == ({}, [])
