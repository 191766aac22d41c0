"""The events of a stream, in the order of the protocol reference, section 10.4, and their spelling.

The whole sequence follows from the interaction: a resumed stream is its tail, a cut one its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import orjson

from proxy.emulator.answers.resource import Interaction, asked_for, head
from proxy.emulator.asked.request import Json

DONE: Final = b"event: done\ndata: [DONE]\n\n"

PIECE_CHARACTERS: Final = 48
"""Usual length of a text delta: some words, as in recordings."""

PIECES_MAX: Final = 2000
"""Longer texts get longer deltas rather than more of them."""

ARGUMENT_PIECES: Final = 3
"""Into how many pieces the JSON text of call arguments is cut, if it is long enough."""


def events(interaction: Interaction, *, piece: int | None = None) -> Iterator[Json]:
    """All events from `interaction.created` to `interaction.completed`.

    Background interactions carry an `event_id` each, unique and ascending; others carry none.
    `piece` is the length of a text delta in characters; None chooses one for the text.
    """
    is_numbered = interaction.request.is_background
    for number, event in enumerate(_bare_events(interaction, piece)):
        if is_numbered:
            event["event_id"] = event_id(number)
        yield event


def event_id(number: int) -> str:
    """The id of the event at this place of a background stream."""
    return f"evt_{number:06d}"


def block(event: Json) -> bytes:
    """One server-sent event: its name, its JSON on one line, an empty line."""
    return b"event: %s\ndata: %s\n\n" % (event["event_type"].encode(), orjson.dumps(event))


def error_event(code: str, message: str) -> Json:
    """The event that ends a stream that failed after its start."""
    return {"event_type": "error", "error": {"code": code, "message": message}}


def closing(interaction: Interaction) -> Json:
    """The last event: who, how it ended, what it cost; no steps."""
    composition = interaction.composition
    described = head(interaction) | {"id": interaction.id or "", "service_tier": interaction.tier}
    if interaction.is_running:
        described["status"] = composition.status
    if described["status"] != "cancelled":
        described["usage"] = composition.usage
    if interaction.continuation_token is not None:
        described["continuation_token"] = interaction.continuation_token
    return {"interaction": described, "event_type": "interaction.completed"}


def pieces(text: str, size: int | None = None) -> Iterator[str]:
    """Cut a text into deltas of about `size` characters, after a space where one is near."""
    length = size or max(PIECE_CHARACTERS, -(-len(text) // PIECES_MAX))
    place = 0
    while place < len(text):
        space = text.find(" ", place + length - 1, place + 2 * length)
        end = space + 1 if space >= 0 and size is None else place + length
        yield text[place:end]
        place = end


def _bare_events(interaction: Interaction, piece: int | None) -> Iterator[Json]:
    identity = interaction.id or ""
    created = {"id": identity, "status": "in_progress", "object": "interaction"}
    created |= asked_for(interaction.request)
    yield {"interaction": created, "event_type": "interaction.created"}
    yield {
        "interaction_id": identity,
        "status": "in_progress",
        "event_type": "interaction.status_update",
    }
    for index, step in enumerate(interaction.composition.steps):
        yield {"index": index, "step": _start(step), "event_type": "step.start"}
        for delta in _deltas(step, piece):
            yield {"index": index, "delta": delta, "event_type": "step.delta"}
        yield {"index": index, "event_type": "step.stop"}
    yield closing(interaction)


def _start(step: Json) -> Json:
    """What a step carries when it starts: its type and names, not what deltas will bring."""
    kind = step["type"]
    if kind == "function_call":
        return {"id": step["id"], "name": step["name"], "type": kind, "arguments": {}}
    if kind in ("thought", "model_output"):
        return {"type": kind}
    names = ("id", "call_id", "name", "server_name")
    start: Json = {name: step[name] for name in names if name in step} | {"type": kind}
    return start | {"signature": ""} if "signature" in step else start


def _deltas(step: Json, piece: int | None) -> Iterator[Json]:
    kind = step["type"]
    if kind == "thought":
        for summary in step.get("summary", ()):
            for text in pieces(summary["text"], piece):
                yield {"content": {"text": text, "type": "text"}, "type": "thought_summary"}
        yield {"signature": step["signature"], "type": "thought_signature"}
    elif kind == "model_output":
        for content in step["content"]:
            yield from content_deltas(content, piece)
    elif kind == "function_call":
        text = orjson.dumps(step["arguments"]).decode()
        length = max(1, -(-len(text) // ARGUMENT_PIECES))
        for part in pieces(text, piece or length):
            yield {"arguments": part, "type": "arguments_delta"}
    else:
        yield {name: value for name, value in step.items() if name not in ("id", "call_id")}


def content_deltas(
    content: Json, piece: int | None, annotations: str = "text_annotation_delta"
) -> Iterator[Json]:
    """The deltas of one content of the output; media come in one piece."""
    if content["type"] != "text":
        yield content
        return
    for text in pieces(content["text"], piece):
        yield {"text": text, "type": "text"}
    if content.get("annotations"):
        yield {"type": annotations, "annotations": content["annotations"]}
