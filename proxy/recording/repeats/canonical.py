"""What of a step is still the same when somebody sends it again. Pure.

Callers repeat a conversation from what their SDK gave them, which is not what came over the wire: null
fields are gone, whole numbers may have lost their ".0", several texts may have become one, thoughts
and what server-side tools did are often left out, and so are citations. So only what was said counts:
texts, media, function calls and their results. Source: reference, sections 5.2, 7 and 12.1.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from proxy.interactions.content import is_content_type
from proxy.interactions.problems import JsonObject
from proxy.interactions.steps import Step, UnknownStep

LEVELS_MAX: Final = 100
"""Of nested JSON that is compared: Python recurses a thousand, orjson writes 254. Deeper is left out."""
ITEMS_MAX: Final = 10_000
"""Contents of one step that are compared; an answer has a few, a hostile one of 16 MiB a million."""

TEXT: Final = b"t"
"""Neighbouring texts are one text: how it was cut says nothing."""
MEDIA: Final = b"m"
CALL: Final = b"c"
RESULT: Final = b"r"
OTHER: Final = b"o"

_CALLERS: Final = frozenset({"user_input", "function_result"})
_MODELS: Final = frozenset({"model_output", "function_call"})
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_NOT_BASE64: Final = b"=\r\n"


class Piece(NamedTuple):
    """One thing said."""

    kind: bytes
    data: bytes


class Saying(NamedTuple):
    """What a step says."""

    is_callers: bool
    pieces: list[Piece]
    id: str | None = None
    """Of a function call."""


def saying_of(step: Step) -> Saying | None:
    """What a step says; None: nothing that a repetition must hold.

    To be asked before media are taken out of the step.
    """
    name, raw = step.type, step.raw
    if type(step) is UnknownStep:
        return None
    if name == "function_call":
        called = _text(raw.get("name")) + b"\0" + _json(raw.get("arguments") or {})
        identity = raw.get("id")
        return Saying(
            is_callers=False,
            pieces=[Piece(CALL, called)],
            id=identity if isinstance(identity, str) and identity else None,
        )
    pieces: list[Piece] = []
    if name == "function_result":
        _add_result(raw, pieces)
    elif name in _CALLERS or name in _MODELS:
        _add_contents(raw.get("content"), pieces)
    return Saying(name in _CALLERS, pieces) if pieces else None


def _add_contents(value: Any, pieces: list[Piece]) -> None:
    for item in value[:ITEMS_MAX] if isinstance(value, list) else (value,):
        if isinstance(item, str):
            _add_text(item, pieces)
        elif isinstance(item, dict):
            name = item.get("type")
            if name == "text":
                _add_text(item.get("text"), pieces)
            elif is_content_type(name):
                pieces.append(Piece(MEDIA, _text(name) + b"\0" + _source(item)))
            elif name == "function_result":
                _add_result(item, pieces)
            else:
                pieces.append(Piece(OTHER, _json(item)))


def _add_result(raw: JsonObject, pieces: list[Piece]) -> None:
    """A string, contents, or the caller's own JSON."""
    result = raw.get("result")
    pieces.append(Piece(RESULT, b"error" if raw.get("is_error") is True else b""))
    is_contents = isinstance(result, list) and all(
        isinstance(item, dict) and is_content_type(item.get("type")) for item in result[:ITEMS_MAX]
    )
    if is_contents or isinstance(result, str):
        _add_contents(result, pieces)
    elif result is not None:
        pieces.append(Piece(OTHER, _json(result)))


def _add_text(value: Any, pieces: list[Piece]) -> None:
    if isinstance(value, str) and value:
        pieces.append(Piece(TEXT, _text(value)))


def _source(content: JsonObject) -> bytes:
    """Bytes by their base64, whichever alphabet and padding it came in; else the URI."""
    data = content.get("data")
    if isinstance(data, str) and data:
        return _text(data).translate(_URL_SAFE, _NOT_BASE64)
    return b"\0" + _text(content.get("uri"))


def _text(value: Any) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""


def _json(value: Any) -> bytes:
    """JSON in one spelling: keys by the alphabet, no nulls in objects, whole numbers without a point."""
    try:
        return orjson.dumps(_plain(value, LEVELS_MAX), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # a lone surrogate
        return b""


def _plain(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        if not levels:
            return None
        return {name: _plain(item, levels - 1) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item, levels - 1) for item in value] if levels else None
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
