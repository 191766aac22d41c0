"""The forest of turns: roots, forks, depth, tips, and what each branch cost. Pure; without recursion.

A conversation is a tree: the same turn may be continued several times, by model or by agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from proxy.audit.lineage.parents import How, Orphan, Tie, ties_of
from proxy.audit.lineage.turn import Turn, cached_share, can_go_on, fell_away, was_refused


@dataclass(slots=True)
class Total:
    """Tokens and cost of several turns."""

    turns: int = 0
    tokens: int = 0
    cost_pico_usd: int = 0
    is_cost_complete: bool = True
    """Every turn has a price for everything; refused ones need none."""

    def plus(self, other: Total) -> Total:
        """Both together."""
        return Total(
            self.turns + other.turns,
            self.tokens + other.tokens,
            self.cost_pico_usd + other.cost_pico_usd,
            self.is_cost_complete and other.is_cost_complete,
        )


@dataclass(slots=True)
class Node:
    """A turn in its tree. Places are places in Forest.nodes."""

    turn: Turn
    parent: int | None
    how: How
    orphan: Orphan | None
    root: int = -1
    depth: int = 0
    """Edges from the root."""
    children: list[int] = field(default_factory=list)
    """In the order of their creation."""
    next_count: int = 0
    """Of them those that were not refused: asked in vain, or again, nothing forks."""
    is_gone: bool = False
    """Upstream did not find it when somebody wanted to go on from it."""
    fell_away: tuple[str, ...] = ()
    """Settings of the parent that were not sent again."""
    switched_from: str | None = None
    """Model or agent of the parent, where it was another."""
    cached_share: float | None = None
    is_in_circle: bool = False
    """Ids said it goes on from one of its own descendants; that edge was cut."""
    branch: Total = field(default_factory=Total)
    """From the root to here."""
    tree: Total = field(default_factory=Total)
    """From here to all tips."""

    @property
    def is_fork(self) -> bool:
        return self.next_count > 1

    @property
    def is_tip(self) -> bool:
        return not self.next_count and not was_refused(self.turn)

    @property
    def is_live_tip(self) -> bool:
        """The conversation could be continued from here."""
        return self.is_tip and can_go_on(self.turn) and not self.is_gone


@dataclass(frozen=True, slots=True)
class Forest:
    """All trees."""

    nodes: tuple[Node, ...]
    """In the order of the turns given."""
    roots: tuple[int, ...]
    """In the order of their creation."""
    order: tuple[int, ...]
    """Every node once: parents before children, each tree in one piece, branches one after the other."""

    def tips(self, root: int | None = None) -> list[int]:
        """Turns that nothing goes on from, but for refused ones; of one tree, or of all."""
        return [place for place in self._of(root) if self.nodes[place].is_tip]

    def live_tips(self, root: int | None = None) -> list[int]:
        """Tips from which the conversation could be continued."""
        return [place for place in self.tips(root) if self.nodes[place].is_live_tip]

    def tree_of(self, place: int) -> list[int]:
        """The nodes of the tree that a turn belongs to, in `order`."""
        return list(self._of(self.nodes[place].root))

    def _of(self, root: int | None) -> Iterable[int]:
        if root is None:
            return self.order
        return [place for place in self.order if self.nodes[place].root == root]


def forest_of(turns: Sequence[Turn]) -> Forest:
    """The forest of these turns; an interaction stands among them once."""
    ties = ties_of(turns)
    rank = sorted(range(len(turns)), key=lambda place: (turns[place].at, place))
    circles = _cut_circles(ties, rank)
    nodes = [
        Node(turn, None if place in circles else tie.parent, tie.how, tie.orphan)
        for place, (turn, tie) in enumerate(zip(turns, ties, strict=True))
    ]
    roots: list[int] = []
    for place in rank:
        node = nodes[place]
        node.is_in_circle = place in circles
        if node.parent is None:
            roots.append(place)
        else:
            before = nodes[node.parent]
            before.children.append(place)
            before.next_count += not was_refused(node.turn)
            before.is_gone |= node.orphan is Orphan.EXPIRED
    order = _order(nodes, roots)
    for place in order:
        _tell_edge(nodes, place)
    for place in reversed(order):
        node = nodes[place]
        total = _own(node.turn)
        for child in node.children:
            total = total.plus(nodes[child].tree)
        node.tree = total
    return Forest(tuple(nodes), tuple(roots), tuple(order))


def _cut_circles(ties: Sequence[Tie], rank: Sequence[int]) -> set[int]:
    """One turn of every circle, the one created first: its edge is cut."""
    seen = [0] * len(ties)
    """0: not looked at; else the number of the walk that came here first."""
    cut: set[int] = set()
    ranks = {place: number for number, place in enumerate(rank)}
    for walk, start in enumerate(range(len(ties)), 1):
        place: int | None = start
        while place is not None and not seen[place]:
            seen[place] = walk
            place = ties[place].parent
        if place is None or seen[place] != walk:
            continue
        circle = [place]
        while (after := ties[circle[-1]].parent) != place:
            assert after is not None
            circle.append(after)
        cut.add(min(circle, key=ranks.__getitem__))
    return cut


def _order(nodes: Sequence[Node], roots: Sequence[int]) -> list[int]:
    found: list[int] = []
    for root in roots:
        waiting = [root]
        while waiting:
            place = waiting.pop()
            nodes[place].root = root
            found.append(place)
            waiting.extend(reversed(nodes[place].children))
    return found


def _tell_edge(nodes: Sequence[Node], place: int) -> None:
    node = nodes[place]
    node.cached_share = cached_share(node.turn)
    own = _own(node.turn)
    if node.parent is None:
        node.branch = own
        return
    before = nodes[node.parent]
    node.depth = before.depth + 1
    node.branch = before.branch.plus(own)
    node.fell_away = fell_away(before.turn, node.turn)
    was, is_now = _who(before.turn), _who(node.turn)
    if was and is_now and was != is_now:
        node.switched_from = was


def _own(turn: Turn) -> Total:
    is_complete = turn.is_cost_complete or was_refused(turn)
    return Total(1, turn.total_tokens or 0, turn.cost_pico_usd or 0, is_complete)


def _who(turn: Turn) -> str | None:
    return turn.model or turn.agent
