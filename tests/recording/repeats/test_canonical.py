"""What an SDK sends again is what it received, whatever it dropped, added or spelled otherwise."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions.problems import Notes
from proxy.interactions.steps import step_from_json
from proxy.recording.repeats.canonical import Saying, saying_of
from tests.strategies import json_objects

PNG = b"\x89PNG?\xfb\xff~"
STANDARD = base64.b64encode(PNG).decode()
URL_SAFE = base64.urlsafe_b64encode(PNG).decode().rstrip("=")


def said(raw: dict[str, Any]) -> Saying | None:
    return saying_of(step_from_json(raw, Notes()))


def text(value: str, **more: object) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def output(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "model_output", "content": list(content)}


def call(arguments: object, **more: object) -> dict[str, Any]:
    return {"type": "function_call", "name": "look", "arguments": arguments, **more}


def result(value: object, **more: object) -> dict[str, Any]:
    return {"type": "function_result", "result": value, **more}


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        (output(text("Hi", annotations=[{"url": "x"}])), output(text("Hi"))),
        (output(text("Hi"), text("")), output(text("Hi"))),
        (output(text("Hi")), {"type": "model_output", "content": "Hi", "error": None}),
        (call({"a": 1.0, "b": None}), call({"a": 1})),
        (call({"a": 1, "b": [2]}, signature="s"), call({"b": [2.0], "a": 1}, signature=None)),
        (call(None), call({})),
        (result("11"), result([text("11")], name="look", call_id="c")),
        (result({"t": 1.0}, is_error=False), result({"t": 1, "why": None})),
        (
            output({"type": "image", "mime_type": "image/png", "data": STANDARD}),
            output({"type": "image", "mimeType": "image/png", "data": URL_SAFE, "uri": None}),
        ),
    ],
)
def test_what_is_sent_again_is_what_was_received(
    received: dict[str, Any], sent: dict[str, Any]
) -> None:
    assert said(received) is not None
    assert said(received) == said(sent)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (output(text("Hi")), output(text("hi"))),
        (output(text("Hi")), {"type": "user_input", "content": [text("Hi")]}),
        (call({"a": 1}), call({"a": 2})),
        (call({"a": 1}), call({"a": 1}, id="c1")),
        (call({"a": True}), call({"a": 1})),
        (result("11"), result("11", is_error=True)),
        (result("11"), {"type": "user_input", "content": [text("11")]}),
        (
            output({"type": "image", "data": STANDARD}),
            output({"type": "image", "uri": STANDARD}),
        ),
        (
            output({"type": "image", "data": STANDARD}),
            output({"type": "video", "data": STANDARD}),
        ),
    ],
)
def test_what_says_something_else_is_not_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert said(one) != said(other)


def test_a_result_among_the_contents_of_an_input_is_a_result() -> None:
    nested = {"type": "user_input", "content": [result("11", call_id="c")]}

    assert said(nested) == said(result("11", call_id="c"))


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "thought", "signature": "s", "summary": [text("Hm.")]},
        {"type": "google_search_call", "id": "c", "arguments": {"queries": ["x"]}},
        {"type": "google_search_result", "call_id": "c", "result": []},
        {"type": "brand_new", "content": [text("Hm.")]},
        output(),
        {"type": "model_output", "content": None},
        {"type": "user_input", "content": 7},
    ],
)
def test_what_callers_leave_out_says_nothing(raw: dict[str, Any]) -> None:
    assert said(raw) is None


def test_deep_arguments_are_compared_as_far_as_it_goes() -> None:
    deep: Any = "bottom"
    for _ in range(900):
        deep = [deep]

    assert said(call({"a": deep})) == said(call({"a": [deep]}))


@given(
    json_objects(),
    st.sampled_from(["user_input", "model_output", "function_call", "function_result"]),
)
def test_foreign_steps_never_raise(raw: dict[str, Any], name: str) -> None:
    said({**raw, "type": name})
    said({"type": name, "content": list(raw.values()), "result": raw, "arguments": raw})
