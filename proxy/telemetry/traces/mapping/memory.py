"""What is remembered of interactions, so that later spans can point to earlier ones. Bounded.

In memory first; what is not there any more (or was recorded before this start) is asked for once.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from proxy.telemetry.traces.span import SpanContext

INTERACTIONS_MAX: Final = 20_000
"""Remembered, the least recently used goes first: hours of ordinary traffic, 1 KB each."""
CALLS_MAX: Final = 128
"""Function calls of one interaction; the rest of a hostile answer is not paired with results."""


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A function call that somebody is to answer."""

    name: str | None
    step: SpanContext | None
    """Its step's span; None: it came without a time of its own."""


@dataclass(slots=True)
class KnownInteraction:
    """One interaction, from its create on. Mutable."""

    context: SpanContext | None
    """Of the span of its create; None: not sampled."""
    started_at: int
    """Of the create."""
    known_at: int
    """When its last state was seen."""
    status: str | None
    is_terminal: bool
    is_background: bool
    model: str | None
    agent: str | None
    root: str | None
    """The conversation's first interaction, if all turns in between are known."""
    turn: int | None
    """From 1."""
    unchanged_polls: int = 0
    calls: dict[str, KnownCall] = field(default_factory=dict)


class NotNow(enum.Enum):
    """The store cannot be asked at the moment: later it may know."""

    NOT_NOW = "not now"


Lookup = Callable[[str, int], KnownInteraction | NotNow | None]
"""Asks the store for an interaction of which nothing is in memory, as it was known at a time (wall ns)."""


def no_lookup(interaction: str, before: int) -> KnownInteraction | None:
    """Where there is no store to ask."""
    del interaction, before
    return None


class Memory:
    """Interactions by Google's id. Used by one thread."""

    def __init__(
        self, lookup: Lookup = no_lookup, interactions_max: int = INTERACTIONS_MAX
    ) -> None:
        self._lookup = lookup
        self._max = interactions_max
        self._known: OrderedDict[str, KnownInteraction | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, interaction: str | None, before: int) -> KnownInteraction | None:
        """What was known of an interaction at the time `before` (wall ns), or None.

        What is not in memory is asked for, until there is an answer.
        """
        if interaction is None:
            return None
        if interaction not in self._known:
            found = self._lookup(interaction, before)
            if found is NotNow.NOT_NOW:
                return None
            self._put(interaction, found)
        self._known.move_to_end(interaction)
        return self._known[interaction]

    def add(self, interaction: str, known: KnownInteraction) -> None:
        """A create was seen."""
        self._put(interaction, known)

    def forget(self, interaction: str) -> None:
        """It was deleted."""
        self._known.pop(interaction, None)

    def _put(self, interaction: str, known: KnownInteraction | None) -> None:
        self._known[interaction] = known
        self._known.move_to_end(interaction)
        if len(self._known) > self._max:
            self._known.popitem(last=False)
