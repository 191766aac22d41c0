from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from proxy.interactions.problems import Notes, ProblemKind
from proxy.interactions.steps import step_from_json
from proxy.recording.facts import MediaObject, StepFact
from proxy.recording.reading.event_stream import StepTimes
from proxy.recording.repeats.marks import Mark
from proxy.recording.telling.step_facts import StepTelling
from proxy.recording.telling.subject import Subject

SUBJECT = Subject("x0-1", "v1_a", 7, 1000)
PNG = b"\x89PNG picture"
IMAGE = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(PNG).decode()}


def tell(raw: dict[str, Any], telling: StepTelling | None = None) -> tuple[StepFact, Any]:
    taken = StepTelling(Notes()) if telling is None else telling
    taken.tell(step_from_json(raw, taken.notes), SUBJECT, "output")
    return taken.facts[-1], json.loads(taken.contents[-1])


def test_a_step_is_told_without_its_content() -> None:
    raw = {
        "type": "model_output",
        "content": [{"type": "text", "text": "Grüße"}, {"type": "text", "text": "abc"}],
    }

    fact, content = tell(raw)

    assert fact == StepFact(
        exchange="x0-1",
        interaction="v1_a",
        id_hash=7,
        at=1000,
        side="output",
        step_index=0,
        type="model_output",
        is_known=True,
        name=None,
        server_name=None,
        call_id=None,
        is_error=None,
        has_signature=False,
        content_count=2,
        text_bytes=10,
        media_count=0,
        delta_count=0,
        started_at=None,
        ended_at=None,
        duration_ns=None,
        step_tokens=None,
        content_index=0,
        content_bytes=len(json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode()),
    )
    assert content == raw


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"type": "function_call", "id": "c1", "name": "f"}, ("f", None, "c1", None, False)),
        (
            {"type": "mcp_server_tool_result", "call_id": "c1", "name": "f", "server_name": "s"},
            ("f", "s", "c1", None, False),
        ),
        (
            {"type": "url_context_result", "call_id": "c", "is_error": True},
            (None, None, "c", True, False),
        ),
        ({"type": "thought", "signature": "s"}, (None, None, None, None, True)),
        ({"type": "thought", "signature": ""}, (None, None, None, None, False)),
        ({"type": "model_output", "error": {"code": 3}}, (None, None, None, True, False)),
        ({"type": "function_call", "name": "two words"}, ("(odd)", None, None, None, False)),
    ],
)
def test_labels_come_from_the_step(raw: dict[str, Any], expected: tuple[Any, ...]) -> None:
    fact, _ = tell(raw)

    assert (
        fact.name,
        fact.server_name,
        fact.call_id,
        fact.is_error,
        fact.has_signature,
    ) == expected


def test_an_unknown_step_is_told_by_its_clear_name_and_kept_whole() -> None:
    fact, content = tell({"type": "brand new", "x": 1})

    assert (fact.type, fact.is_known) == ("(odd)", False)
    assert content == {"type": "brand new", "x": 1}


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "model_output", "content": [dict(IMAGE)]},
        {"type": "thought", "summary": [dict(IMAGE)]},
        {"type": "function_result", "result": [dict(IMAGE)]},
        {"type": "user_input", "content": [{"type": "function_result", "result": [dict(IMAGE)]}]},
    ],
)
def test_media_is_taken_out_of_a_step(raw: dict[str, Any]) -> None:
    telling = StepTelling(Notes())

    fact, content = tell(raw, telling)

    assert telling.media == [MediaObject("image/png", PNG)]
    assert '"data": {"$media": 0}' in json.dumps(content)
    (media,) = telling.media_facts
    assert (media.type, media.mime_type, media.media_bytes) == ("image", "image/png", len(PNG))
    assert (media.step_index, media.media_index, fact.media_count) == (0, 0, 1)


@pytest.mark.parametrize("data", ["no base64!", "AAA", "é", "AAAA\n"])
def test_media_that_is_no_base64_stays_and_is_a_problem(data: str) -> None:
    telling = StepTelling(Notes())

    fact, content = tell(
        {"type": "model_output", "content": [{"type": "audio", "data": data}]}, telling
    )

    assert content["content"][0]["data"] == data
    assert (telling.media, fact.media_count) == ([], 1)
    assert [p.kind for p in telling.notes.problems] == [ProblemKind.BASE64_BROKEN]


def test_media_by_uri_is_told_and_has_no_object() -> None:
    telling = StepTelling(Notes())

    fact, _ = tell(
        {"type": "model_output", "content": [{"type": "video", "uri": "gs://x"}]}, telling
    )

    assert (fact.media_count, telling.media, len(telling.media_facts)) == (1, [], 1)


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "google_maps_result", "result": [{"widget_context_token": "SECRET"}]},
        {"type": "brand_new", "tools": [{"headers": {"a": "SECRET"}}]},
        {"type": "function_call", "arguments": {"api_key": "SECRET"}},
    ],
)
def test_secrets_do_not_reach_the_shown_content(raw: dict[str, Any]) -> None:
    _, content = tell(raw)

    assert "SECRET" not in str(content)
    assert "[redacted]" in str(content)


def test_a_step_nested_too_deep_is_left_to_the_raw_record() -> None:
    telling = StepTelling(Notes())
    deep: Any = 1
    for _ in range(300):
        deep = [deep]

    _, content = tell({"type": "function_call", "arguments": deep}, telling)

    assert content == {"type": "function_call", "$omitted": True}
    assert [p.kind for p in telling.notes.problems] == [ProblemKind.TOO_DEEP]


def test_each_side_counts_its_steps_and_contents_count_all() -> None:
    telling = StepTelling(Notes())
    for side in ("input", "output", "input"):
        telling.tell(step_from_json({"type": "thought"}, telling.notes), SUBJECT, side)

    places = [(fact.side, fact.step_index, fact.content_index) for fact in telling.facts]

    assert places == [("input", 0, 0), ("output", 0, 1), ("input", 1, 2)]


def test_times_of_a_stream_are_told() -> None:
    telling = StepTelling(Notes())
    step = step_from_json({"type": "thought"}, telling.notes)

    telling.tell(step, SUBJECT, "output", StepTimes(1, 5, 4, 2, 9))

    (fact,) = telling.facts
    assert (fact.started_at, fact.ended_at, fact.duration_ns) == (1, 5, 4)
    assert (fact.delta_count, fact.step_tokens) == (2, 9)


def test_results_within_an_input_name_their_calls() -> None:
    inner = [{"type": "function_result", "call_id": name} for name in ("c1", "two words", "c3")]

    fact, _ = tell({"type": "user_input", "content": [{"type": "text", "text": "Here"}, *inner, 7]})

    assert fact.call_id == "c1,(odd),c3"


def test_a_step_carries_the_marks_it_is_given() -> None:
    telling = StepTelling(Notes())
    step = step_from_json({"type": "user_input", "content": "Hi"}, telling.notes)

    telling.tell(step, SUBJECT, "input", mark=Mark("chain", "step"))

    (fact,) = telling.facts
    assert (fact.chain_mac, fact.step_mac) == ("chain", "step")
