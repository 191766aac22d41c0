"""How a step is told piece by piece: what it starts with, and the deltas that bring the rest.

Source: the protocol reference, section 10.3. `rebuilt` is the way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import orjson

from proxy.emulator.asked.request import Json

PIECE_CHARACTERS: Final = 48
"""Usual length of a text delta: some words, as in recordings."""

PIECES_MAX: Final = 2000
"""Longer texts get longer deltas rather than more of them."""

ARGUMENT_PIECES: Final = 3
"""Into how many pieces the JSON text of call arguments is cut, if it is long enough."""

_CALL: Final = ("arguments", "signature")
_RESULT: Final = ("result", "is_error", "signature")
WHOLE_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "function_result": ("name", "is_error", "result"),
    "code_execution_call": _CALL,
    "code_execution_result": _RESULT,
    "google_search_call": _CALL,
    "google_search_result": _RESULT,
    "google_maps_call": _CALL,
    "google_maps_result": _RESULT,
    "url_context_call": _CALL,
    "url_context_result": _RESULT,
    "file_search_call": ("signature",),
    "file_search_result": _RESULT,
    "mcp_server_tool_call": ("name", "server_name", "arguments"),
    "mcp_server_tool_result": ("name", "server_name", "result"),
    "retrieval_call": (*_CALL, "retrieval_type"),
    "retrieval_result": _RESULT,
    "tool_search_call": _CALL,
    "tool_search_result": _RESULT,
    "processing_call": ("signature",),
    "processing_result": ("signature",),
}
"""Steps that one delta of the same name fills, and the fields it brings."""

NAMES: Final = frozenset({"name", "server_name"})
"""Fields that stand in the start as well as in the delta."""


def start_of(step: Json) -> Json:
    """What a step carries when it starts: its type and names, not what deltas will bring.

    A step that no delta can tell (the caller's input, an unknown type) starts whole.
    """
    kind = step["type"]
    if kind == "model_output":
        content = step.get("content")
        start = {name: value for name, value in step.items() if name != "content"}
        return start | {"content": content} if content == [] else start
    if kind == "thought":
        kept = {name: value for name, value in step.items() if name not in ("summary", "signature")}
        return kept | {"summary": []} if step.get("summary") == [] else kept
    if kind == "function_call":
        return step | {"arguments": {}}
    fields = WHOLE_FIELDS.get(kind)
    if fields is None or not _is_told_by_delta(step):
        return dict(step)
    start = {name: value for name, value in step.items() if name not in fields or name in NAMES}
    return start | {"signature": ""} if "signature" in step else start


def deltas_of(step: Json, piece: int | None = None) -> Iterator[Json]:
    """The deltas that bring what the start left out; `piece` is their length in characters."""
    kind = step["type"]
    if kind == "model_output":
        for content in step.get("content", ()):
            yield from content_deltas(content, piece)
    elif kind == "thought":
        for summary in step.get("summary", ()):
            yield summary_delta(summary)
        if "signature" in step:
            yield {"signature": step["signature"], "type": "thought_signature"}
    elif kind == "function_call":
        text = orjson.dumps(step.get("arguments", {})).decode()
        length = max(1, -(-len(text) // ARGUMENT_PIECES))
        for part in pieces(text, piece or length):
            yield {"arguments": part, "type": "arguments_delta"}
    elif kind in WHOLE_FIELDS and _is_told_by_delta(step):
        brought = {name: step[name] for name in WHOLE_FIELDS[kind] if name in step}
        if brought:
            yield brought | {"type": kind}


def content_deltas(content: Json, piece: int | None = None) -> Iterator[Json]:
    """The deltas of one content of the output; media come in one piece, annotations after the text."""
    if content["type"] != "text":
        yield content
        return
    for text in pieces(content["text"], piece):
        yield {"text": text, "type": "text"}
    if content.get("annotations"):
        yield {"annotations": content["annotations"], "type": "text_annotation_delta"}


def summary_delta(summary: Json) -> Json:
    """One part of a thought's summary, a text or a picture, is one delta: readers append it as a part."""
    return {"content": summary, "type": "thought_summary"}


def pieces(text: str, size: int | None = None) -> Iterator[str]:
    """Cut a text into deltas of about `size` characters, after a space where one is near.

    An empty text is one empty piece.
    """
    length = size or max(PIECE_CHARACTERS, -(-len(text) // PIECES_MAX))
    place = 0
    while place < len(text) or not place:
        space = text.find(" ", place + length - 1, place + 2 * length)
        end = space + 1 if space >= 0 and size is None else place + length
        yield text[place:end]
        place = end


def _is_told_by_delta(step: Json) -> bool:
    """Results of executed code are text in a delta; those with contents stand in the start."""
    return step["type"] != "code_execution_result" or isinstance(step.get("result", ""), str)
