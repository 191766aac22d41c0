"""Whether a request fits a turn, and what is said if not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from proxy.emulator.asked.request import read_create
from proxy.emulator.scenarios.match import Asked, described, differences, said
from proxy.emulator.scenarios.script import NONE, Text, When

RESULT = {"type": "function_result", "call_id": "abc", "name": "f", "result": "fine"}


def asked(previous: str | None = NONE, calls: dict[str, str] | None = None, **body: Any) -> Asked:
    request = read_create({"model": "gemini-3-flash-preview", "input": "Hello?"} | body)
    return Asked(request, previous, None, calls or {})


@pytest.mark.parametrize(
    ("when", "body"),
    [
        (When(), {}),
        (When(model="gemini-3-flash-preview", previous=NONE), {}),
        (When(input=Text(equals="Hello?")), {}),
        (When(input=Text(contains=("Hell", "?"), matches=re.compile("^H"))), {}),
        (
            When(input=Text(has=("image",), equals="See?")),
            {
                "input": [
                    {"type": "text", "text": "See?"},
                    {"type": "image", "data": "", "mime_type": "image/png"},
                ]
            },
        ),
        (When(tools=("f", "google_search")), {"tools": [{"type": "google_search"}, {"type": "function", "name": "f"}]}),
        (When(stream=True, store=False), {"stream": True, "store": False}),
        (When(result_of=("abc",)), {"input": [RESULT]}),
        (When(result_of=("f",)), {"input": [{"type": "user_input", "content": [RESULT]}]}),
    ],
)  # fmt: skip
def test_what_fits_has_no_differences(when: When, body: dict[str, Any]) -> None:
    assert differences(when, asked(**body)) == []


@pytest.mark.parametrize(
    ("when", "told"),
    [
        (When(model="other"), "model is gemini-3-flash-preview, not other"),
        (When(agent="a"), "agent is not given, not a"),
        (When(previous="question"), "previous is none, not question"),
        (When(continues="part"), "continues is not given, not part"),
        (When(input=Text(equals="Bye.")), "input is 'Hello?', not 'Bye.'"),
        (When(input=Text(contains=("weather",))), "input 'Hello?' does not contain 'weather'"),
        (When(input=Text(matches=re.compile("x+"))), "input 'Hello?' does not match x+"),
        (When(input=Text(has=("image",))), "input has no image"),
        (When(tools=("f",)), "no tool f"),
        (When(stream=True), "stream is false"),
        (When(result_of=("f",)), "input brings no function_result of f"),
    ],
)
def test_what_does_not_fit_is_told(when: When, told: str) -> None:
    assert differences(when, asked()) == [told]


def test_a_result_is_known_by_the_function_its_call_named() -> None:
    nameless = {"type": "function_result", "call_id": "abc", "result": "fine"}

    fits = differences(When(result_of=("f",)), asked(calls={"abc": "f"}, input=[nameless]))

    assert fits == []


def test_in_stateless_use_only_the_last_words_are_looked_at() -> None:
    def words(text: str) -> dict[str, Any]:
        return {"type": "user_input", "content": [{"type": "text", "text": text}]}

    answer = {"type": "model_output", "content": [{"type": "text", "text": "Yes."}]}

    assert said((words("Old."), answer, words("New."))) == "New."


def test_a_request_is_described_in_a_line() -> None:
    told = described(asked(previous="question", input="A\nlong " + "story " * 50))

    assert told.startswith("model gemini-3-flash-preview, input 'A long story")
    assert told.endswith("…', previous turn question")
    assert "\n" not in told
