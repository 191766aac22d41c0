"""Continuation tokens: which request may continue a long decode, and how much of it is left (reference, section 11)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.refusals import invalid
from proxy.emulator.state.identity import base64url

TOKENS_MAX: Final = 10_000
"""Continuation tokens kept; each is used within seconds of its making. The oldest are forgotten."""

TOKEN_BYTES: Final = 36


@dataclass(frozen=True, slots=True)
class Continuation:
    """What a continuation token stands for."""

    previous_id: str | None
    """What the next request must name as `previous_interaction_id`: the hop itself if it is stored,
    otherwise what the hop named."""
    hops_left: int
    initial_input: int
    """Input tokens of the decode's first request."""


@dataclass(slots=True)
class Tokens:
    """The tokens of one emulator. A token can be used again: clients do after a broken connection."""

    _known: OrderedDict[str, Continuation] = field(default_factory=OrderedDict)

    def give(self, state: Continuation, chance: Chance, pinned: str | None = None) -> str:
        """A token for this state: a new one, or the one a scenario wants."""
        token = pinned or base64url(chance.data(TOKEN_BYTES))
        self._known.pop(token, None)
        while len(self._known) >= TOKENS_MAX:
            self._known.popitem(last=False)
        self._known[token] = state
        return token

    def find(self, token: str, previous_id: str | None) -> Continuation:
        """What the token stands for.

        Raises:
            Refusal: 400, it is unknown or another interaction's.
        """
        state = self._known.get(token)
        if state is None or state.previous_id != previous_id:
            raise invalid("continuation_token does not belong to previous_interaction_id.")
        return state

    def clear(self) -> None:
        self._known.clear()

    def __len__(self) -> int:
        return len(self._known)
