"""What a model gives out after its thoughts: calls for the caller, or tools' pairs and the output itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import orjson

from proxy.emulator.answers.media.made import made
from proxy.emulator.answers.media.seen import seen
from proxy.emulator.answers.model import prose
from proxy.emulator.answers.occasion import ANNOTATIONS, Occasion
from proxy.emulator.answers.structured import instance
from proxy.emulator.answers.tools import functions, screens
from proxy.emulator.answers.tools.pairs import Source
from proxy.emulator.answers.tools.server import server_pairs
from proxy.emulator.asked.request import Json
from proxy.emulator.asked.settings import either

MEDIA_ORDERS: Final = ("image", "audio", "video")

DOCUMENT: Final[Json] = {
    "type": "document",
    "mime_type": "text/csv",
    "data": "dHJlZSxzaGVkcw0KbGFyY2gsMQ0KZmlyLDANCg==",
}
"""A sheet of two rows, for prompts that order a document: no model is known to give one out."""

ORDERED_SOURCES: Final[dict[str, Source]] = {
    "url_citation": {"url": "https://example.com/", "title": "Example"},
    "file_citation": {"document_uri": "files/emulated", "file_name": "a.pdf", "page_number": 1},
    "place_citation": {"place_id": "emulated-place-1", "name": "Café Über"},
    "word_info": {"text": "In", "start_offset": "0s", "end_offset": "0.2s", "speaker": "1"},
    "speech_metadata": {"speaker": "1", "style": "calm"},
}


def calls_for_caller(occasion: Occasion) -> list[Json]:
    """Function calls and computer actions that the caller has to answer; none: the model speaks."""
    return functions.calls(occasion) or screens.actions(occasion)


def output(occasion: Occasion, output_bytes: int | None, bytes_max: int) -> list[Json]:
    """The steps that end an answer.

    Args:
        occasion: what is answered.
        output_bytes: how long text has to be, or by how much to lengthen media; None leaves it open.
        bytes_max: the longest text one request decodes.
    """
    used = server_pairs(occasion)
    request = occasion.request
    for kind in occasion.orders and MEDIA_ORDERS:
        if kind in occasion.orders:
            request = replace(request, raw={**request.raw, "response_format": {"type": kind}})
    contents = made(request, output_bytes or 0, occasion.chance)
    if "document" in occasion.orders:
        contents = [DOCUMENT]
    if contents is not None:
        return [*used.steps, {"content": contents, "type": "model_output"}]
    text, is_free = _text(occasion, output_bytes, bytes_max)
    text = prose.stopped(text, occasion.config.get("stop_sequences"))
    sources = used.sources if is_free else []
    if is_free and occasion.orders:
        ordered = [kind for kind in ANNOTATIONS if kind in occasion.orders]
        sources = [*sources, *({"type": kind, **ORDERED_SOURCES[kind]} for kind in ordered)]
    return [*used.steps, prose.spoken(text, sources)]


def _text(occasion: Occasion, output_bytes: int | None, bytes_max: int) -> tuple[str, bool]:
    """The text, and whether it is prose that can be annotated."""
    is_structured, schema = response_schema(occasion.request.raw)
    if is_structured:
        return orjson.dumps(instance(schema, occasion.chance)).decode(), False
    if output_bytes is not None:
        return prose.sized(min(output_bytes, bytes_max), occasion.chance), False
    shown = seen(occasion.request.steps)
    said = prose.sentences(occasion)
    return f"{said} {shown}" if shown else said, True


def response_schema(raw: Json) -> tuple[bool, object]:
    """Whether the answer has to be JSON, and the schema it has to fit, in any spelling of any SDK."""
    formats = raw.get("response_format")
    for entry in formats if isinstance(formats, list) else [formats]:
        if not isinstance(entry, dict):
            continue
        kind = entry.get("type")
        if kind == "text":
            if "schema" in entry or either(entry, "mime_type") == "application/json":
                return True, entry.get("schema") or {"type": "object"}
        elif kind not in ("image", "audio", "video"):
            return True, entry
    return raw.get("response_mime_type") == "application/json", {"type": "object"}
