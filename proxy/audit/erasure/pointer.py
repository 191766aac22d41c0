"""Finding whose data an exchange holds by a JSON pointer (RFC 6901) into its bodies. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from proxy.interactions.problems import Notes
from proxy.recording.exchange import Exchange
from proxy.recording.reading.decode import decode_body
from proxy.recording.telling.exchange_facts import read_heads


def value_at(document: Any, pointer: str) -> Any:
    """What stands there; None: nothing does."""
    found = document
    for written in pointer.split("/")[1:]:
        name = written.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def is_value_at(exchange: Exchange, pointer: str, value: str) -> bool:
    """Whether the question or the answer of an exchange has `value` at `pointer`.

    A value that is no text is compared as JSON. Event streams are no JSON document: their exchange is found
    by what was asked.
    """
    notes = Notes()
    heads = read_heads(exchange, notes)
    sides = (
        (exchange.request, heads.asked.codings),
        (exchange.response, heads.answered.codings),
    )
    for body, codings in sides:
        decoded = decode_body(body, codings, notes, "body")
        found = value_at(_document(decoded.data), pointer)
        if found is not None and _text(found) == value:
            return True
    return False


def _document(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # more levels than orjson writes
        return None
