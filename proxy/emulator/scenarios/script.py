"""What a checked scenario consists of. Values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from proxy.emulator.asked.faults import WHOLE, Fault
from proxy.emulator.asked.request import Json

NONE: Final = "none"
"""In place of a turn's name: the request builds on no earlier interaction."""

OPERATIONS: Final = {"reads": "get", "cancels": "cancel", "deletes": "delete"}
"""What a turn says of later requests for its interaction, and the operation that is meant."""


@dataclass(frozen=True, slots=True)
class Text:
    """What the text of an input has to be like. Everything given must hold."""

    equals: str | None = None
    contains: tuple[str, ...] = ()
    matches: re.Pattern[str] | None = None
    """Somewhere in it."""
    has: tuple[str, ...] = ()
    """Types of contents the input must hold: image, audio, video, document."""


@dataclass(frozen=True, slots=True)
class When:
    """What a request has to be like for a turn. None, or nothing, is not looked at."""

    model: str | None = None
    agent: str | None = None
    input: Text | None = None
    previous: str | None = None
    """The turn whose interaction the request builds on, or NONE."""
    continues: str | None = None
    """The turn whose continuation token the request brings."""
    result_of: tuple[str, ...] = ()
    """Call ids or function names for which the input must bring results."""
    tools: tuple[str, ...] = ()
    """Names of functions or types of tools that must be offered."""
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, exactly as a scenario says it."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stream:
    """How an answer is streamed, if the request asks for a stream."""

    events: tuple[Json, ...] | None = None
    """Exactly these; None: made from the steps."""
    piece: int | None = None
    """Characters of a text delta."""
    first_s: float = 0.0
    """Before the answer's head. Times are those at speed 1."""
    gaps_s: tuple[float, ...] = ()
    """Before the first, second, … event."""
    gap_s: float | None = None
    """Before every event behind the first."""


@dataclass(frozen=True, slots=True)
class Background:
    """What a background run looks like until it is over, and when that is."""

    accepted: Json | None = None
    """What POST answers, exactly; None: that it is in progress."""
    polls: int | None = None
    """The GET that sees the end."""
    seconds: float | None = None
    queued: int | None = None
    """So many GETs first find it `queued`."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One request that is expected, and what becomes of it."""

    name: str
    line: int
    when: When = When()
    times: int | None = 1
    """How many requests it answers; None: any number."""
    answer: Json | None = None
    """The interaction, or as much of it as the emulator is not to make up."""
    is_exact: bool = False
    """POST answers `answer` and not a field more."""
    refuse: Reply | None = None
    """In place of an answer."""
    fault: Fault = WHOLE
    stream: Stream = Stream()
    background: Background = Background()
    replies: Mapping[str, tuple[Reply, ...]] | None = None
    """By operation (get, cancel, delete): what later requests for its interaction are answered, in
    order; the last stays."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script the emulator can play."""

    file: str
    name: str
    turns: tuple[Turn, ...]
    description: str = ""
    seed: int | None = None
    order: Literal["strict", "any"] = "strict"
    otherwise: Literal["refuse", "compose"] = "refuse"
