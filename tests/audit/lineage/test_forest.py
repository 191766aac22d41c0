"""The forest of turns agrees with the plain way of working it out, and is made fast."""

from __future__ import annotations

import os
import random
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.lineage.forest import Forest, Total, forest_of
from proxy.audit.lineage.parents import How
from proxy.audit.lineage.turn import Turn
from tests.audit.lineage import plain

FORESTS = int(os.environ.get("LINEAGE_FORESTS", "300"))
"""Random forests compared; the issue asks for 10,000, `make full` makes them."""
TURNS_MAX = 24


def told(forest: Forest) -> list[dict[str, Any]]:
    """A forest in the words of the plain one."""
    live = set(forest.live_tips())
    return [
        {
            "parent": node.parent,
            "is_in_circle": node.is_in_circle,
            "depth": node.depth,
            "root": node.root,
            "children": node.children,
            "orphan": node.orphan,
            "fell_away": set(node.fell_away),
            "branch_tokens": node.branch.tokens,
            "tree_tokens": node.tree.tokens,
            "tree_cost": node.tree.cost_pico_usd,
            "is_tree_priced": node.tree.is_cost_complete,
            "tree_turns": node.tree.turns,
            "is_fork": node.is_fork,
            "is_tip": node.is_tip,
            "is_live_tip": place in live,
        }
        for place, node in enumerate(forest.nodes)
    ]


def some_turns(dice: random.Random) -> list[Turn]:
    """Turns with every oddity: unknown parents, circles, the same instant, repeated answers."""
    names = [f"v1_{place}" for place in range(dice.randint(0, TURNS_MAX))]
    digests = [f"d{place}" for place in range(8)]
    settings = ["system_instruction", "tools", "generation_config", "labels", "environment"]
    may_circle = dice.random() < 0.3

    def turn(place: int) -> Turn:
        before = names if may_circle else names[:place]
        previous = dice.choice([*before, "v1_unseen"]) if dice.random() < 0.7 else None
        sent = dice.sample(settings, dice.randint(0, 5))
        is_agent = dice.random() < 0.2
        return Turn(
            names[place],
            at=place // dice.randint(1, 2),
            previous=previous,
            model=None if is_agent else dice.choice(["one", "other"]),
            agent="research" if is_agent else None,
            status=dice.choice([None, "completed", "completed", "failed", "requires_action"]),
            error_code=dice.choice([None, "not_found"]),
            deleted_at=dice.choice([None, None, None, 99]),
            is_continuation=dice.random() < 0.1,
            settings_sent=dice.choice([None, ",".join(sorted(sent))]),
            tool_types=dice.choice([None, "function", "function,google_search"]),
            total_tokens=dice.choice([None, dice.randint(0, 999)]),
            cost_pico_usd=dice.choice([None, dice.randint(0, 999)]),
            is_cost_complete=dice.random() < 0.7,
            answers=tuple(dice.sample(digests, dice.randint(0, 2))),
            history=tuple(
                tuple(dice.sample(digests, dice.randint(1, 2))) for _ in range(dice.randint(0, 2))
            ),
        )

    return [turn(place) for place in range(len(names))]


def test_random_forests_are_as_the_plain_way_makes_them() -> None:
    dice = random.Random(20261123)
    circles = repeats = 0

    for number in range(FORESTS):
        turns = some_turns(dice)
        forest = forest_of(turns)
        assert told(forest) == plain.forest(turns), f"forest {number}"
        assert sorted(forest.order) == list(range(len(turns)))
        circles += any(node.is_in_circle for node in forest.nodes)
        repeats += any(node.how is How.REPEAT for node in forest.nodes)

    assert circles > FORESTS // 20
    assert repeats > FORESTS // 4


def test_thirty_thousand_turns_take_seconds_however_they_hang_together() -> None:
    """Deep as one chain, wide as one fork, round as one circle: no recursion, nothing quadratic."""
    count = 10_000
    deep = [Turn(f"deep{at}", at, previous=f"deep{at - 1}") for at in range(1, count)]
    wide = [Turn(f"wide{at}", at, previous="deep0", total_tokens=1) for at in range(count)]
    circle = [Turn(f"o{at}", at, previous=f"o{(at - 1) % count}") for at in range(count)]

    started = time.process_time()
    forest = forest_of([Turn("deep0", 0), *deep, *wide, *circle])
    took_s = time.process_time() - started

    assert forest.nodes[count - 1].depth == count - 1
    assert (len(forest.nodes[0].children), forest.nodes[0].tree.tokens) == (count + 1, count)
    assert [node.is_in_circle for node in forest.nodes[2 * count :]] == [True] + [False] * (
        count - 1
    )
    assert took_s < 6


def test_branches_stay_together_in_the_order_of_their_creation() -> None:
    turns = [
        Turn("v1_a", 0),
        Turn("v1_late", 9, previous="v1_a"),
        Turn("v1_early", 2, previous="v1_a"),
        Turn("v1_other", 1),
        Turn("v1_tip", 5, previous="v1_early"),
    ]

    forest = forest_of(turns)

    named = [turns[place].interaction for place in forest.order]
    assert named == ["v1_a", "v1_early", "v1_tip", "v1_late", "v1_other"]
    assert [turns[at].interaction for at in forest.tree_of(4)] == named[:4]
    assert [turns[at].interaction for at in forest.tips(0)] == ["v1_tip", "v1_late"]
    assert forest.nodes[0].is_fork


def test_a_refused_turn_ends_nothing_forks_nothing_and_costs_nothing() -> None:
    """Asked wrongly, or too often and then again: the conversation is where it was."""
    priced: dict[str, Any] = {"status": "completed", "cost_pico_usd": 5, "is_cost_complete": True}
    turns = [
        Turn("v1_a", 0, **priced),
        Turn("exchange:busy", 1, previous="v1_a", error_code="rate_limit"),
        Turn("v1_b", 2, previous="v1_a", **priced),
        Turn("exchange:wrong", 3, previous="v1_b", error_code="invalid_request"),
    ]

    forest = forest_of(turns)

    assert [turns[at].interaction for at in forest.tips()] == ["v1_b"]
    assert [turns[at].interaction for at in forest.live_tips()] == ["v1_b"]
    assert not any(node.is_fork for node in forest.nodes)
    assert forest.nodes[0].tree == Total(4, 0, 10)


def test_a_turn_that_upstream_no_longer_finds_is_no_live_tip() -> None:
    turns = [
        Turn("v1_a", 0, status="completed"),
        Turn("exchange:late", 1, previous="v1_a", error_code="not_found"),
    ]

    forest = forest_of(turns)

    assert (forest.tips(), forest.live_tips()) == ([0], [])


def test_an_edge_says_what_fell_away_and_who_answered_before() -> None:
    turns = [
        Turn("v1_a", 0, model="flash", settings_sent="system_instruction,tools"),
        Turn(
            "v1_b",
            1,
            previous="v1_a",
            model="pro",
            settings_sent="tools",
            input_tokens=8,
            cached_tokens=2,
        ),
        Turn("v1_c", 2, previous="v1_b", model="pro", settings_sent="tools"),
    ]

    a, b, c = forest_of(turns).nodes

    assert (a.fell_away, b.fell_away, c.fell_away) == ((), ("system_instruction",), ())
    assert (a.switched_from, b.switched_from, c.switched_from) == (None, "flash", None)
    assert b.cached_share == 0.25


def test_totals_of_nothing_are_nothing() -> None:
    assert forest_of([]) == Forest((), (), ())
    assert Total().plus(Total(1, 2, 3)) == Total(1, 2, 3)


@given(st.lists(st.builds(Turn, st.sampled_from("abc"), st.integers(), st.sampled_from("abcd"))))
def test_foreign_ids_never_raise(turns: list[Turn]) -> None:
    forest_of(turns)
