"""Generators for the property tests: bodies of event streams, ways to cut bytes, JSON, interactions."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from tests.interactions.sdk_types import STEPS, examples

Json = Any

_LINES = st.one_of(
    st.sampled_from(
        [
            b"data: 1",
            b"data:{}",
            b"data",
            b"event: a",
            b"event:b",
            b": note",
            b"id: 7",
            b"",
            b"",
            b"",
            b"\xef\xbb\xbf",
            b"data: \xe2\x80\xa8",
        ]
    ),
    st.binary(max_size=8),
)
_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def sse_bodies(draw: st.DrawFn) -> bytes:
    """Lines of event streams with all line ends mixed, sometimes a BOM, often an unfinished end."""
    lines = draw(st.lists(st.tuples(_LINES, _ENDS), max_size=20))
    start = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    tail = draw(st.sampled_from([b"", b"data: tail", b"\xef"]))
    return start + b"".join(line + end for line, end in lines) + tail


def cuts_of(body: bytes) -> st.SearchStrategy[list[int]]:
    """Places to cut a body at, in order."""
    return st.lists(st.integers(0, len(body)), max_size=6).map(sorted)


def cut_at(body: bytes, places: Sequence[int]) -> list[bytes]:
    """The pieces of a body between the places."""
    edges = [0, *places, len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def texts(least: int = 0) -> st.SearchStrategy[str]:
    """Text that JSON can carry: no lone surrogates."""
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=20)


def _one_of(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


_PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts(),
    _one_of(
        """text image model_output user_input thought function_call function_result step.delta
        step.start step.stop interaction.created interaction.completed arguments_delta content.delta
        text_annotation_delta thought_summary completed google_maps_result"""
    ),
)
_KEYS = st.one_of(
    texts(),
    _one_of(
        """id status steps type content text data index delta step event_type interaction error usage
        input tools headers env environment arguments signature result summary name annotations
        outputs errors role model store metadata code mime_type"""
    ),
)
_TOP_KEYS = _one_of(
    """id status steps type content text index delta step event_type interaction error usage input
    outputs errors model store previous_interaction_id stream background"""
)


def json_values() -> st.SearchStrategy[Json]:
    """Any JSON value, with the API's own field names often among the keys."""
    return st.recursive(
        _PLAIN,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=5)
        ),
        max_leaves=25,
    )


def json_objects() -> st.SearchStrategy[dict[str, Json]]:
    """JSON objects, the outermost with names the API knows."""
    return st.dictionaries(_TOP_KEYS, json_values(), max_size=6)


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def turn(created_s: int, noise: bytes) -> str:
    """A turn's id, as the service makes them."""
    return base64url(created_s.to_bytes(4, "little") + noise)


def make_id(root: str, own: str) -> str:
    """An interaction's id of a conversation's first turn and its own."""
    parts = b"\x0a%c%b\x12%c%b" % (len(root), root.encode(), len(own), own.encode())
    return "v1_" + base64url(parts)


def steps() -> st.SearchStrategy[dict[str, Json]]:
    """Steps as GET shows them, of every shape that a stream can build."""
    return st.one_of(
        *(_thoughts(), _outputs(), _function_calls(), _tool_calls(), _results()), _sdk_steps()
    )


def _sdk_steps() -> st.SearchStrategy[dict[str, Json]]:
    """Every step that Google's SDK has a type for, with every field; contents one at a time."""
    whole = examples(STEPS)
    outputs = [step for step in whole if step["type"] == "model_output"]
    apart = [{**outputs[0], "content": [content]} for content in outputs[0]["content"]]
    rest = [step for step in whole if step["type"] != "model_output"]
    return st.sampled_from([*rest, *apart]).map(copy.deepcopy)


def _some_text() -> st.SearchStrategy[dict[str, Json]]:
    annotation = st.fixed_dictionaries({"type": st.just("url_citation"), "url": texts()})
    return st.fixed_dictionaries(
        {"type": st.just("text"), "text": texts(1)},
        optional={"annotations": st.lists(annotation, min_size=1, max_size=2)},
    )


def _media() -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries(
        {
            "type": st.sampled_from(["image", "audio", "video", "document"]),
            "mime_type": st.just("image/png"),
            "data": st.sampled_from(["iVBORw0KGgo=", "AAAA", "/+8="]),
        }
    )


@st.composite
def _outputs(draw: st.DrawFn) -> dict[str, Json]:
    """Neighbouring texts would be one text: a stream cannot tell them apart."""
    media = draw(st.lists(_media(), max_size=2))
    contents: list[dict[str, Json]] = []
    for item in media:
        # Neighbouring audio or video of one kind would be pieces of one, too.
        if draw(st.booleans()) or (contents and contents[-1]["type"] == item["type"]):
            contents.append(draw(_some_text()))
        contents.append(item)
    if not contents or draw(st.booleans()):
        contents.append(draw(_some_text()))
    return {"type": "model_output", "content": contents}


def _thoughts() -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries(
        {"type": st.just("thought")},
        optional={
            "signature": st.sampled_from(["c2ln", "AAAA"]),
            "summary": st.lists(st.one_of(_some_text(), _media()), min_size=1, max_size=2),
        },
    )


def _function_calls() -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries(
        {
            "type": st.just("function_call"),
            "id": texts(1),
            "name": texts(1),
            "arguments": st.dictionaries(texts(), st.integers(0, 9), max_size=3),
        }
    )


def _tool_calls() -> st.SearchStrategy[dict[str, Json]]:
    arguments = st.fixed_dictionaries({"queries": st.lists(texts(), max_size=2)})
    return st.fixed_dictionaries(
        {
            "type": st.sampled_from(["google_search_call", "google_maps_call", "retrieval_call"]),
            "id": texts(1),
            "arguments": arguments,
            "signature": st.just("c2ln"),
        }
    )


def _results() -> st.SearchStrategy[dict[str, Json]]:
    found = st.fixed_dictionaries({"url": texts(), "status": st.just("success")})
    return st.fixed_dictionaries(
        {
            "type": st.just("url_context_result"),
            "call_id": texts(1),
            "result": st.lists(found, max_size=2),
            "is_error": st.booleans(),
        }
    )


def interactions() -> st.SearchStrategy[dict[str, Json]]:
    """Whole interactions, as GET shows them."""
    usage = st.fixed_dictionaries(
        {"total_tokens": st.integers(0, 1000), "total_input_tokens": st.integers(0, 1000)}
    )
    return st.fixed_dictionaries(
        {
            "id": st.sampled_from(["v1_a", "v1_b"]),
            "status": st.sampled_from(["completed", "requires_action", "incomplete"]),
            "object": st.just("interaction"),
            "model": st.just("gemini-3-flash-preview"),
            "usage": usage,
            "created": st.just("2026-11-20T10:00:00Z"),
            "steps": st.lists(steps(), min_size=1, max_size=5),
        }
    )


@st.composite
def streams_of(draw: st.DrawFn, interaction: dict[str, Json]) -> list[dict[str, Json]]:
    """The events that build an interaction; steps may interleave."""
    partial = {key: interaction[key] for key in ("id", "object", "model")} | {
        "status": "in_progress"
    }
    whole = {key: value for key, value in interaction.items() if key != "steps"}
    queues = [draw(_events_of(step, place)) for place, step in enumerate(interaction["steps"])]
    events: list[dict[str, Json]] = [{"event_type": "interaction.created", "interaction": partial}]
    while any(queues):
        ready = [queue for queue in queues if queue]
        place = draw(st.integers(0, len(ready) - 1)) if draw(st.booleans()) else 0
        events.append(ready[place].pop(0))
    return [*events, {"event_type": "interaction.completed", "interaction": whole}]


@st.composite
def _events_of(draw: st.DrawFn, step: dict[str, Json], index: int) -> list[dict[str, Json]]:
    names = {"type", "id", "name", "call_id", "error"}
    bare = {key: value for key, value in step.items() if key in names}
    deltas: list[dict[str, Json]] = []
    if step["type"] == "model_output":
        for content in step["content"]:
            deltas += draw(_content_deltas(content))
    elif step["type"] == "thought":
        deltas += [{"type": "thought_summary", "content": item} for item in step.get("summary", ())]
        if "signature" in step:
            deltas.append({"type": "thought_signature", "signature": step["signature"]})
    elif step["type"] == "user_input":
        bare = dict(step)
    elif step["type"] == "function_call":
        bare["arguments"] = {}
        text = json.dumps(step["arguments"], ensure_ascii=False)
        deltas += [{"type": "arguments_delta", "arguments": part} for part in draw(_pieces(text))]
    else:
        rest = {key: value for key, value in step.items() if key not in {"id", "name", "call_id"}}
        deltas.append(rest)
    return [
        {"event_type": "step.start", "index": index, "step": bare},
        *({"event_type": "step.delta", "index": index, "delta": delta} for delta in deltas),
        {"event_type": "step.stop", "index": index},
    ]


@st.composite
def _content_deltas(draw: st.DrawFn, content: dict[str, Json]) -> list[dict[str, Json]]:
    if content["type"] != "text":
        return [content]
    deltas = [{"type": "text", "text": part} for part in draw(_pieces(content["text"]))]
    annotations = content.get("annotations")
    if annotations:
        deltas.append({"type": "text_annotation_delta", "annotations": annotations})
    return deltas


@st.composite
def _pieces(draw: st.DrawFn, text: str) -> list[str]:
    edges = [0, *sorted(draw(st.lists(st.integers(0, len(text)), max_size=3))), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]
