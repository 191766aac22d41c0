from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.erasure.plan import (
    Carrier,
    ErasurePlan,
    Hold,
    Selection,
    Turn,
    erasure_plan,
    held_turns,
)
from proxy.audit.retention.cascade import Reach

TURNS = (Turn("a", None), Turn("b", "a"), Turn("c", "b"), Turn("d", "a"), Turn("z", None))
"""a is continued by b (then c) and by d; z is another conversation."""
CARRIERS = (
    *(Carrier(f"x-{turn.interaction}", turn.interaction, "created") for turn in TURNS),
    Carrier("x-a-read", "a", "read"),
    Carrier("x-z", "a", "quoted"),
)


def plan(
    *named: str, reach: Reach = Reach.NODE, quoted: bool = False, holds: tuple[Hold, ...] = ()
) -> ErasurePlan:
    return erasure_plan(Selection(named, reach, quoted), TURNS, CARRIERS, holds)


def test_one_interaction_goes_with_every_exchange_that_shows_it() -> None:
    found = plan("a")

    assert found.order == ("a",)
    assert found.exchanges == ("x-a", "x-a-read")
    assert found.left == ("b", "d", "c")
    assert found.quoted == (Carrier("x-z", "a", "quoted"),)
    assert not found.is_partial


def test_exchanges_of_others_that_repeat_it_go_where_that_is_wanted() -> None:
    found = plan("a", quoted=True)

    assert found.exchanges == ("x-a", "x-a-read", "x-z")
    assert not found.quoted


def test_leaves_go_first() -> None:
    assert plan("c", reach=Reach.THREAD).order == ("c", "b", "d", "a")
    assert plan("b", reach=Reach.DESCENDANTS).order == ("c", "b")


def test_a_hold_keeps_a_turn_and_all_before_it_and_says_so() -> None:
    found = plan("a", reach=Reach.DESCENDANTS, holds=(Hold("h", "b", is_conversation=False),))

    assert found.order == ("c", "d")
    assert found.kept == {"a": ("h",), "b": ("h",)}
    assert found.is_partial


def test_a_hold_of_a_conversation_keeps_turns_that_came_later() -> None:
    held = held_turns(TURNS, [Hold("h", "d", is_conversation=True)])

    assert sorted(held) == ["a", "b", "c", "d"]


def test_an_exchange_that_also_holds_something_protected_is_spared_and_named() -> None:
    found = plan("a", quoted=True, holds=(Hold("h", "z", is_conversation=False),))

    assert found.exchanges == ("x-a", "x-a-read")
    assert found.spared == (Carrier("x-z", "a", "quoted"),)
    assert found.is_partial


NAMES = st.sampled_from("abcdz")


@given(
    st.builds(
        Selection, st.lists(NAMES, min_size=1).map(tuple), st.sampled_from(Reach), st.booleans()
    ),
    st.lists(st.builds(Hold, st.just("h"), NAMES, st.booleans()), max_size=3),
)
def test_nothing_protected_ever_goes(selection: Selection, holds: list[Hold]) -> None:
    found = erasure_plan(selection, TURNS, CARRIERS, holds)

    protected = held_turns(TURNS, holds)
    assert not set(found.order) & set(protected)
    assert not {f"x-{turn}" for turn in protected} & set(found.exchanges)
    assert set(found.order) | set(found.kept) >= set(selection.interactions)


def test_plans_are_told_apart_by_their_digests() -> None:
    hold = Hold("h", "b", is_conversation=False)
    plans = [plan("a"), plan("b"), plan("a", quoted=True), plan("a", holds=(hold,))]

    assert len({each.digest for each in plans}) == 4
    assert plan("a").digest == plans[0].digest


class Counted(str):
    """An id of which it is counted how often a table was asked for it."""

    __slots__ = ()
    asked = 0

    def __hash__(self) -> int:
        Counted.asked += 1
        return super().__hash__()


def steps_for(turns: int, reach: Reach, *, is_kept: bool) -> int:
    """For planning that all turns of a chain go, each named for itself; a policy keeps every one of them, or nothing is kept."""
    names = [Counted(f"turn-{number:06}") for number in range(turns)]
    chain = [Turn(name, before) for name, before in zip(names, [None, *names], strict=False)]
    holds = [Hold("policy keep", name, False) for name in names] if is_kept else []  # noqa: FBT003
    began = Counted.asked

    found = erasure_plan(Selection(tuple(names[::-1]), reach), chain, (), holds)

    assert len(found.kept if is_kept else found.order) == turns
    return Counted.asked - began


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("reach", Reach)
def test_a_conversation_twice_as_long_takes_twice_as_many_steps(
    reach: Reach, *, is_kept: bool
) -> None:
    """A policy keeps every turn of it: of 5,000 turns it took 12 million, in which nothing else ran."""
    assert steps_for(600, reach, is_kept=is_kept) < 2.1 * steps_for(300, reach, is_kept=is_kept)
