"""YAML text as plain values, each with the line it stands on. Pure, bounded.

The subset that JSON has: mappings, lists, texts, numbers, true, false, null. No anchors, tags or second
documents; dates and words such as `yes` and `no` are texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from proxy.errors import ConfigError

SCENARIO_BYTES_MAX: Final = 64 * 1024 * 1024
"""Longest file: a recorded conversation with some generated images and songs."""
VALUES_MAX: Final = 2_000_000
"""Values in one file; each costs about 200 bytes of memory with its line."""
DEPTH_MAX: Final = 100
"""Nesting of values; steps with JSON arguments and results reach about 20."""

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value: ("turns", 2, "when"). () is the whole file."""

_DIGITS_MAX: Final = 40
"""Longer whole numbers are no integers of 64 bits, which is what JSON readers keep exactly."""
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?")
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Source:
    """What a file says."""

    file: str
    value: Any
    lines: dict[Place, int]
    """Of every value and every key, counted from 1."""

    def line(self, place: Place) -> int:
        """Where a value stands, or the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_source(data: bytes, file: str) -> Source:
    """The values in YAML text; `file` is its name in messages.

    Raises:
        ConfigError: it is not the YAML of a scenario; says where, and what to do.
    """
    if len(data) > SCENARIO_BYTES_MAX:
        raise ConfigError(
            f"{file}: {len(data)} bytes; a scenario has at most {SCENARIO_BYTES_MAX}: split it"
        )
    reading = _Reading(file)
    try:
        text = data.decode("utf-8")
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            reading.take(event)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: byte {error.start} is not UTF-8: save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_told(error, file)) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    return Source(file, reading.value, reading.lines)


def _told(error: yaml.MarkedYAMLError, file: str) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"{file}:{mark.line + 1}" if mark else file
    told = f"{where}: not YAML: {error.problem or error.context}"
    if error.problem and error.context and error.context_mark:
        told += f" ({error.context} from line {error.context_mark.line + 1})"
    return told


def shown_place(place: Place) -> str:
    """A place as people write it: turns[2].when."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


@dataclass(slots=True)
class _Open:
    """A mapping or list that has not ended."""

    value: Any
    place: Place
    key: str | None = None


@dataclass(slots=True)
class _Reading:
    """Takes YAML events and builds values, without recursion."""

    file: str
    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)
    _documents: int = 0
    _values: int = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(line, "a second document: one file holds one scenario; remove the ---")
        elif isinstance(event, yaml.AliasEvent):
            self._refuse(line, f"*{event.anchor}: aliases are not read; write the value again")
        elif isinstance(event, yaml.ScalarEvent):
            self._plain(event, line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._check(event, line)
            is_map = isinstance(event, yaml.MappingStartEvent)
            made: Any = {} if is_map else []
            place = self._put(made, line)
            self._open.append(_Open(made, place))
            if len(self._open) > DEPTH_MAX:
                self._refuse(line, f"nested more than {DEPTH_MAX} deep: make it flatter")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._open.pop()

    def _plain(self, event: yaml.ScalarEvent, line: int) -> None:
        self._check(event, line)
        around = self._open[-1] if self._open else None
        if around is not None and isinstance(around.value, dict) and around.key is None:
            self._name(around, event, line)
        else:
            value = _scalar(event.value) if event.implicit[0] else event.value
            self._put(value, line)

    def _name(self, around: _Open, event: yaml.ScalarEvent, line: int) -> None:
        if event.value in around.value:
            self._refuse(line, f"{event.value!r} stands here twice: keep one")
        around.key = event.value
        self.lines[*around.place, event.value] = line

    def _put(self, value: Any, line: int) -> Place:
        """Hang a value where it belongs; gives its place."""
        self._values += 1
        if self._values > VALUES_MAX:
            self._refuse(line, f"more than {VALUES_MAX} values: split the scenario")
        if not self._open:
            self.value = value
            self.lines[()] = line
            return ()
        around = self._open[-1]
        if isinstance(around.value, list):
            place = (*around.place, len(around.value))
            around.value.append(value)
            self.lines[place] = line
            return place
        if around.key is None:
            self._refuse(line, "a list or mapping as a name: names are texts")
        place = (*around.place, around.key or "")
        around.value[around.key] = value
        around.key = None
        return place

    def _check(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        if event.anchor is not None:
            self._refuse(line, f"&{event.anchor}: anchors are not read; write the value again")
        if event.tag not in (None, "!"):
            self._refuse(line, f"{event.tag}: tags are not read; put a text in quotes instead")

    def _refuse(self, line: int, why: str) -> None:
        raise ConfigError(f"{self.file}:{line}: {why}")


def _scalar(text: str) -> Any:
    """A word without quotes: null, true, false, a number, else a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number = int(text) if len(text) < _DIGITS_MAX else float(text)
        return number if -(1 << 63) <= number < 1 << 64 else float(number)
    return float(text) if _FLOAT.fullmatch(text) else text
