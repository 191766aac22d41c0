"""What of a request goes into a scenario."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.reading.cassette.requests import INPUT_CHARACTERS_MAX, when_of
from tests.reading.cassette.passed import MODEL, create, said, user

RESULT = {"type": "function_result", "call_id": "abc", "name": "f", "result": "secret"}


def when(*asked: dict[str, Any], **request: Any) -> dict[str, Any]:
    return when_of(create({}, *asked, **request), {"v1_a": {"name": "one"}}, {"t": {"name": "two"}})


def test_a_plain_question() -> None:
    assert when() == {"model": MODEL, "previous": "none", "input": "Hello?"}


@pytest.mark.parametrize(
    ("request_field", "told"),
    [
        ({"previous_interaction_id": "v1_a"}, {"previous": "one"}),
        ({"continuation_token": "t"}, {"continues": "two"}),
        ({"stream": True}, {"stream": True}),
        ({"background": True}, {"background": True}),
        ({"store": False}, {"store": False}),
        ({"tools": [{"type": "function", "name": "f"}]}, {"tools": ["f"]}),
    ],
)
def test_what_else_tells_requests_apart(
    request_field: dict[str, Any], told: dict[str, Any]
) -> None:
    assert when(**request_field).items() >= told.items()


def test_an_unknown_earlier_interaction_is_left_open() -> None:
    assert "previous" not in when(previous_interaction_id="v1_other")


def test_tools_go_in_by_name_and_never_with_their_headers() -> None:
    server = {"type": "mcp_server", "name": "m", "headers": {"Authorization": "Bearer x"}}

    told = when(tools=[server, {"type": "google_search"}, {"type": "google_search"}])

    assert told["tools"] == ["m", "google_search"]
    assert "Bearer" not in str(told)


def test_results_are_known_by_their_calls_wherever_they_stand() -> None:
    assert when(RESULT)["result_of"] == ["abc"]
    assert when(user(RESULT))["result_of"] == ["abc"]
    assert "input" not in when(RESULT)


def test_a_long_input_is_told_by_its_beginning_and_media_by_their_kind() -> None:
    image = {"type": "image", "data": "AAAA"}

    told = when(user("word " * INPUT_CHARACTERS_MAX, image))["input"]

    assert told == {"has": ["image"], "contains": ("word " * 400)[:400]}


def test_in_stateless_use_only_the_last_words_count() -> None:
    assert when(user("Old."), said("Yes."), user("New.", "And?"))["input"] == "New.\nAnd?"
