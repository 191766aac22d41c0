"""What the Interactions API can do, one call each: what is asked, and what must be in the answer.

The calls go through Google's own SDK; a check sees the SDK's own objects.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.end_to_end.sdk_play import MODEL, WEATHER

PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SOUND: Final = base64.b64encode(
    b"RIFF" + struct.pack("<I", 36 + 32000) + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    + b"data" + struct.pack("<I", 32000) + bytes(32000)
).decode()  # fmt: skip
"""Two seconds of silence."""
FILM: Final = base64.b64encode(b"\0\0\0\x18ftypmp42" + bytes(64)).decode()
PAGES: Final = base64.b64encode(b"%PDF-1.7\n1 0 obj<</Type/Page>>endobj\n%%EOF\n").decode()
TRIP: Final = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["Oslo", "Bodø"]},
        "days": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3},
    },
    "required": ["city", "days"],
}

Check = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Feature:
    """One call of the SDK."""

    name: str
    check: Check
    """Of the answer; anything but None and True is what is wrong."""
    asked: dict[str, Any] = field(default_factory=dict)
    """Beside `input`; `model` unless said otherwise."""
    input: Any = "What is new in Tromsø?"
    types: frozenset[str] = frozenset({"model_output"})
    """Steps that must be among the answer's."""
    status: str = "completed"

    @property
    def call(self) -> dict[str, Any]:
        call = {"input": self.input, **self.asked}
        return call if "agent" in call else {"model": MODEL} | call


def _steps(answer: Any, kind: str) -> list[Any]:
    return [step for step in answer.steps if step.type == kind]


def _contents(answer: Any) -> list[Any]:
    return [part for step in _steps(answer, "model_output") for part in step.content]


def _text(answer: Any) -> str:
    return "".join(part.text for part in _contents(answer) if part.type == "text")


def _annotations(answer: Any, kind: str) -> list[Any]:
    parts = [part for part in _contents(answer) if part.type == "text"]
    return [note for part in parts for note in part.annotations or () if note.type == kind]


def _makes(kind: str, start: bytes, mime_type: str) -> Check:
    """The answer has one such medium, and its bytes begin as such bytes do."""

    def check(answer: Any) -> object:
        (made,) = [part for part in _contents(answer) if part.type == kind]
        data = base64.b64decode(made.data)
        return (data.startswith(start) or start in data[:12]) and made.mime_type == mime_type

    return check


def _sees(*words: str) -> Check:
    def check(answer: Any) -> object:
        said = _text(answer).lower()
        return True if any(word in said for word in words) else said

    return check


def _pair(kind: str) -> frozenset[str]:
    return frozenset({f"{kind}_call", f"{kind}_result", "model_output"})


def _tool(name: str, tool: dict[str, Any], check: Check, **more: Any) -> Feature:
    kind = more.pop("kind", tool["type"])
    return Feature(name, check, {"tools": [tool]}, types=_pair(kind), **more)


def _seen(kind: str, mime_type: str, data: str) -> list[dict[str, str]]:
    return [
        {"type": "text", "text": "What is this?"},
        {"type": kind, "mime_type": mime_type, "data": data},
    ]


def _asks_for(name: str) -> Check:
    return lambda answer: [call.name for call in _steps(answer, "function_call")] == [name]


def _format(**wanted: Any) -> dict[str, Any]:
    return {"response_format": wanted}


def _thinks(level: str) -> Feature:
    def check(answer: Any) -> object:
        return (level == "minimal") == (not answer.usage.total_thought_tokens)

    config = {"thinking_level": level, "thinking_summaries": "auto"}
    return Feature(f"thinking {level}", check, {"generation_config": config})


def _served(asked: str) -> Feature:
    return Feature(
        f"tier {asked}", lambda answer: answer.service_tier == asked, {"service_tier": asked}
    )


def _trip(answer: Any) -> object:
    made = json.loads(_text(answer))
    return made["city"] in ("Oslo", "Bodø") and len(made["days"]) in (2, 3)


FEATURES: Final = (
    Feature("text", lambda answer: bool(_text(answer))),
    Feature(
        "image generation",
        _makes("image", b"PNG", "image/png"),
        {"model": "gemini-3.1-flash-image"},
        types=frozenset({"model_output"}),
    ),
    Feature(
        "image of a wanted form",
        _makes("image", b"\xff\xd8\xff", "image/jpeg"),
        {
            "model": "gemini-3-pro-image",
            **_format(type="image", mime_type="image/jpeg", aspect_ratio="16:9", image_size="1K"),
        },
    ),
    Feature("image understanding", _sees("image", "png"), input=_seen("image", "image/png", PIXEL)),
    Feature("audio understanding", _sees("audio", "wav"), input=_seen("audio", "audio/wav", SOUND)),
    Feature("video understanding", _sees("video", "mp4"), input=_seen("video", "video/mp4", FILM)),
    Feature(
        "document understanding",
        _sees("document", "pdf"),
        input=_seen("document", "application/pdf", PAGES),
    ),
    Feature(
        "image by address",
        _sees("image", "photo"),
        input=[
            {"type": "text", "text": "What is this?"},
            {"type": "image", "uri": "gs://bucket/photo.png", "mime_type": "image/png"},
        ],
    ),
    Feature(
        "audio output",
        _makes("audio", b"WAVE", "audio/wav"),
        {
            "model": "gemini-3.8-flash-tts",
            **_format(type="audio", mime_type="audio/wav", sample_rate=24000),
        },
    ),
    Feature(
        "transcription",
        lambda answer: bool(_annotations(answer, "word_info")),
        {
            "model": "gemini-3.5-transcribe",
            "generation_config": {
                "transcription_config": {
                    "mode": "verbatim",
                    "timestamp_granularities": ["word"],
                    "diarization_mode": "speaker",
                }
            },
        },
        input=_seen("audio", "audio/wav", SOUND),
    ),
    Feature(
        "music",
        lambda answer: any(p.type == "audio" for p in _contents(answer)),
        {"model": "lyria-3.5"},
    ),
    Feature(
        "music in the old shape",
        lambda answer: any(part.type == "audio" for part in _contents(answer)),
        {"model": "lyria-3-clip-preview"},
    ),
    Feature("video", _makes("video", b"ftyp", "video/mp4"), {"model": "gemini-omni-1.2-flash"}),
    Feature(
        "function calling",
        _asks_for("get_weather"),
        {"tools": [WEATHER]},
        input="Weather in Oslo?",
        types=frozenset({"thought", "function_call"}),
        status="requires_action",
    ),
    Feature(
        "structured output",
        _trip,
        _format(type="text", mime_type="application/json", schema=TRIP),
    ),
    _tool(
        "search",
        {"type": "google_search"},
        lambda answer: (
            bool(_annotations(answer, "url_citation"))
            and answer.usage.grounding_tool_count[0].count > 0
        ),
    ),
    _tool(
        "maps",
        {"type": "google_maps", "latitude": 69.6, "longitude": 18.9, "enable_widget": True},
        lambda answer: bool(_annotations(answer, "place_citation")),
        input="Where is a café?",
    ),
    _tool(
        "URL context",
        {"type": "url_context"},
        lambda answer: (
            {one.status for s in _steps(answer, "url_context_result") for one in s.result}
            >= {"success", "paywall"}
        ),
        input="Compare https://example.com/a with https://example.com/paywall",
    ),
    _tool(
        "file search",
        {"type": "file_search", "file_search_store_names": ["fileSearchStores/papers"]},
        lambda answer: bool(_annotations(answer, "file_citation")),
    ),
    _tool(
        "code execution",
        {"type": "code_execution"},
        lambda answer: bool(_steps(answer, "code_execution_call")[0].arguments.code),
        input="Add the first hundred numbers.",
    ),
    _tool(
        "remote MCP",
        {"type": "mcp_server", "name": "files", "url": "https://mcp.example.com/mcp"},
        lambda answer: _steps(answer, "mcp_server_tool_call")[0].server_name == "files",
        kind="mcp_server_tool",
    ),
    Feature(
        "computer use",
        lambda answer: bool(_steps(answer, "function_call")),
        {"tools": [{"type": "computer_use", "environment": "browser"}]},
        input="Open the weather page.",
        types=frozenset({"function_call"}),
        status="requires_action",
    ),
    *(_thinks(level) for level in ("minimal", "low", "medium", "high", "xhigh")),
    *(_served(tier) for tier in ("standard", "flex", "priority")),
    Feature(
        "priority overflow",
        lambda answer: answer.service_tier == "standard",
        {
            "service_tier": "priority",
            "extra_headers": {"x-emulator-fault": "downgrade"},
        },
    ),
    Feature(
        "safety",
        lambda answer: answer.errors[0].code == "safety",
        input="emulate: safety",
        types=frozenset(),
        status="failed",
    ),
    Feature(
        "labels",
        lambda answer: bool(_text(answer)),
        {"labels": {"team": "north", "cost-centre": "7"}},
    ),
    Feature(
        "cut at max_output_tokens",
        lambda answer: answer.usage.total_output_tokens <= 3,
        {"generation_config": {"max_output_tokens": 3}},
        status="incomplete",
    ),
    Feature("not stored", lambda answer: not answer.id, {"store": False}),
    Feature(
        "instruction",
        lambda answer: bool(_text(answer)),
        {"system_instruction": "Answer in rhymes."},
    ),
)
