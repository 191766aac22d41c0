"""What a model gives out: text, JSON, media, and annotations on order."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.emulator.answers.model.output import calls_for_caller, output, response_schema
from proxy.emulator.answers.occasion import ANNOTATIONS, Occasion
from tests.emulator.answers.asking import asked, function, unknown_to_sdk

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
JSON = "application/json"


def contents(occasion: Occasion) -> list[dict[str, Any]]:
    step = output(occasion, None, 10**6)[-1]
    found: list[dict[str, Any]] = step["content"]
    return found


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, (False, None)),
        ({"response_format": {"type": "text"}}, (False, None)),
        ({"response_format": {"type": "text", "schema": SCHEMA}}, (True, SCHEMA)),
        (
            {"response_format": [{"type": "image"}, {"type": "text", "schema": SCHEMA}]},
            (True, SCHEMA),
        ),
        ({"response_format": {"type": "text", "mimeType": JSON}}, (True, {"type": "object"})),
        ({"response_format": SCHEMA}, (True, SCHEMA)),
        ({"response_format": SCHEMA, "response_mime_type": JSON}, (True, SCHEMA)),
        ({"response_mime_type": JSON}, (True, {"type": "object"})),
        ({"response_format": {"type": "audio"}}, (False, None)),
    ],
)
def test_a_schema_is_found_in_every_spelling(raw: Any, expected: Any) -> None:
    is_structured, schema = response_schema(raw)

    assert (is_structured, schema if is_structured else None) == expected


def test_structured_output_is_json_without_citations() -> None:
    occasion = asked("Hi.", {"type": "google_search"}, response_format=SCHEMA)

    (content,) = contents(occasion)

    assert isinstance(orjson.loads(content["text"])["a"], int)
    assert "annotations" not in content


@pytest.mark.parametrize("kind", ["image", "audio", "video", "document"])
def test_any_medium_can_be_ordered(kind: str) -> None:
    step = output(asked(f"emulate: {kind}"), None, 10**6)[-1]

    assert kind in [content["type"] for content in step["content"]]
    assert unknown_to_sdk([step]) == []


@pytest.mark.parametrize("kind", ANNOTATIONS)
def test_any_annotation_can_be_ordered(kind: str) -> None:
    step = output(asked(f"emulate: {kind}"), None, 10**6)[-1]

    (note,) = step["content"][0]["annotations"]
    assert note["type"] == kind
    assert note["end_index"] > note["start_index"]
    assert unknown_to_sdk([step]) == []


def test_a_stop_sequence_ends_the_text() -> None:
    (whole,) = contents(asked("Hi."))
    (cut,) = contents(asked("Hi.", generation_config={"stop_sequences": ["wrote"]}))

    assert whole["text"].startswith(cut["text"])
    assert cut["text"] == "In turn 1 you "


def test_the_text_is_as_long_as_wished_up_to_one_request_s_limit() -> None:
    step = output(asked("Hi."), 500, 300)[-1]

    assert len(step["content"][0]["text"]) == 300


def test_functions_come_before_actions_on_a_screen() -> None:
    both = (function("search"), {"type": "computer_use"})

    assert calls_for_caller(asked("Search for it.", *both))[0]["name"] == "search"
    assert calls_for_caller(asked("Go on.", *both))[0]["name"] == "open_web_browser"
    assert calls_for_caller(asked("Go on.")) == []
