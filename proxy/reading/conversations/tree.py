"""`tree`: conversations as trees, each turn with what it cost and what silently fell away before it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.audit.lineage.forest import Forest, forest_of
from proxy.audit.lineage.told import told_tree
from proxy.audit.lineage.turn import Turn
from proxy.reading.conversations.branches import tree_lines
from proxy.reading.layout import terminal
from proxy.reading.show import DONE, WRONG_USE, find, not_one
from proxy.reading.snapshot import open_facts
from proxy.store import queries

TURNS_MAX: Final = 20_000
"""Interactions that are looked at, the latest: two seconds of work (2026-11-23). Older ones are found by an
id of their conversation."""
TREES_MAX: Final = 10
"""Conversations shown when none is named, the latest."""


def run(
    data_folder: Path,
    interaction: str | None = None,
    *,
    as_json: bool = False,
    master_file: Path | None = None,
) -> int:
    """Show the tree that `interaction` (as `show` takes it) belongs to, or the latest ones.

    JSON is one object per tree and line. Returns the exit code: 0 done, 2 no such interaction, or
    several.

    Raises:
        StoreError: nothing was recorded here, or the facts cannot be opened.
    """
    with open_facts(data_folder, master_file) as connection:
        named = None
        if interaction is not None:
            found = find(connection, interaction)
            if len(found) != 1:
                terminal.say(not_one(interaction, found))
                return WRONG_USE
            named = found[0]
        forest = forest_of(turns_of(connection, named))
    roots = _roots(forest, named)
    shown = roots if named is not None else roots[:TREES_MAX]
    if as_json:
        for root in shown:
            sys.stdout.write(_json(told_tree(forest, root)) + "\n")
        return DONE
    console = terminal.console()
    for place, root in enumerate(shown):
        if place:
            console.print()
        for line in tree_lines(forest, root, console.width):
            console.print(line)
    if len(roots) > len(shown):
        more = terminal.count_text(len(roots) - len(shown), "older conversation")
        console.print(f"\n{more}: name any interaction of one", style="dim")
    return DONE


def turns_of(connection: duckdb.DuckDBPyConnection, interaction: str | None) -> list[Turn]:
    """The turns to make a forest of, those of the conversation named among them."""
    return queries.rows(connection, "turns", Turn, interaction=interaction, limit=TURNS_MAX)


def kin_of(connection: duckdb.DuckDBPyConnection, interaction: str) -> list[str]:
    """The interactions of the tree that one belongs to."""
    forest = forest_of(turns_of(connection, interaction))
    (root,) = _roots(forest, interaction)
    return [forest.nodes[place].turn.interaction for place in forest.tree_of(root)]


def _roots(forest: Forest, named: str | None) -> list[int]:
    """The root of the tree that holds `named`; else all, that with the latest turn first."""
    if named is not None:
        (node,) = [node for node in forest.nodes if node.turn.interaction == named]
        return [node.root]
    latest: dict[int, int] = {}
    for node in forest.nodes:
        latest[node.root] = max(latest.get(node.root, node.turn.at), node.turn.at)
    return sorted(latest, key=lambda root: (latest[root], root), reverse=True)


def _json(tree: dict[str, Any]) -> str:
    return terminal.safe_json(json.dumps(tree, ensure_ascii=False))
