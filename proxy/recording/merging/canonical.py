"""One spelling for steps that say the same, however they were told: streamed, read, read again. Pure.

What a stream cannot tell apart is made alike: neighbouring texts of one step are one text, and an empty
field is no field. Source: reference, sections 7, 8 and 10.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from proxy.interactions.problems import JsonObject

_LISTS: Final = ("content", "summary")
"""Fields of a step that hold contents."""


def canonical(step: JsonObject) -> JsonObject:
    """A step in its one spelling; parts of the given one are in it."""
    told = _filled(step)
    for name in _LISTS:
        contents = told.get(name)
        if isinstance(contents, str):
            contents = [{"type": "text", "text": contents}]
        if isinstance(contents, list):
            told[name] = _joined(contents)
    return told


def canonical_bytes(steps: Iterable[JsonObject]) -> list[bytes] | None:
    """Each step in its one spelling as JSON; None: one of them is too deep to be written."""
    try:
        return [orjson.dumps(canonical(step), option=orjson.OPT_SORT_KEYS) for step in steps]
    except orjson.JSONEncodeError:  # orjson reads 1,024 levels and writes 254
        return None


def _filled(value: JsonObject) -> JsonObject:
    return {name: item for name, item in value.items() if not _is_empty(item)}


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _joined(contents: list[Any]) -> list[Any]:
    """Neighbouring texts as one, with the annotations of all."""
    told: list[Any] = []
    for content in contents:
        if not isinstance(content, dict):
            told.append(content)
            continue
        fresh = _filled(content)
        before: Any = told[-1] if told else None
        if not (_is_text(fresh) and _is_text(before)):
            told.append(fresh)
            continue
        before["text"] = _text(before) + _text(fresh)
        notes = [*_notes(before), *_notes(fresh)]
        before.update({**fresh, **before})
        if notes:
            before["annotations"] = notes
    return told


def _is_text(content: Any) -> bool:
    if not isinstance(content, dict) or content.get("type") != "text":
        return False
    return isinstance(content.get("text", ""), str) and isinstance(
        content.get("annotations", []), list
    )


def _text(content: JsonObject) -> str:
    text = content.get("text", "")
    return text if isinstance(text, str) else ""


def _notes(content: JsonObject) -> list[Any]:
    notes = content.get("annotations", [])
    return notes if isinstance(notes, list) else []
