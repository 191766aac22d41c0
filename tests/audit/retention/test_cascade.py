"""What an act reaches and what a hold protects, against a naive reading of the same forest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.retention.cascade import Forest, Reach

TREE = {"root": None, "a": "root", "a1": "a", "a2": "a", "b": "root", "far": "never-seen"}


@st.composite
def forests(draw: st.DrawFn) -> dict[str, str | None]:
    size = draw(st.integers(1, 12))
    return {
        str(n): str(draw(st.integers(0, n - 1))) if n and draw(st.booleans()) else None
        for n in range(size)
    }


def ancestors(before: dict[str, str | None], turn: str) -> set[str]:
    earlier = before.get(turn)
    return set() if earlier is None else {earlier} | ancestors(before, earlier)


@given(forests(), st.data())
def test_a_plan_agrees_with_a_naive_one(before: dict[str, str | None], data: st.DataObject) -> None:
    turn = data.draw(st.sampled_from(sorted(before)))
    held = data.draw(st.sets(st.sampled_from(sorted(before))))
    plan = Forest(before).plan([turn], Reach.DESCENDANTS, held)

    reached = {each for each in before if each == turn or turn in ancestors(before, each)}
    protected = held | {each for one in held for each in ancestors(before, one)}
    assert set(plan.order) == reached - protected
    assert set(plan.kept) == reached & protected
    assert plan.left == ()
    for place, each in enumerate(plan.order):
        assert not ancestors(before, each) & set(plan.order[:place])


def test_a_node_alone_names_what_still_tells_of_it() -> None:
    plan = Forest(TREE).plan(["a"], Reach.NODE, ())

    assert plan.order == ("a",)
    assert set(plan.left) == {"a1", "a2"}
    assert plan.is_partial


def test_a_thread_begins_at_the_first_turn_even_if_nobody_saw_it() -> None:
    assert set(Forest(TREE).plan(["a1"], Reach.THREAD, ()).order) == set(TREE) - {"far"}
    assert Forest(TREE).plan(["far"], Reach.THREAD, ()).order == ("far", "never-seen")


def test_a_hold_on_a_turn_keeps_all_before_it() -> None:
    plan = Forest(TREE).plan(["root"], Reach.THREAD, ["a1"])

    assert set(plan.kept) == {"root", "a", "a1"}
    assert set(plan.order) == {"a2", "b"}


def test_ids_in_a_circle_end() -> None:
    forest = Forest({"x": "y", "y": "x", "z": "z"})

    assert forest.descendants("x") == ["y"]
    assert set(forest.plan(["x"], Reach.THREAD, ()).order) == {"x", "y"}


def test_a_long_conversation_needs_no_deep_stack_and_no_time() -> None:
    """Each turn is walked over once: by the square of its length it would be minutes."""
    chain: dict[str, str | None] = {str(n): str(n - 1) if n else None for n in range(20_000)}
    forest = Forest(chain)

    assert forest.plan(["0"], Reach.DESCENDANTS, ()).order[0] == "19999"
    assert forest.plan(["0"], Reach.DESCENDANTS, list(chain)).order == ()
    assert len(forest.plan(list(chain)[:10_000], Reach.NODE, ()).left) == 10_000


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh") | st.none()),
    st.lists(st.sampled_from("abcdefghz"), max_size=6),
    st.sampled_from([Reach.DESCENDANTS, Reach.THREAD]),
)
def test_what_is_selected_is_what_is_behind_each(
    before: dict[str, str | None], named: list[str], reach: Reach
) -> None:
    """Also where ids go in circles, which nobody can tell the first turn of."""
    forest = Forest(before)
    wanted: set[str] = set()
    for turn in named:
        passed = [turn]
        while reach is Reach.THREAD and (earlier := before.get(passed[-1])) not in (None, *passed):
            passed.append(str(earlier))
        wanted |= {passed[-1], *forest.descendants(passed[-1])}

    assert set(forest.plan(named, reach, ()).order) == wanted
