"""Finds the turn that each turn goes on from. Pure.

By previous_interaction_id; where there is none, by what its input repeats: a stateless caller sends the
whole conversation again, and the last answer in it tells which turn that was.
"""

from __future__ import annotations

import enum
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from proxy.audit.lineage.turn import Turn


class How(enum.StrEnum):
    """How a turn is tied to the one before."""

    ROOT = "root"
    """It begins a conversation."""
    ID = "id"
    """previous_interaction_id."""
    CONTINUATION = "continuation"
    """The same, and a continuation token: the same answer goes on."""
    REPEAT = "repeat"
    """Its input repeats the conversation."""


class Orphan(enum.StrEnum):
    """Why the turn before is not there."""

    NEVER_SEEN = "never_seen"
    """The proxy has no record of that id."""
    DELETED = "deleted"
    """It was deleted, before or since."""
    EXPIRED = "expired"
    """It was recorded and not deleted, and upstream did not find it."""
    UNSEEN_HISTORY = "unseen_history"
    """Its input repeats answers of which the proxy has no record."""


class Tie(NamedTuple):
    """The turn before."""

    parent: int | None
    """Its place."""
    how: How
    orphan: Orphan | None


def ties_of(turns: Sequence[Turn]) -> list[Tie]:
    """The tie of each turn. Ids come from outside: ties may go round in circles."""
    places = {turn.interaction: place for place, turn in enumerate(turns)}
    repeats = _Answers(turns)
    return [_tie(place, turns, places, repeats) for place in range(len(turns))]


def _tie(place: int, turns: Sequence[Turn], places: dict[str, int], repeats: _Answers) -> Tie:
    turn = turns[place]
    if turn.previous is None:
        found = repeats.repeated_by(place)
        if found is not None:
            return Tie(found, How.REPEAT, None)
        return Tie(None, How.ROOT, Orphan.UNSEEN_HISTORY if turn.history else None)
    how = How.CONTINUATION if turn.is_continuation else How.ID
    parent = places.get(turn.previous)
    if parent is None:
        return Tie(None, how, Orphan.NEVER_SEEN)
    if turns[parent].deleted_at is not None:
        return Tie(parent, how, Orphan.DELETED)
    is_gone = turn.status is None and turn.error_code in {"not_found", "NOT_FOUND"}
    return Tie(parent, how, Orphan.EXPIRED if is_gone else None)


class _Answers:
    """Who answered what, by digests."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self._order = sorted(range(len(turns)), key=lambda place: (turns[place].at, place))
        self._rank = {place: rank for rank, place in enumerate(self._order)}
        self._ranks: dict[str, list[int]] = {}
        for rank, place in enumerate(self._order):
            for digest in dict.fromkeys(turns[place].answers):
                self._ranks.setdefault(digest, []).append(rank)

    def repeated_by(self, place: int) -> int | None:
        """The latest turn before this one that gave the last answer repeated in its input."""
        own = self._rank[place]
        for digests in reversed(self._turns[place].history):
            for digest in digests:
                ranks = self._ranks.get(digest, [])
                below = bisect_left(ranks, own)
                if below:
                    return self._order[ranks[below - 1]]
        return None
