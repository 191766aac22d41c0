"""A conversation that is sent again is known by the digests of the first time, also after midnight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions.problems import Notes
from proxy.interactions.steps import Step, steps_from_input, steps_from_json
from proxy.recording.repeats.marks import DAY_NS, NO_MARK, STEP_BYTES_LEAST, Mark, marks_of
from proxy.recording.secrecy.equality import NO_EQUALITY, Equality, no_equality

NOON_NS = 20_000 * DAY_NS + DAY_NS // 2
LONG = "A long answer that says so much that nobody would say it twice by chance."


def equality(wall_ns: int) -> Equality:
    """A key for each day."""
    return Equality(b"%d" % (wall_ns // DAY_NS))


def steps(value: Any) -> list[Step]:
    notes = Notes()
    return steps_from_json(steps_from_input(value, notes), notes, "/")


def user(text: str) -> dict[str, Any]:
    return {"type": "user_input", "content": [{"type": "text", "text": text}]}


def output(text: str) -> dict[str, Any]:
    return {"type": "model_output", "content": [{"type": "text", "text": text}]}


def call(identity: str) -> dict[str, Any]:
    return {"type": "function_call", "id": identity, "name": "look", "arguments": {}}


def marks(sent: Any, answered: Any = (), at: int = NOON_NS) -> tuple[list[Mark], list[Mark]]:
    return marks_of(steps(sent), steps(list(answered)), equality, at)


def test_a_repeated_turn_has_the_chain_of_the_answer_it_repeats() -> None:
    _, (answered,) = marks("Hi", [output("Yes.")])

    said, _ = marks([user("Hi"), output("Yes."), user("More")])

    assert said[1].chain_mac is not None
    assert said[1].chain_mac.split(",")[0] == answered.chain_mac


def test_a_stream_in_pieces_and_thoughts_left_out_change_nothing() -> None:
    thought = {"type": "thought", "signature": "s"}
    pieces = {"type": "model_output", "content": [{"type": "text", "text": t} for t in "Yes."]}

    _, whole = marks("Hi", [thought, pieces])
    said, _ = marks([user("Hi"), output("Y"), output("es."), user("More")])

    assert whole[0] == NO_MARK
    assert said[2].chain_mac is not None
    assert said[2].chain_mac.startswith(str(whole[1].chain_mac))


def test_the_role_turns_of_the_old_schema_are_the_same_conversation() -> None:
    old, _ = marks([{"role": "user", "content": "Hi"}, {"role": "model", "content": LONG}])
    new, _ = marks([user("Hi"), output(LONG)])

    assert old == new


def test_history_of_the_day_before_has_the_digest_of_that_day() -> None:
    _, (answered,) = marks("Hi", [output(LONG)])

    said, _ = marks([user("Hi"), output(LONG), user("More")], at=NOON_NS + DAY_NS)

    for now, then in zip(said[1], answered, strict=True):
        assert now is not None
        assert then is not None
        assert now.split(",")[1] == then
        assert now.split(",")[0] != then


def test_without_yesterdays_key_there_is_todays_digest_alone() -> None:
    def young(wall_ns: int) -> Equality:
        return equality(wall_ns) if wall_ns >= NOON_NS else NO_EQUALITY

    said, _ = marks_of(steps([user("Hi"), output("Yes.")]), [], young, NOON_NS)

    assert said == [
        Mark(str(mark.chain_mac).split(",")[0], None)
        for mark in marks([user("Hi"), output("Yes.")])[0]
    ]


def test_a_first_turn_has_one_digest_a_step() -> None:
    (said,), (answered,) = marks("Hi", [output("Yes.")])

    assert [len(str(said.chain_mac)), len(str(answered.chain_mac))] == [24, 24]


def test_long_answers_and_calls_are_known_alone_and_short_ones_are_not() -> None:
    _, first = marks("Hi", [output(LONG), output("Yes."), call("c1"), call("c2")])
    _, other = marks("Ho", [output(LONG), output("Yes."), call("c1"), call("c2")])

    assert len(LONG) >= STEP_BYTES_LEAST
    assert [mark.step_mac for mark in first] == [mark.step_mac for mark in other]
    assert [mark.step_mac is None for mark in first] == [False, True, False, False]
    assert len({mark.step_mac for mark in first}) == 4
    assert not {mark.chain_mac for mark in first} & {mark.chain_mac for mark in other}


def test_what_the_caller_said_is_not_known_alone() -> None:
    (said,), _ = marks(LONG)

    assert said.step_mac is None


def test_an_answer_to_an_unseen_question_has_no_chain() -> None:
    _, (answered,) = marks_of([], steps([output(LONG)]), equality, NOON_NS)

    assert answered.chain_mac is None
    assert answered.step_mac is not None


def test_nothing_compares_without_keys() -> None:
    assert marks_of(steps("Hi"), steps([output(LONG)]), no_equality, NOON_NS) == (
        [NO_MARK],
        [NO_MARK],
    )


def called(name: str) -> dict[str, Any]:
    return call("c1") | {"name": name}


MADE: dict[str, Callable[[str], dict[str, Any]]] = {"u": user, "m": output, "c": called}
TURN = st.tuples(st.sampled_from("umc"), st.text(alphabet="ab t0", min_size=1, max_size=4))


@given(st.lists(TURN, max_size=6), st.lists(TURN, max_size=6))
def test_two_conversations_are_the_same_if_both_sides_said_the_same(
    one: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    """The same: after texts of one side in a row were joined."""

    def joined(turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for kind, text in turns:
            if found and found[-1][0] == kind != "c":
                found[-1] = (kind, found[-1][1] + text)
            else:
                found.append((kind, text))
        return found

    def last(turns: list[tuple[str, str]]) -> str | None:
        said, _ = marks([MADE[kind](text) for kind, text in turns])
        return said[-1].chain_mac if said else None

    same = joined(one) == joined(other)
    assert (first_of(last(one)) == first_of(last(other))) is same


def first_of(macs: str | None) -> str:
    return str(macs).partition(",")[0]
