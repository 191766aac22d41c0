"""One example of everything that steps are made of, with every field the reference names (sections 7 and 8)."""

from __future__ import annotations

from typing import Any, Final

from proxy.emulator.answers.composition import Composition
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.request import Json, read_create

SIGNATURE: Final = "c2lnbmF0dXJl"
PIXEL: Final = "iVBORw0KGgo="

SPOKEN: Final = "Zürich is not in Austria. The café opens at seven."

REVIEW: Final[Json] = {
    "title": "Good coffee",
    "url": "https://maps.example/review/1",
    "review_id": "review-1",
}
ANNOTATIONS: Final[dict[str, Json]] = {
    "url_citation": {
        "type": "url_citation",
        "url": "https://vertexaisearch.cloud.google.com/grounding-api-redirect/emulated-1",
        "title": "Zürich at a glance",
        "start_index": 0,
        "end_index": 26,
    },
    "file_citation": {
        "type": "file_citation",
        "document_uri": "fileSearchStores/atlas/documents/1",
        "file_name": "atlas.pdf",
        "source": "Zürich is a city in Switzerland.",
        "page_number": 12,
        "media_id": "fileSearchStores/atlas/media/1",
        "custom_metadata": {"edition": "third"},
        "start_index": 0,
        "end_index": 26,
    },
    "place_citation": {
        "type": "place_citation",
        "place_id": "places/emulated-1",
        "name": "Café Über",
        "url": "https://maps.google.com/?cid=1",
        "review_snippets": [REVIEW],
        "start_index": 27,
        "end_index": 52,
    },
    "word_info": {
        "type": "word_info",
        "text": "Zürich",
        "start_offset": "0s",
        "end_offset": "0.4s",
        "speaker": "speaker_1",
        "start_index": 0,
        "end_index": 7,
    },
    "speech_metadata": {
        "type": "speech_metadata",
        "speaker": "Joe",
        "style": "cheerful",
        "start_index": 0,
        "end_index": 26,
    },
}
"""Every annotation, by its type; for the text `SPOKEN`."""

CONTENTS: Final[dict[str, Json]] = {
    "text": {"type": "text", "text": SPOKEN, "annotations": list(ANNOTATIONS.values())},
    "image": {"type": "image", "data": PIXEL, "mime_type": "image/png", "resolution": "high"},
    "audio": {
        "type": "audio",
        "data": "AAAA",
        "mime_type": "audio/l16",
        "sample_rate": 24000,
        "channels": 1,
    },
    "video": {
        "type": "video",
        "uri": "https://generativelanguage.googleapis.com/v1beta/files/emulated0001",
        "mime_type": "video/mp4",
        "resolution": "low",
    },
    "document": {"type": "document", "data": "JVBERg==", "mime_type": "application/pdf"},
}
"""Every content of an answer, by its type."""

FUNCTION: Final[Json] = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def _call(kind: str, **fields: Any) -> Json:
    return {"type": kind, "id": "a1b2c3d4", **fields, "signature": SIGNATURE}


def _result(kind: str, **fields: Any) -> Json:
    return {"type": kind, "call_id": "a1b2c3d4", **fields, "signature": SIGNATURE}


STEPS: Final[dict[str, Json]] = {
    "user_input": {"type": "user_input", "content": [{"type": "text", "text": "Where is Zürich?"}]},
    "thought": {
        "type": "thought",
        "signature": SIGNATURE,
        "summary": [
            {"type": "text", "text": "**Looking at the map**\n\nZürich lies in Switzerland."},
            {"type": "image", "data": PIXEL, "mime_type": "image/png"},
        ],
    },
    "model_output": {"type": "model_output", "content": list(CONTENTS.values())},
    "function_call": {
        "type": "function_call",
        "id": "a1b2c3d4",
        "name": "get_weather",
        "arguments": {"city": "Zürich", "days": [1, 2], "unit": {"name": "celsius"}},
    },
    "function_result": {
        "type": "function_result",
        "call_id": "a1b2c3d4",
        "name": "get_weather",
        "is_error": False,
        "result": [{"type": "text", "text": "4 °C"}],
    },
    "code_execution_call": _call(
        "code_execution_call", arguments={"language": "python", "code": "print(1 + 1)"}
    ),
    "code_execution_result": _result("code_execution_result", result="2\n", is_error=False),
    "google_search_call": _call(
        "google_search_call", arguments={"queries": ["zürich"]}, search_type="web_search"
    ),
    "google_search_result": _result(
        "google_search_result",
        result=[{"search_suggestions": "<div>zürich</div>"}],
        is_error=False,
    ),
    "url_context_call": _call("url_context_call", arguments={"urls": ["https://example.com/"]}),
    "url_context_result": _result(
        "url_context_result",
        result=[{"url": "https://example.com/", "status": "success"}],
        is_error=False,
    ),
    "file_search_call": _call("file_search_call"),
    "file_search_result": _result("file_search_result"),
    "google_maps_call": _call("google_maps_call", arguments={"queries": ["café"]}),
    "google_maps_result": _result(
        "google_maps_result",
        result=[
            {
                "places": [
                    {
                        "place_id": "places/emulated-1",
                        "name": "Café Über",
                        "url": "https://maps.google.com/?cid=1",
                        "review_snippets": [REVIEW],
                    }
                ],
                "widget_context_token": "widgetcontent/emulated",
            }
        ],
    ),
    "mcp_server_tool_call": {
        "type": "mcp_server_tool_call",
        "id": "a1b2c3d4",
        "name": "lookup",
        "server_name": "atlas",
        "arguments": {"q": "zürich"},
    },
    "mcp_server_tool_result": {
        "type": "mcp_server_tool_result",
        "call_id": "a1b2c3d4",
        "name": "lookup",
        "server_name": "atlas",
        "result": [{"type": "text", "text": "A city."}],
    },
    "retrieval_call": _call(
        "retrieval_call", arguments={"queries": ["zürich"]}, retrieval_type="vertex_ai_search"
    ),
    "retrieval_result": _result("retrieval_result", is_error=False),
    "tool_search_call": _call("tool_search_call", arguments={"function_names": ["get_weather"]}),
    "tool_search_result": _result("tool_search_result", result=[FUNCTION]),
    "processing_call": _call("processing_call"),
    "processing_result": _result("processing_result"),
}
"""Every step, by its type."""

USAGE: Final[Json] = {
    "total_tokens": 400,
    "total_input_tokens": 100,
    "input_tokens_by_modality": [
        {"modality": "text", "tokens": 60},
        {"modality": "document", "tokens": 40},
    ],
    "total_cached_tokens": 10,
    "cached_tokens_by_modality": [{"modality": "text", "tokens": 10}],
    "total_output_tokens": 150,
    "output_tokens_by_modality": [
        {"modality": "text", "tokens": 50},
        {"modality": "image", "tokens": 100},
    ],
    "total_tool_use_tokens": 70,
    "tool_use_tokens_by_modality": [{"modality": "text", "tokens": 70}],
    "total_thought_tokens": 80,
    "initial_input_tokens": 90,
    "grounding_tool_count": [
        {"type": "google_maps", "count": 1},
        {"type": "google_search", "count": 1},
        {"type": "retrieval", "count": 1},
    ],
}
"""Every counter."""


def interaction_of(*steps: Json, status: str = "completed", **body: Any) -> Interaction:
    """An interaction whose answer are these steps; `body` adds to its request."""
    asked: Json = {"input": "Where is Zürich?"}
    if "agent" not in body:
        asked["model"] = "gemini-3-flash-preview"
    request = read_create(asked | body)
    return Interaction(
        id="v1_a" if request.is_stored else None,
        request=request,
        composition=Composition(tuple(steps), status, USAGE),
        tier="standard",
        created_s=1_795_600_800,
        updated_s=1_795_600_802,
        status="in_progress" if request.is_background else status,
    )
