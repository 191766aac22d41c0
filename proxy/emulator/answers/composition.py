"""What an answer consists of before it has an id and dates, and what it may build on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.request import CreateRequest, Json


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the store would make up, where a scenario says it instead."""

    id: str | None = None
    created_s: int | None = None
    updated_s: int | None = None
    continuation_token: str | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """An answer before it gets an id and dates."""

    steps: tuple[Json, ...]
    status: str
    usage: Json
    errors: tuple[Json, ...] = ()
    hops_left: int = 0
    """More than zero: status is `requires_continuation`, and so many requests are still to come."""
    events: tuple[Json, ...] | None = None
    """The stream's events exactly as a scenario gives them; None: made from the steps."""
    gaps_s: tuple[float, ...] = ()
    """Seconds to wait before each event, where a scenario says so."""
    checkpoints: tuple[int, ...] = ()
    """Indices of steps after whose end a stream offers a continuation token in a status update; a
    request with that token continues there (reference, section 11)."""
    environment_id: str | None = None
    """The sandbox the answer was made in, if the request had an environment."""
    label: str = ""
    """The scenario's turn that gave this answer; empty where none did."""
    pinned: Pinned = Pinned()
    """What is to be the same as in a recording."""
    shown: Json | None = None
    """What POST answers, exactly, where a scenario says so; None: made from the fields above."""
    tier: str | None = None
    """The tier that served it; None: the one asked for."""
    polls: int | None = None
    """The GET that sees the end of a background run; None: as the emulator is set."""
    seconds: float | None = None
    """The age at which a background run is over at the latest; None: as the emulator is set."""
    queued: int | None = None
    """So many GETs first find a background run `queued`."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beyond the request."""

    history: int = 0
    """Tokens behind `previous_interaction_id`."""
    turn: int = 1
    """Which turn of its conversation this is."""
    before: tuple[Json, ...] = ()
    """All steps of the conversation so far, the caller's and the model's, oldest first."""
    hops_left: int | None = None
    """Set when this request continues a long decode."""
    initial_input: int | None = None
    """Input tokens of the first hop of a long decode that this request continues, if they are known."""


Compose: TypeAlias = Callable[[CreateRequest, Context, Wishes, Chance], Composition]
"""Decides a whole answer: made up (`compose`), or from a script."""
