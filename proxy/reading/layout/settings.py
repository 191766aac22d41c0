"""What a request asked for beside its input, and what its answer said beside its steps, as lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

VALUE_MAX: Final = 400
"""Characters of one setting; the whole is in `show --json`."""

Json = Any


def setting_lines(request: Json) -> list[tuple[str, str]]:
    """(name, value) of every setting, in the order sent; foreign text: make it safe before printing."""
    if not isinstance(request, dict):
        return []
    return [(name, _told(name, value)[:VALUE_MAX]) for name, value in request.items()]


def answer_lines(answer: Json, request: Json) -> list[tuple[str, str]]:
    """The same of an answer, without what it only repeats; a line for each error."""
    if not isinstance(answer, dict):
        return []
    asked = request if isinstance(request, dict) else {}
    lines: list[tuple[str, str]] = []
    for name, value in answer.items():
        if name == "errors" and isinstance(value, list):
            lines.extend(("error", _error(each)[:VALUE_MAX]) for each in value)
        elif name not in asked or asked[name] != value:
            lines.append((name, _told(name, value)[:VALUE_MAX]))
    return lines


def _told(name: str, value: Json) -> str:
    if isinstance(value, str):
        return value
    if name in _LISTED:
        items = value if isinstance(value, list) else [value]
        return " · ".join(_typed(each) for each in items)
    if isinstance(value, dict):
        return " · ".join(_pairs(value))
    return _compact(value)


def _typed(item: Json) -> str:
    """An object by its type and what is particular about it: function get_weather; image 16:9."""
    if not isinstance(item, dict):
        return _compact(item)
    if item.get("type") == "function":
        return f"function {_plain(item.get('name'))}"
    rest = {name: value for name, value in item.items() if name != "type"}
    told = _plain(item["type"]) if "type" in item else ""
    return f"{told} ({', '.join(_pairs(rest))})" if told and rest else told or _compact(item)


def _pairs(values: dict[str, Json]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name} {_plain(value)}"


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else _compact(value)


def _error(error: Json) -> str:
    if not isinstance(error, dict):
        return _compact(error)
    found = [_plain(error[name]) for name in ("code", "message") if error.get(name)]
    return ": ".join(found) or _compact(error)


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


_LISTED: Final = frozenset({"tools", "response_format", "safety_settings", "agent_config"})
"""Fields that hold objects with a type."""
