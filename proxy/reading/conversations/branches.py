"""One conversation as lines: a turn a line, indented where it forks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from proxy.audit.lineage.forest import Forest, Node, Total
from proxy.audit.lineage.parents import How, Orphan
from proxy.audit.lineage.told import instant_of
from proxy.audit.lineage.turn import was_refused
from proxy.reading.layout.terminal import count_text, cut, one_line, packed

ID_WIDTH_MAX: Final = 72
"""A whole id has 64 to 68 characters; on a narrow terminal its end, which tells turns apart."""
INDENT_MAX: Final = 40
"""Columns of lines drawn on the left; forks beyond stand under each other."""
_ORPHANS: Final = {
    Orphan.NEVER_SEEN: "goes on from a turn that was never recorded",
    Orphan.DELETED: "goes on from a deleted turn",
    Orphan.EXPIRED: "goes on from a turn that is no longer there",
    Orphan.UNSEEN_HISTORY: "repeats answers that were never recorded",
}


def tree_lines(forest: Forest, root: int, width: int) -> list[Text]:
    """A heading, then a line for each turn, and what is to be noted below it."""
    nodes = forest.nodes
    lines = [_heading(forest, root)]
    waiting = [(root, "", "", False)]
    while waiting:
        place, drawn, mark, is_forked = waiting.pop()
        node = nodes[place]
        below = drawn + ("" if not is_forked else "   " if mark.startswith("└") else "│  ")
        lines.append(_turn_line(node, drawn + mark, width))
        rail = below + ("│ " if node.children else "  ")
        room = max(20, width - cell_len(rail) - 2)
        for note, style in _notes(node):
            lines.extend(
                Text(rail + "  ", "dim").append(line, style) for line in packed([note], room)
            )
        children = node.children
        if len(children) == 1:
            waiting.append((children[0], below, "", False))
            continue
        indent = below if cell_len(below) < INDENT_MAX else below[:INDENT_MAX]
        for number, child in reversed(list(enumerate(children, 1))):
            waiting.append((child, indent, "└─ " if number == len(children) else "├─ ", True))
    return lines


def _heading(forest: Forest, root: int) -> Text:
    total, tips = forest.nodes[root].tree, forest.tips(root)
    live = len(forest.live_tips(root))
    refused = sum(was_refused(forest.nodes[place].turn) for place in forest.tree_of(root))
    turns = count_text(total.turns, "turn") + (f", {refused} refused" if refused else "")
    parts = [turns, f"{count_text(len(tips), 'tip')} ({live} live)"]
    parts.append(count_text(total.tokens, "token"))
    parts.extend(_cost(total))
    return Text(" · ".join(parts), "bold")


def _turn_line(node: Node, drawn: str, width: int) -> Text:
    turn = node.turn
    facts = [_moment(turn.at), turn.model or turn.agent or "no model seen"]
    facts.append(turn.status or turn.error_code or "no status seen")
    if turn.total_tokens is not None:
        facts.append(f"{turn.total_tokens:,} tokens")
    if turn.cost_pico_usd is not None:
        facts.append(_usd(turn.cost_pico_usd, is_complete=turn.is_cost_complete))
    if node.cached_share:
        facts.append(f"{node.cached_share:.0%} cached")
    told = "  ".join(one_line(fact) for fact in facts)
    line = Text(drawn, "dim")
    room = width - cell_len(drawn) - cell_len(told) - 4
    line.append("● " if node.is_live_tip else "○ ", "green" if node.is_tip else "")
    line.append(_name(turn.interaction, max(16, min(room, ID_WIDTH_MAX))), "bold")
    line.append("  " + told, _style(node))
    return line


def _notes(node: Node) -> Iterator[tuple[str, str]]:
    turn = node.turn
    if node.orphan is not None:
        of = f": {one_line(turn.previous)}" if turn.previous and node.parent is None else ""
        yield _ORPHANS[node.orphan] + of, "red"
    if node.is_in_circle:
        yield "says it goes on from one of its own descendants", "red"
    if node.fell_away:
        yield "not sent again: " + ", ".join(node.fell_away), "yellow"
    if node.switched_from:
        yield f"before it answered {one_line(node.switched_from)}", "dim"
    if node.how is How.REPEAT:
        yield "repeats the conversation in its input", "dim"
    if node.how is How.CONTINUATION:
        yield "goes on with the same answer", "dim"
    if turn.deleted_at is not None:
        yield f"deleted {_moment(turn.deleted_at)} UTC", "dim"
    if node.is_tip and node.depth:
        told = [count_text(node.branch.turns, "turn"), count_text(node.branch.tokens, "token")]
        yield "branch: " + " · ".join([*told, *_cost(node.branch)]), "dim"


def _cost(total: Total) -> Iterator[str]:
    if total.cost_pico_usd or total.is_cost_complete:
        yield _usd(total.cost_pico_usd, is_complete=total.is_cost_complete)


def _usd(pico: int, *, is_complete: bool) -> str:
    return f"{'' if is_complete else 'at least '}${pico / 1e12:,.6f}"


def _style(node: Node) -> str:
    if node.turn.error_code or node.turn.status in ("failed", "budget_exceeded"):
        return "red"
    return "" if node.turn.deleted_at is None else "dim"


def _name(interaction: str, width: int) -> str:
    """An id, or its beginning and its end: the first half of all in a conversation is the same."""
    named = one_line(interaction)
    if cell_len(named) <= width:
        return named
    return f"{cut(named, 4)}{named[-(width - 4) :]}"


def _moment(at_us: int) -> str:
    return instant_of(at_us).strftime("%Y-%m-%d %H:%M:%S")
