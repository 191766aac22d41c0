"""One step while its deltas come in: what each delta does to it. Pure.

Deltas that we do not know stay in the step under `$deltas`. Source: reference, 10.3 and 15.4.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.interactions.events import (
    AnnotationDelta,
    ArgumentsDelta,
    Delta,
    FieldsDelta,
    MediaDelta,
    StepDelta,
    SummaryDelta,
    TextDelta,
    UnknownDelta,
)
from proxy.interactions.problems import JsonObject

_FLOWING: Final = frozenset({"audio", "video"})
"""Media that neighbouring deltas of one kind are pieces of; images and documents come whole."""


@dataclass(slots=True)
class Building:
    """A step that is being put together."""

    raw: JsonObject
    is_content: bool
    """Old schema: `raw` is a content, not a step."""
    started: int | None = None
    stopped: int | None = None
    delta_count: int = 0
    tokens: int | None = None
    text: list[str] = field(default_factory=list)
    text_target: JsonObject | None = None
    """The content that `text` will be joined into."""
    arguments: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    """Base64, each for itself."""
    pieces_target: JsonObject | None = None
    """The media content that `pieces` will be joined into."""


def type_from_delta(delta: Delta, event: StepDelta) -> str:
    """The step type that a delta without a start implies."""
    name, is_content = event.type, event.is_content
    if isinstance(delta, TextDelta | AnnotationDelta):
        return "text" if is_content else "model_output"
    if isinstance(delta, MediaDelta):
        return name if is_content else "model_output"
    if isinstance(delta, SummaryDelta):
        return "thought"
    if isinstance(delta, ArgumentsDelta):
        return "function_call"
    return delta.step_type if isinstance(delta, FieldsDelta) else name


def apply_delta(building: Building, delta: Delta) -> None:
    """Every delta but text."""
    raw = building.raw
    if isinstance(delta, ArgumentsDelta):
        if delta.arguments:
            building.arguments.append(delta.arguments)
    elif isinstance(delta, FieldsDelta):
        raw.update({name: value for name, value in delta.fields.items() if value is not None})
    elif isinstance(delta, SummaryDelta):
        list_in(raw, "summary").append(delta.content)
    elif isinstance(delta, AnnotationDelta) and delta.annotations:
        list_in(_annotated(building), "annotations").extend(delta.annotations)
    elif isinstance(delta, MediaDelta):
        _add_media(building, delta.content)
    elif isinstance(delta, UnknownDelta):
        list_in(raw, "$deltas").append(delta.raw)


def open_text(building: Building) -> None:
    """Find or make the content that text deltas append to: the last one, if it is a text."""
    if building.is_content and building.raw.get("type") == "text":
        target = building.raw
    else:
        contents = list_in(building.raw, "content")
        last = contents[-1] if contents else None
        if not (isinstance(last, dict) and last.get("type") == "text"):
            last = {"type": "text", "text": ""}
            contents.append(last)
        target = last
    before = target.get("text")
    building.text_target = target
    building.text = [before] if isinstance(before, str) and before else []


def _annotated(building: Building) -> JsonObject:
    """The text that annotations are about: the last one, whatever came after it."""
    if building.text_target is None:
        contents: Any = building.raw.get("content")
        known: list[Any] = contents if isinstance(contents, list) else []
        for content in reversed(known):
            if isinstance(content, dict) and content.get("type") == "text":
                return content
        open_text(building)
    assert building.text_target is not None
    return building.text_target


def _add_media(building: Building, content: JsonObject) -> None:
    """A content of its own, or the next piece of the one before."""
    _close_text(building)
    raw = building.raw
    rate = content.pop("rate", None)  # an old name of audio deltas: contents have no such field
    if rate is not None:
        content.setdefault("sample_rate", rate)
    if building.is_content and raw.get("type") == content.get("type"):
        before: Any = raw
    else:
        contents = list_in(raw, "content")
        before = contents[-1] if contents else None
        if not _continues(before, content):
            contents.append(content)
            return
    data = content.pop("data", None)
    if isinstance(before.get("data"), str) and isinstance(data, str):
        if building.pieces_target is not before:
            _close_media(building)
            building.pieces_target, building.pieces = before, [before["data"]]
        building.pieces.append(data)
    elif data is not None:
        before["data"] = data
    before.update(content)


def _continues(before: Any, content: JsonObject) -> bool:
    """Whether media data goes on: nothing in the delta says that another object begins."""
    if not isinstance(before, dict) or before.get("type") != content.get("type"):
        return False
    if not (isinstance(before.get("data"), str) and isinstance(content.get("data"), str)):
        return False
    said = {name: value for name, value in content.items() if name not in {"type", "data"}}
    if not said:
        return True
    same = all(value is None or before.get(name) == value for name, value in said.items())
    return same and content.get("type") in _FLOWING


def _close_media(building: Building) -> None:
    if building.pieces_target is not None:
        building.pieces_target["data"] = _joined_base64(building.pieces)
        building.pieces_target = None


def _joined_base64(pieces: list[str]) -> str:
    """One base64 text of pieces that were encoded each for itself."""
    if not any(len(piece) % 4 or piece.endswith("=") for piece in pieces[:-1]):
        return "".join(pieces)
    try:
        data = b"".join([binascii.a2b_base64(piece, strict_mode=True) for piece in pieces])
    except ValueError:  # not base64: taking the media out will say so
        return "".join(pieces)
    return binascii.b2a_base64(data, newline=False).decode()


def close_contents(building: Building) -> None:
    """Join what is still in pieces; the step's raw JSON is whole then, but for its arguments."""
    _close_text(building)
    _close_media(building)


def _close_text(building: Building) -> None:
    if building.text_target is not None:
        building.text_target["text"] = "".join(building.text)
        building.text_target = None


def list_in(raw: JsonObject, name: str) -> list[Any]:
    """The list field of that name, made from whatever stood there."""
    value = raw.get(name)
    if not isinstance(value, list):
        if isinstance(value, str):
            value = [{"type": "text", "text": value}] if value else []
        else:
            value = [] if value is None else [value]
        raw[name] = value
    return value
