"""The same forest, worked out the slow and plain way: what `proxy.audit.lineage` is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from proxy.audit.lineage.turn import Turn

FALLING: Final = {"agent_config", "environment", "generation_config", "safety_settings"} | {
    "system_instruction",
    "tools",
}


def parent_of(turns: Sequence[Turn], place: int) -> int | None:
    """Where the turn before stands, circles not yet cut."""
    turn = turns[place]
    if turn.previous is not None:
        named = [at for at, other in enumerate(turns) if other.interaction == turn.previous]
        return named[-1] if named else None
    earlier = [at for at in range(len(turns)) if (turns[at].at, at) < (turn.at, place)]
    for digests in turn.history[::-1]:
        for digest in digests:
            gave = [at for at in earlier if digest in turns[at].answers]
            if gave:
                return max(gave, key=lambda at: (turns[at].at, at))
    return None


def ancestors(parents: dict[int, int | None], place: int) -> list[int]:
    """From the turn before to the first one; of a circle, once round."""
    found: list[int] = []
    before = parents[place]
    while before is not None and before not in found:
        found.append(before)
        before = parents[before]
    return found


def refused(turn: Turn) -> bool:
    """Answered with an error instead of an interaction."""
    return turn.status is None and turn.error_code is not None


def tree_of(parents: dict[int, int | None], place: int) -> set[int]:
    """A turn and all that go on from it."""
    return {place} | {other for other in parents if place in ancestors(parents, other)}


def forest(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """What is to be known of each turn."""
    parents = {place: parent_of(turns, place) for place in range(len(turns))}
    circles = {
        min(ancestors(parents, place), key=lambda at: (turns[at].at, at))
        for place in parents
        if place in ancestors(parents, place)
    }
    parents |= dict.fromkeys(circles)
    return [_told(turns, parents, place, is_cut=place in circles) for place in range(len(turns))]


def _told(
    turns: Sequence[Turn], parents: dict[int, int | None], place: int, *, is_cut: bool
) -> dict[str, Any]:
    above, below, parent = ancestors(parents, place), tree_of(parents, place), parents[place]
    turn = turns[place]
    before = turns[parent] if parent is not None else None
    children = [other for other in parents if parents[other] == place]
    return {
        "parent": parent,
        "is_in_circle": is_cut,
        "depth": len(above),
        "root": above[-1] if above else place,
        "children": sorted(children, key=lambda at: (turns[at].at, at)),
        "orphan": _orphan(turns, place),
        "fell_away": _fell_away(before, turn) if before else set(),
        "branch_tokens": sum(turns[at].total_tokens or 0 for at in [place, *above]),
        "tree_tokens": sum(turns[at].total_tokens or 0 for at in below),
        "tree_cost": sum(turns[at].cost_pico_usd or 0 for at in below),
        "is_tree_priced": all(turns[at].is_cost_complete or refused(turns[at]) for at in below),
        "tree_turns": len(below),
        "is_fork": sum(not refused(turns[at]) for at in children) > 1,
        "is_tip": not refused(turn) and all(refused(turns[at]) for at in children),
        "is_live_tip": all(refused(turns[at]) for at in children)
        and "expired" not in [_orphan(turns, at) for at in children]
        and turn.deleted_at is None
        and turn.status not in (None, "failed", "cancelled"),
    }


def _orphan(turns: Sequence[Turn], place: int) -> str | None:
    turn, parent = turns[place], parent_of(turns, place)
    if turn.previous is None:
        return "unseen_history" if turn.history and parent is None else None
    if parent is None:
        return "never_seen"
    if turns[parent].deleted_at is not None:
        return "deleted"
    return "expired" if turn.status is None and turn.error_code == "not_found" else None


def _fell_away(before: Turn, after: Turn) -> set[str]:
    if before.settings_sent is None or after.settings_sent is None:
        return set()
    had, has = before.settings_sent.split(","), after.settings_sent.split(",")
    needless = {"generation_config"} if after.agent else {"agent_config", "environment"}
    lost = {name for name in had if name in FALLING - needless and name not in has}
    if "tools" in has and before.tool_types and after.tool_types:
        kinds = after.tool_types.split(",")
        lost |= {f"tools.{one}" for one in before.tool_types.split(",") if one not in kinds}
    return lost
