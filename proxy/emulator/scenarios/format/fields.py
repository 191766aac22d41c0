"""Reads fields of a file as what they have to be, and gathers what is wrong with them. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from proxy.emulator.scenarios.format.source import Place, Source, shown_place
from proxy.errors import ConfigError

PROBLEMS_MAX: Final = 50
"""Problems told of one file; who has more has written something else than a scenario."""

_KINDS: Final = {
    dict: "a mapping",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "nothing",
}


@dataclass(slots=True)
class Fields:
    """Values of one file on their way to be checked. Whoever asks gets a usable value or None."""

    source: Source
    problems: list[tuple[int, str]] = field(default_factory=list)
    """Line and sentence."""

    def problem(self, place: Place, text: str) -> None:
        """Note what is wrong at a place, and what to do about it."""
        shown = shown_place(place)
        self.problems.append((self.source.line(place), f"{shown}: {text}" if shown else text))

    def refuse_if_any(self) -> None:
        """End here if anything was wrong.

        Raises:
            ConfigError: one line for each problem, in the order of the file.
        """
        if self.problems:
            self.refuse()

    def refuse(self) -> NoReturn:
        """End here.

        Raises:
            ConfigError: as `refuse_if_any`.
        """
        told = sorted(self.problems)
        lines = [f"{self.source.file}:{line}: {text}" for line, text in told[:PROBLEMS_MAX]]
        if len(told) > PROBLEMS_MAX:
            lines.append(f"{self.source.file}: {len(told) - PROBLEMS_MAX} more")
        raise ConfigError("\n".join(lines))

    def mapping(
        self, value: Any, place: Place, known: Collection[str] | None = None
    ) -> dict[str, Any]:
        """The fields of a mapping; unknown ones are told with the nearest name. None knows all."""
        if not isinstance(value, dict):
            self._wrong(value, place, "a mapping (name: value)")
            return {}
        for name in value:
            if known is not None and name not in known:
                self.problem((*place, name), f"unknown field; {nearest(name, known)}")
        return value

    def items(self, value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
        """The elements of a list with their places."""
        if not isinstance(value, list):
            self._wrong(value, place, "a list (lines that begin with -)")
            return
        for index, item in enumerate(value):
            yield (*place, index), item

    def text(self, given: Mapping[str, Any], name: str, place: Place) -> str | None:
        """A text that is not empty; None if it is not there."""
        value = given.get(name)
        if name not in given or (isinstance(value, str) and value):
            return value
        self._wrong(value, (*place, name), "a text")
        return None

    def texts(self, given: Mapping[str, Any], name: str, place: Place) -> tuple[str, ...]:
        """One text, or a list of them."""
        value = given.get(name)
        if name not in given:
            return ()
        if isinstance(value, str) and value:
            return (value,)
        found = []
        for here, item in self.items(value, (*place, name)):
            if isinstance(item, str) and item:
                found.append(item)
            else:
                self._wrong(item, here, "a text")
        return tuple(found)

    def choice(
        self, given: Mapping[str, Any], name: str, place: Place, known: Collection[str]
    ) -> str | None:
        """One of some words."""
        value = self.text(given, name, place)
        if value is not None and value not in known:
            self.problem((*place, name), f"{value!r}: {nearest(value, known)}")
            return None
        return value

    def flag(self, given: Mapping[str, Any], name: str, place: Place) -> bool | None:
        """True or false."""
        value = given.get(name)
        if name not in given or isinstance(value, bool):
            return value
        self._wrong(value, (*place, name), "true or false")
        return None

    def count(
        self, given: Mapping[str, Any], name: str, place: Place, least: int = 0
    ) -> int | None:
        """A whole number of at least `least`."""
        value = given.get(name)
        if name not in given or (type(value) is int and value >= least):
            return value
        self._wrong(value, (*place, name), f"a whole number of {least} or more")
        return None

    def seconds(self, value: Any, place: Place) -> float:
        """A time in seconds; 0 if it is none."""
        if type(value) in (int, float) and 0 <= value < 1e6:
            return float(value)
        self._wrong(value, place, "seconds, such as 0.25")
        return 0.0

    def _wrong(self, value: Any, place: Place, wanted: str) -> None:
        found = "an empty text" if value == "" else _KINDS.get(type(value), "something else")
        shown = f" {value!r}" if isinstance(value, (str, int, float)) and value != "" else ""
        self.problem(place, f"this is {found}{shown[:60]}; write {wanted}")


def nearest(name: str, known: Collection[str]) -> str:
    """What was probably meant, and what there is."""
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}Known: {', '.join(known)}"
