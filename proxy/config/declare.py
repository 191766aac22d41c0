"""How a setting is declared: what it is, in which limits, and why somebody would change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB
ENVIRONMENT_PREFIX: Final = "INTERACTIONS_PROXY_"
JANITOR_VARIABLE: Final = "INTERACTIONS_PROXY_JANITOR_KEY"
"""Holds the steward's credential itself. No setting: settings are shown, and written for the children."""

_T = TypeVar("_T")


class Kind(StrEnum):
    """What a value is, and so how its text is read."""

    WHOLE = "whole number"
    NUMBER = "number"
    TEXT = "text"
    FOLDER = "folder"
    FILE = "file"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a reader of the documents sees it."""

    name: str
    kind: Kind
    unit: str
    """Empty where there is none."""
    default: object
    """None: there is none, and that is a usable answer."""
    least: float | None
    most: float | None
    choices: tuple[str, ...]
    why: str
    """One sentence: why somebody would change it."""

    @property
    def attribute(self) -> str:
        """The field of `Settings` that holds the value."""
        return self.name.replace(".", "_", 1)

    @property
    def environment(self) -> str:
        """The environment variable that sets it."""
        return ENVIRONMENT_PREFIX + self.attribute.upper()

    @property
    def limits(self) -> str:
        """What may be set, for people: "1 to 64", "strict or available"; empty: anything."""
        if self.choices:
            return " or ".join(self.choices)
        if self.least is None or self.most is None:
            return ""
        return f"{self.least:,} to {self.most:,}"


def setting(
    default: _T,
    kind: Kind,
    *,
    why: str,
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
) -> _T:
    """Declare a field of `Settings`; to the type checker it is its default."""
    about = {"kind": kind, "unit": unit, "least": least, "most": most, "choices": choices}
    return field(default=default, metadata={**about, "why": why})
