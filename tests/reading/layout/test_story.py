from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.reading.layout.story import TEXT_MAX, citations, story

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        "user_input",
        "model_output",
        "thought",
        "function_call",
        "function_result",
        "code_execution_call",
        "odd",
        "google_search_call",
        "google_search_result",
        "url_context_call",
        "url_context_result",
    ]
)
FIELDS = st.sampled_from(
    ["content", "summary", "arguments", "result", "name", "server_name", "error", "is_error"]
)


@given(TYPES, st.dictionaries(FIELDS, JSON))
def test_any_step_has_a_story(kind: str, fields: dict[str, Any]) -> None:
    assert len(story({"type": kind, **fields}, {})) <= TEXT_MAX + 200


@given(JSON)
def test_any_json_has_a_story(value: Any) -> None:
    assert isinstance(story(value, {}), str)


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "text": content}


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"type": "user_input", "content": [text("Hello")]}, "Hello"),
        (
            {"type": "model_output", "content": [{**text("Yes."), "annotations": [{}, {}]}]},
            "Yes. [2 citations]",
        ),
        (
            {"type": "model_output", "content": [], "error": {"code": 3, "message": "no"}},
            "error: no",
        ),
        (
            {
                "type": "user_input",
                "content": [
                    text("See"),
                    {"type": "image", "data": {"$media": 0}, "mime_type": "image/png"},
                    {"type": "document", "uri": "gs://b/x.pdf", "mime_type": "application/pdf"},
                ],
            },
            "See [image/png 12 KB] [application/pdf gs://b/x.pdf]",
        ),
        ({"type": "thought", "signature": "x"}, "(no summary)"),
        ({"type": "thought", "summary": [text("I wonder")]}, "I wonder"),
        (
            {"type": "function_call", "name": "f", "arguments": {"a": "x", "b": [1]}},
            'f(a="x", b=[1])',
        ),
        (
            {"type": "mcp_server_tool_call", "name": "f", "server_name": "s", "arguments": {}},
            "s/f()",
        ),
        ({"type": "function_result", "result": "22 °C"}, "22 °C"),
        ({"type": "function_result", "is_error": True, "result": {"no": 1}}, 'error: {"no": 1}'),
        ({"type": "google_search_call", "arguments": {"queries": ["a", "b"]}}, "a · b"),
        (
            {"type": "google_search_result", "result": [{"search_suggestions": "x" * 2100}]},
            "search suggestions, 2.1 KB",
        ),
        (
            {
                "type": "url_context_result",
                "result": [{"url": "https://a.example", "status": "paywall"}],
            },
            "https://a.example (paywall)",
        ),
        (
            {"type": "google_maps_result", "result": [{"places": [{"name": "Café"}]}]},
            "1 place: Café",
        ),
        (
            {
                "type": "code_execution_call",
                "arguments": {"language": "python", "code": "a = 1\n\nprint(a)\n"},
            },
            "python: a = 1 ⏎ print(a)",
        ),
        ({"type": "file_search_call", "id": "k"}, ""),
        ({"type": "processing_call", "id": "k"}, ""),
        ({"type": "processing_result", "call_id": "k"}, ""),
        ({"type": "retrieval_result", "call_id": "k"}, ""),
        (
            {
                "type": "google_search_call",
                "search_type": "image_search",
                "arguments": {"queries": ["a"]},
            },
            "a (image_search)",
        ),
        (
            {
                "type": "retrieval_call",
                "retrieval_type": "rag_store",
                "arguments": {"queries": ["a"]},
            },
            "a (rag_store)",
        ),
        ({"type": "google_maps_call", "arguments": {"queries": ["a"]}}, "a"),
        (
            {"type": "url_context_call", "arguments": {"urls": ["https://a.example"]}},
            "https://a.example",
        ),
        ({"type": "tool_search_call", "arguments": {"function_names": ["f", "g"]}}, "f · g"),
        (
            {
                "type": "tool_search_result",
                "result": [{"type": "function", "name": "f"}, {"type": "function", "name": "g"}],
            },
            "f() · g()",
        ),
        (
            {
                "type": "file_search_result",
                "result": [{"title": "Plan", "text": "Go.", "file_search_store": "s"}],
            },
            "Plan",
        ),
        ({"type": "code_execution_result", "result": "2\n"}, "2\n"),
        (
            {"type": "mcp_server_tool_result", "result": [text("ok")], "server_name": "s"},
            "ok",
        ),
        (
            {
                "type": "model_output",
                "content": [
                    {"type": "audio", "data": {"$media": 0}},
                    {"type": "video", "name": "clip", "uri": "gs://b/v", "mime_type": "video/mp4"},
                ],
            },
            "[image/png 12 KB] [video/mp4 clip gs://b/v]",
        ),
        ({"type": "brand_new", "signature": "x", "field": 1}, '{"field": 1}'),
        (
            {"type": "x", "$omitted": True},
            "(nested too deeply: kept in the raw record only)",
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_a_step_is_told_in_its_own_way(step: dict[str, Any], told: str) -> None:
    assert story(step, {0: "image/png 12 KB"}) == told


def test_sources_are_told_each_once_and_words_are_counted() -> None:
    notes = [
        {"type": "url_citation", "title": "A page", "url": "https://a.example"},
        {"type": "url_citation", "title": "A page", "url": "https://a.example", "start_index": 9},
        {
            "type": "file_citation",
            "file_name": "plan.pdf",
            "document_uri": "gs://b",
            "page_number": 3,
        },
        {"type": "place_citation", "name": "Café", "url": "https://maps.example", "place_id": "p"},
        {"start_index": 0, "source": "https://old.example"},
        {"type": "word_info", "text": "a"},
        {"type": "word_info", "text": "b"},
        {"type": "speech_metadata", "speaker": "Kore", "style": "calm"},
        {"type": "url_citation"},
        7,
    ]

    told = citations({"type": "model_output", "content": [{**text("x"), "annotations": notes}]})

    assert told == [
        "cites A page https://a.example",
        "cites plan.pdf gs://b, page 3",
        "cites Café https://maps.example",
        "cites https://old.example",
        "spoken by Kore calm",
        "2 words timed",
    ]


@given(st.dictionaries(FIELDS, JSON) | JSON)
def test_any_step_has_sources_or_none(step: Any) -> None:
    citations(step)
