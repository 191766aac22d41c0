"""A conversation for machines: totals, tips by name, and every turn with its edge. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from proxy.audit.lineage.forest import Forest, Node
from proxy.audit.lineage.turn import can_go_on


def told_tree(forest: Forest, root: int) -> dict[str, Any]:
    """One tree: totals, tips by name, and every turn with its edge."""
    nodes = forest.nodes
    named = {place: node.turn.interaction for place, node in enumerate(nodes)}
    top = nodes[root]
    return {
        "root": named[root],
        "turn_count": top.tree.turns,
        "tips": [named[place] for place in forest.tips(root)],
        "live_tips": [named[place] for place in forest.live_tips(root)],
        "total": asdict(top.tree),
        "turns": [_told_turn(nodes[place], named) for place in forest.tree_of(root)],
    }


def _told_turn(node: Node, named: dict[int, str]) -> dict[str, Any]:
    turn = node.turn
    return {
        "interaction": turn.interaction,
        "created_at": instant(turn.at),
        "parent": None if node.parent is None else named[node.parent],
        "previous_interaction_id": turn.previous,
        "how": node.how,
        "orphan": node.orphan,
        "is_in_circle": node.is_in_circle,
        "depth": node.depth,
        "is_fork": node.is_fork,
        "is_tip": node.is_tip,
        "can_go_on": can_go_on(turn),
        "model": turn.model,
        "agent": turn.agent,
        "switched_from": node.switched_from,
        "status": turn.status,
        "error_code": turn.error_code,
        "deleted_at": None if turn.deleted_at is None else instant(turn.deleted_at),
        "fell_away": list(node.fell_away),
        "cached_share": node.cached_share,
        "tokens": turn.total_tokens,
        "cost_pico_usd": turn.cost_pico_usd,
        "is_cost_complete": turn.is_cost_complete,
        "branch": asdict(node.branch),
    }


def instant(at_us: int) -> str:
    """Microseconds since 1970 as JSON has them everywhere here: ISO 8601, UTC."""
    return instant_of(at_us).isoformat() + "Z"


def instant_of(at_us: int) -> dt.datetime:
    """UTC without a zone."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=at_us)  # noqa: DTZ001  # UTC throughout
