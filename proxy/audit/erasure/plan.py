"""What an erasure would do, worked out before anything is done. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from proxy.audit.retention.cascade import Forest, Reach

QUOTED: Final = "quoted"
"""How an exchange carries an interaction that it is not about."""
SPARED: Final = "spared"
"""How one carries it that an earlier erasure would have taken, but for something held."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An interaction and the one it goes on from."""

    interaction: str
    previous: str | None
    root: int | None = None
    """Hash of its conversation's first turn, as its id tells; of the same conversation are also turns whose links are
    not on record."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """An exchange that holds content of an interaction."""

    exchange: str
    interaction: str
    how: str
    """created, read, resumed, quoted."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody must not lose this."""

    hold: str
    """The act that placed it."""
    interaction: str
    is_conversation: bool
    """All turns of its conversation, later ones too."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What somebody wants gone."""

    interactions: tuple[str, ...]
    reach: Reach = Reach.NODE
    with_quoted: bool = False
    """Also exchanges of others that repeat it. Their own content goes as well."""
    known: tuple[Carrier, ...] = ()
    """Exchanges that an earlier erasure spared: what they are known by may have gone with what they repeat."""


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What goes, what stays, and why."""

    order: tuple[str, ...]
    """Interactions to be erased, turns behind others first."""
    kept: Mapping[str, tuple[str, ...]]
    """Selected and protected: interaction and the holds that protect it."""
    left: tuple[str, ...]
    """Turns behind a selected one, not selected."""
    exchanges: tuple[str, ...]
    """Whose keys go, those of the first interaction of `order` first."""
    quoted: tuple[Carrier, ...]
    """Exchanges of others that repeat what is erased, and are not taken."""
    spared: tuple[Carrier, ...]
    """Exchanges that would go, but also hold something protected."""

    @property
    def digest(self) -> str:
        """Names this plan: another one, however slightly, has another. 32 hexadecimal digits."""
        kept = sorted((turn, *holds) for turn, holds in self.kept.items())
        carriers = [
            [(one.exchange, one.interaction) for one in each] for each in (self.quoted, self.spared)
        ]
        told = orjson.dumps([self.order, kept, self.left, self.exchanges, *carriers])
        return hashlib.sha256(told).hexdigest()[:32]

    @property
    def is_partial(self) -> bool:
        """Something of what was asked for stays."""
        return bool(self.kept or self.spared)


def held_turns(turns: Sequence[Turn], holds: Iterable[Hold]) -> dict[str, list[str]]:
    """What holds protect: each turn with the holds that do, ancestors included."""
    forest = forest_of(turns)
    named: dict[str, list[str]] = {}
    for (
        hold
    ) in holds:  # a policy keeps many turns of one conversation: all it keeps is walked over once
        of_hold = named.setdefault(hold.hold, [])
        of_hold.append(hold.interaction)
        if hold.is_conversation:
            of_hold += _conversation(forest, turns, hold.interaction)
    found: dict[str, dict[str, None]] = {}
    for name, of_hold in named.items():
        for turn in sorted(forest.protected(of_hold)):
            found.setdefault(turn, {})[name] = None
    return {turn: list(names) for turn, names in found.items()}


def _conversation(forest: Forest, turns: Iterable[Turn], start: str) -> list[str]:
    """All turns that are tied to it by links or by their first turn."""
    root_of = {turn.interaction: turn.root for turn in turns if turn.root is not None}
    by_root: dict[int, list[str]] = {}
    for turn, root in root_of.items():
        by_root.setdefault(root, []).append(turn)
    found: dict[str, None] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += forest.beside(name)
            if (own := root_of.get(name)) is not None:
                waiting += by_root.pop(own, ())
    return list(found)


def forest_of(turns: Iterable[Turn]) -> Forest:
    """Who goes on from whom."""
    return Forest({turn.interaction: turn.previous for turn in turns})


def erasure_plan(
    selection: Selection,
    turns: Iterable[Turn],
    carriers: Iterable[Carrier],
    holds: Iterable[Hold],
) -> ErasurePlan:
    """What erasing `selection` means.

    Args:
        selection: what somebody wants gone.
        turns: all of the conversations concerned.
        carriers: of every interaction that an exchange concerned holds, all.
        holds: those that are in force.
    """
    known = list(turns)
    forest = forest_of(known)
    protected = held_turns(known, holds)
    cascade = forest.plan(selection.interactions, selection.reach, protected)
    order = [turn for turn in cascade.order if turn not in protected]
    erased = dict.fromkeys(order)
    carried = list(carriers)
    guarded = {
        each.exchange for each in carried if each.interaction in protected and each.how != QUOTED
    }
    exchanges: dict[str, dict[str, None]] = {turn: {} for turn in order}
    quoted: list[Carrier] = []
    spared: list[Carrier] = []
    for each in carried:
        if each.interaction not in erased:
            continue
        if each.exchange in guarded:
            (quoted if each.how == QUOTED and not selection.with_quoted else spared).append(each)
        elif each.how == QUOTED and not selection.with_quoted:
            quoted.append(each)
        else:
            exchanges[each.interaction][each.exchange] = None
    taken = dict.fromkeys(name for turn in order for name in exchanges[turn])
    return ErasurePlan(
        tuple(order),
        {turn: tuple(protected[turn]) for turn in cascade.kept},
        cascade.left,
        tuple(taken),
        tuple(each for each in quoted if each.exchange not in taken),
        tuple(spared),
    )
