"""A grammar for foreign JSON: which fields, types and words an object of Google's may have. Pure.

Checking only counts what is not known (`unknowns`); it changes nothing and never raises. Values of
another JSON type than the grammar says are passed over: their readers say what that means. A part
without a shape is a leaf or somebody else's JSON (arguments, schemas, labels) and is not entered, so
no check goes deeper than the tables do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from proxy.interactions.problems import JsonObject, Notes
from proxy.values import plain_value

NO_WORDS: Final[frozenset[str]] = frozenset()


class Shape(Protocol):
    """Anything of the grammar."""

    def check(self, value: Any, notes: Notes) -> None:
        """Count the names inside `value` that are not known."""


@plain_value(frozen=True, slots=True)
class Word:
    """A text out of a set of Google's."""

    where: str
    words: frozenset[str]

    def check(self, value: Any, notes: Notes) -> None:
        if type(value) is str and value not in self.words:
            notes.unknown("value", value, self.where)


@plain_value(frozen=True, slots=True)
class Record:
    """An object with named parts, or one of `words` in its place."""

    where: str
    """Told with what is not known, so one of ours: "usage", "tool google_maps"."""
    parts: Mapping[str, Shape | None]
    words: frozenset[str] = NO_WORDS
    is_open: bool = False
    """It may have further fields of the caller's."""

    def check(self, value: Any, notes: Notes) -> None:
        if type(value) is dict:
            parts = self.parts
            for name, item in value.items():
                if name in parts:
                    shape = parts[name]
                    if shape is not None and item is not None:
                        shape.check(item, notes)
                elif not self.is_open:
                    notes.unknown("field", name, self.where)
        elif self.words and type(value) is str and value not in self.words:
            notes.unknown("value", value, self.where)


@plain_value(frozen=True, slots=True)
class OneOf:
    """An object whose `type` says which of several records it is, or one of `words` in its place."""

    kind: str
    """What an unknown type is counted as, and where: "tool"."""
    arms: Mapping[str, Record]
    untyped: Shape | None = None
    """Of an object without `type`."""
    words: frozenset[str] = NO_WORDS
    free: frozenset[str] = NO_WORDS
    """Types of somebody else's that may stand here: not entered."""

    def check(self, value: Any, notes: Notes) -> None:
        if type(value) is dict:
            name = value.get("type")
            if name is None:
                if self.untyped is not None:
                    self.untyped.check(value, notes)
                return
            arm = self.arms.get(name) if type(name) is str else None
            if arm is not None:
                arm.check(value, notes)
            elif type(name) is not str or name not in self.free:
                told = name if type(name) is str else type(name).__name__
                notes.unknown(self.kind, told, self.kind)
        elif self.words and type(value) is str and value not in self.words:
            notes.unknown("value", value, self.kind)


@plain_value(frozen=True, slots=True)
class Many:
    """A list of things of one shape; one alone is read as a list of one."""

    item: Shape

    def check(self, value: Any, notes: Notes) -> None:
        check = self.item.check
        if type(value) is list:
            for item in value:
                check(item, notes)
        else:
            check(value, notes)


@plain_value(frozen=True, slots=True)
class Named:
    """An object whose names are the caller's and whose values have one shape."""

    item: Shape

    def check(self, value: Any, notes: Notes) -> None:
        if type(value) is dict:
            for item in value.values():
                self.item.check(item, notes)


def check_parts(raw: JsonObject, parts: Mapping[str, Shape], notes: Notes) -> None:
    """Check the fields of an object that have a shape; its other fields are its reader's business."""
    for name, shape in parts.items():
        value = raw.get(name)
        if value is not None:
            shape.check(value, notes)


def fields(text: str) -> dict[str, Shape | None]:
    """Parts without a shape of their own, from their names."""
    return dict.fromkeys(text.split())


def words(text: str) -> frozenset[str]:
    """A set of words from a text."""
    return frozenset(text.split())
