"""The body of a create as every reader might understand it, and one change to it. Pure.

Equal keys may stand there twice, and nobody knows which one upstream takes: all are read. A body is never written
anew: the one change replaces some bytes and leaves all others as they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

MARKS_MAX: Final = 50_000
"""JSON values of one body, counted by their marks: some 15 ms to read, so that others are answered in time."""
_SPACE: Final = " \t\n\r"


class Pairs(list[tuple[str, Any]]):
    """Members of one object in order, repetitions included."""

    def all(self, *names: str) -> list[Any]:
        """Every value under one of these names."""
        return [value for name, value in self if name in names]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the outermost object, and where its value stands in the text."""

    name: str
    value: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A body that could be read."""

    text: str
    members: tuple[Member, ...]

    def all(self, *names: str) -> list[Any]:
        """Every value under one of these names, in order."""
        return [member.value for member in self.members if member.name in names]


def read_body(data: bytes) -> Reading | None:
    """The body as an object; None: it cannot be read, or only by some."""
    if data.count(b",") + data.count(b"{") + data.count(b"[") > MARKS_MAX:
        return None
    try:
        text = data.decode("utf-8")
        return Reading(text, tuple(_members(text)))
    except (ValueError, RecursionError):
        return None


def not_stored(reading: Reading) -> bytes:
    """The body with `store` false, once or wherever it stands; else byte for byte as it came."""
    text = reading.text
    stored = [member for member in reading.members if member.name == "store"]
    for member in reversed(stored):
        text = text[: member.start] + "false" + text[member.end :]
    if not stored:
        start = text.index("{") + 1
        comma = "," if reading.members else ""
        text = f'{text[:start]}"store":false{comma}{text[start:]}'
    return text.encode()


def _members(text: str) -> Iterator[Member]:
    place = _past_space(text, 0)
    _expect(text, place, "{")
    place = _past_space(text, place + 1)
    is_first = True
    while text[place : place + 1] != "}":
        if not is_first:
            _expect(text, place, ",")
            place = _past_space(text, place + 1)
        is_first = False
        _expect(text, place, '"')
        name, place = _DECODER.raw_decode(text, place)
        place = _past_space(text, place)
        _expect(text, place, ":")
        start = _past_space(text, place + 1)
        value, end = _DECODER.raw_decode(text, start)
        yield Member(name, value, start, end)
        place = _past_space(text, end)
    if _past_space(text, place + 1) != len(text):
        raise ValueError("something stands behind the object")


def _past_space(text: str, place: int) -> int:
    while text[place : place + 1] and text[place] in _SPACE:
        place += 1
    return place


def _expect(text: str, place: int, mark: str) -> None:
    if text[place : place + 1] != mark:
        raise ValueError(f"no {mark} at character {place}")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_int=str, parse_float=str, parse_constant=_no_number
)
