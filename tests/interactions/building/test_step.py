"""What one delta does to a step; test_assemble.py has the streams around it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.interactions.building.step import (
    Building,
    apply_delta,
    close_contents,
    list_in,
    open_text,
    type_from_delta,
)
from proxy.interactions.events import Delta, StepDelta, delta_from_json
from proxy.interactions.problems import Notes

CITATION = {"type": "url_citation", "url": "https://a.example"}
IMAGE = {"type": "image", "mime_type": "image/png", "data": "AAAA"}
SPEECH = {"type": "audio", "mime_type": "audio/l16", "sample_rate": 24000, "channels": 1}


def parsed(raw: dict[str, Any]) -> Delta:
    return delta_from_json(raw, raw["type"], Notes())


def built(step: dict[str, Any], *deltas: dict[str, Any]) -> dict[str, Any]:
    building = Building(dict(step), is_content=False)
    for raw in deltas:
        apply_delta(building, parsed(dict(raw)))
    close_contents(building)
    return building.raw


@pytest.mark.parametrize(
    ("raw", "step_type"),
    [
        ({"type": "text", "text": "a"}, "model_output"),
        (IMAGE, "model_output"),
        ({"type": "text_annotation_delta", "annotations": []}, "model_output"),
        ({"type": "thought_summary", "content": {}}, "thought"),
        ({"type": "thought_signature", "signature": "x"}, "thought"),
        ({"type": "arguments_delta", "arguments": "{}"}, "function_call"),
        ({"type": "tool_search_result", "result": []}, "tool_search_result"),
        ({"type": "brand_new"}, "brand_new"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_a_delta_says_what_step_it_belongs_to(raw: dict[str, Any], step_type: str) -> None:
    event = StepDelta(0, raw["type"], parsed(raw), None, is_content=False)

    assert type_from_delta(event.delta, event) == step_type


@pytest.mark.parametrize(
    ("deltas", "contents"),
    [
        ([IMAGE, IMAGE], [IMAGE, IMAGE]),
        ([IMAGE, {"type": "image", "data": "BBBB"}], [{**IMAGE, "data": "AAAABBBB"}]),
        (
            [{**SPEECH, "data": "YQ=="}, {**SPEECH, "data": "Yg=="}, {**SPEECH, "data": "Yw=="}],
            [{**SPEECH, "data": "YWJj"}],
        ),
        (
            [{**SPEECH, "data": "AAAA"}, {**SPEECH, "data": "AAAA", "sample_rate": 8000}],
            [{**SPEECH, "data": "AAAA"}, {**SPEECH, "data": "AAAA", "sample_rate": 8000}],
        ),
        (
            [{**SPEECH, "data": "?="}, {**SPEECH, "data": "!"}],
            [{**SPEECH, "data": "?=!"}],
        ),
        (
            [{"type": "audio", "data": "AA==", "rate": 8}],
            [{"type": "audio", "data": "AA==", "sample_rate": 8}],
        ),
    ],
    ids=["two images", "an image in pieces", "audio", "two audios", "no base64", "old name"],
)
def test_media_comes_whole_or_in_pieces(
    deltas: list[dict[str, Any]], contents: list[dict[str, Any]]
) -> None:
    assert built({"type": "model_output"}, *deltas)["content"] == contents


def test_annotations_are_about_the_last_text() -> None:
    said = {"type": "text", "text": "a"}
    notes = {"type": "text_annotation_delta", "annotations": [CITATION]}

    step = built({"type": "model_output", "content": [said, IMAGE]}, notes)
    bare = built({"type": "model_output"}, notes)

    assert step["content"] == [{**said, "annotations": [CITATION]}, IMAGE]
    assert bare["content"] == [{"type": "text", "text": "", "annotations": [CITATION]}]


def test_whole_fields_replace_what_stood_there_and_null_replaces_nothing() -> None:
    step = built(
        {"type": "google_search_call", "id": "k", "signature": ""},
        {"type": "google_search_call", "arguments": {"queries": ["a"]}, "signature": "c2ln"},
        {"type": "google_search_call", "arguments": None},
    )

    assert step == {
        "type": "google_search_call",
        "id": "k",
        "signature": "c2ln",
        "arguments": {"queries": ["a"]},
    }


def test_an_unknown_delta_stays_in_the_step() -> None:
    assert built({"type": "thought"}, {"type": "brand_new"})["$deltas"] == [{"type": "brand_new"}]


def test_text_goes_on_in_the_last_content_if_that_is_text() -> None:
    building = Building(
        {"type": "model_output", "content": [{"type": "text", "text": "a"}]}, is_content=False
    )

    open_text(building)
    building.text.append("b")
    close_contents(building)

    assert building.raw["content"] == [{"type": "text", "text": "ab"}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, []), ("", []), ("a", [{"type": "text", "text": "a"}]), ({}, [{}]), ([1], [1])],
    ids=repr,
)
def test_a_list_is_made_of_whatever_stood_there(value: Any, expected: list[Any]) -> None:
    raw = {"content": value}

    assert list_in(raw, "content") == expected
    assert raw["content"] == expected
