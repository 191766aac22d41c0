"""Turns of conversations as rows of the tables tell of them: what an erasure begins with, and a hold.

All is found by hashes of ids, each statement in one column of all rows: some milliseconds among a million interactions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from proxy.audit.erasure.plan import Turn
from proxy.interactions.interaction import id_hash
from proxy.recorder.keeping.keepings import Ask

ROUNDS_MAX: Final = 100_000
"""Of following turns whose ids do not tell their conversation: as many turns as the longest of them may have."""
FEW: Final = 1000
"""Rows that are read each; of more, those alike are put together by DuckDB, which costs as much as the reading of few."""


@dataclass(frozen=True, slots=True)
class Told:
    """A turn, as one exchange told of it; without content, as all such told of it."""

    exchange: str
    """Empty, as `how` is, and no time, where there is no content."""
    interaction: str
    how: str
    seen_us: int
    previous: str | None
    previous_hash: int | None
    root_hash: int
    has_content: bool
    has_token: bool
    is_streaming: bool
    is_hop: bool
    place: int = field(compare=False)
    """Number of the row, or of the first that is like it. Rows of observations are never deleted, so it stays while the file is
    open."""


@dataclass(frozen=True, slots=True)
class _Place:
    place: int
    id_hash: int
    root_hash: int


def kin_of(ask: Ask, interactions: Iterable[str]) -> dict[str, Turn]:
    """All turns of the conversations that these belong to, with the turn before each; those that were recorded."""
    return turns_of(told_of(ask, interactions))


def told_of(ask: Ask, interactions: Iterable[str]) -> list[Told]:
    """All that was told of these, and what ties their conversations together."""
    found: dict[Told, None] = {}
    hashes, asked = set(hashes_of(interactions)), set[int]()
    for _ in range(ROUNDS_MAX):
        fresh = hashes - asked
        if not fresh:
            break
        kin, rows = told_around(ask, fresh)
        asked |= fresh | kin
        hashes |= kin
        for row in rows:
            found[row] = None
            hashes.add(id_hash(row.interaction))
            if row.previous_hash is not None:
                hashes.add(row.previous_hash)
    return list(found)


def told_around(ask: Ask, hashes: Collection[int]) -> tuple[set[int], list[Told]]:
    """What was told of these, of all turns of their conversations, and of the turns behind any of these.

    Each statement looks through one column of all rows; together they would take half as long again to be planned.

    Returns:
        The hashes of all but the turns that are only behind these conversations, and what was told, in order.
    """
    named = ask("erasing_named", _Place, hashes=listed(hashes))
    kin = named
    if named:
        roots = {row.root_hash for row in named}
        kin = ask("erasing_conversations", _Place, roots=listed(roots))
    around = set(hashes) | {row.id_hash for row in kin}
    behind = ask("erasing_behind", int, hashes=listed(around))
    places = {row.place for row in kin} | set(behind)
    if not places:
        return around, []
    how = "erasing_turns" if len(places) <= FEW else "erasing_turns_once"
    rows = ask(how, Told, places=listed(places), first=min(places), last=max(places))
    return around, sorted(rows, key=lambda row: row.place)


def turns_of(told: Iterable[Told]) -> dict[str, Turn]:
    """Each with the turn before it and its conversation, as the last who knew them told."""
    turns: dict[str, Turn] = {}
    for row in told:
        before = turns.get(row.interaction)
        previous = row.previous or (before.previous if before else None)
        # Whoever polls may be told no turn before it: where the id says no root, either, the create knows it.
        root = before.root if before and not row.previous else row.root_hash
        turns[row.interaction] = Turn(row.interaction, previous, root)
    return turns


def hashes_of(interactions: Iterable[str]) -> list[int]:
    """By which the tables know them, each once."""
    return [id_hash(interaction) for interaction in dict.fromkeys(interactions)]


def listed(values: Iterable[object]) -> str:
    """As the statements take them."""
    return ",".join(map(str, values))
