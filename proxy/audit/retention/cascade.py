"""Which copies an act reaches, in which order, and what a hold protects. Pure.

Turns form a forest: each names at most one turn before it. A turn behind another holds its text by reference, so
leaves go first, and a hold on a turn protects all turns before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reach(StrEnum):
    """How far an act goes."""

    NODE = "node"
    DESCENDANTS = "descendants"
    """It and all turns behind it; what an erasure takes if nothing else is said."""
    THREAD = "thread"
    """The whole conversation, from its first turn."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, shown before it is."""

    order: tuple[str, ...]
    """To be removed, turns behind others first."""
    kept: tuple[str, ...]
    """Selected, and protected by a hold."""
    left: tuple[str, ...]
    """Behind a selected turn, but not selected: they still show what they were told."""

    @property
    def is_partial(self) -> bool:
        return bool(self.kept or self.left)


class Forest:
    """Turns with the turn before each; names that nobody saw are turns without one. Built once, asked often."""

    def __init__(self, before: Mapping[str, str | None]) -> None:
        self._before = before
        self._behind: dict[str, list[str]] = {}
        for turn, earlier in before.items():
            if earlier is not None:
                self._behind.setdefault(earlier, []).append(turn)

    def joined(self, newer: Forest) -> Forest:
        """With the turns of another, which counts where both know one."""
        return Forest({**self._before, **newer._before})

    def descendants(self, turn: str) -> list[str]:
        """The turns behind it, each before those behind it."""
        found: dict[str, None] = {}
        waiting = [turn]
        while waiting:
            for later in self._behind.get(waiting.pop(), ()):
                if later not in found and later != turn:
                    found[later] = None
                    waiting.append(later)
        return list(found)

    def beside(self, turn: str) -> list[str]:
        """The turn directly before it, and those directly behind it."""
        before = self._before.get(turn)
        return [*([] if before is None else [before]), *self._behind.get(turn, ())]

    def protected(self, held: Iterable[str]) -> frozenset[str]:
        """What holds on these turns protect: they, and all turns before them."""
        found: set[str] = set()
        for held_turn in held:
            turn: str | None = held_turn
            while (
                turn is not None and turn not in found
            ):  # what is before a found one was found with it
                found.add(turn)
                turn = self._before.get(turn)
        return frozenset(found)

    def plan(self, turns: Iterable[str], reach: Reach, held: Iterable[str]) -> Plan:
        """What removing these turns means.

        A protected turn is kept. What is behind a selected turn and not selected is left, and named.
        """
        selected: dict[str, None] = {}
        first_of: dict[str, str] = {}
        walked: set[str] = set()
        for turn in turns:
            start = self._first(turn, first_of) if reach is Reach.THREAD else turn
            selected[start] = None
            if reach is not Reach.NODE:
                self._select_behind(start, selected, walked)
        protected = self.protected(held)
        order = [turn for turn in self._leaves_first(selected) if turn not in protected]
        kept = [turn for turn in selected if turn in protected]
        return Plan(tuple(order), tuple(kept), tuple(self._left_of(selected)))

    def _first(self, turn: str, known: dict[str, str]) -> str:
        """The first turn of its conversation; what was passed on the way there is noted in `known`, and passed once."""
        path: dict[str, None] = {}
        first, earlier = turn, self._before.get(turn)
        while earlier is not None and first not in known and earlier not in path:
            path[first] = None
            first, earlier = earlier, self._before.get(earlier)
        first = known.get(first, first)
        known.update(dict.fromkeys([*path, first], first))
        return first

    def _select_behind(self, start: str, selected: dict[str, None], walked: set[str]) -> None:
        """All turns behind it, each before those behind it. What is behind one that was `walked` is selected already."""
        waiting = [start]
        while waiting:
            turn = waiting.pop()
            if turn not in walked:
                walked.add(turn)
                later = self._behind.get(turn, ())
                selected.update(dict.fromkeys(later))
                waiting += later

    def _leaves_first(self, selected: Mapping[str, None]) -> list[str]:
        depth = self._depths(selected)
        return sorted(selected, key=lambda turn: (-depth[turn], turn))

    def _left_of(self, selected: Mapping[str, None]) -> list[str]:
        """What is behind these and not among them, each once."""
        found: dict[str, None] = {}
        waiting = list(selected)[::-1]
        while waiting:
            for later in self._behind.get(waiting.pop(), ()):
                if later not in selected and later not in found:
                    found[later] = None
                    waiting.append(later)
        return list(found)

    def _depths(self, turns: Iterable[str]) -> dict[str, int]:
        """How many turns are before each; each turn is walked over once."""
        depth: dict[str, int] = {}
        for turn in turns:
            path: dict[str, None] = {}
            step: str | None = turn
            while step is not None and step not in depth and step not in path:
                path[step] = None
                step = self._before.get(step)
            above = -1 if step is None or step in path else depth[step]
            for passed in reversed(path):
                above += 1
                depth[passed] = above
        return depth
