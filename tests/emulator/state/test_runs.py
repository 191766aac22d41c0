"""How far a background run is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.composition import Composition
from proxy.emulator.state.clock import NS
from proxy.emulator.state.runs import Pace, Run, begun

ANSWER = Composition(steps=(), status="completed", usage={})


def seen(run: Run, polls: int) -> str:
    """What the GET of that number sees, if no time passes."""
    run.polls = polls
    return "over" if run.is_over(run.began_ns) else run.status()


def test_a_run_is_queued_then_in_progress_then_over() -> None:
    run = begun(ANSWER, Pace(polls=2, seconds=60), 2, 0)

    told = [seen(run, polls) for polls in range(5)]

    assert told == ["queued", "queued", "queued", "in_progress", "over"]


def test_a_run_that_is_not_queued_is_in_progress_at_once() -> None:
    run = begun(ANSWER, Pace(polls=2, seconds=60), None, 0)

    assert [seen(run, polls) for polls in range(3)] == ["in_progress", "in_progress", "over"]


def test_the_fault_goes_before_the_answer_and_the_answer_before_the_pace() -> None:
    answer = Composition(steps=(), status="completed", usage={}, polls=5, seconds=3, queued=4)

    run, wished = begun(answer, Pace(), None, NS), begun(answer, Pace(), 0, NS)

    assert (run.polls_needed, run.ends_ns, run.polls_queued) == (5, 4 * NS, 4)
    assert wished.polls_queued == 0


@given(
    st.integers(0, 5),
    st.integers(0, 3),
    st.floats(0, 100),
    st.lists(st.tuples(st.booleans(), st.integers(0, 50 * NS)), max_size=12),
    st.integers(0, 20),
)
def test_steps_only_ever_come_and_never_all_before_the_end(
    polls: int, queued: int, seconds: float, life: list[tuple[bool, int]], count: int
) -> None:
    run = begun(ANSWER, Pace(polls, seconds), queued, 0)
    now_ns, shown = 0, [0]

    for is_poll, passed_ns in life:
        run.polls += is_poll
        now_ns += passed_ns
        if run.is_over(now_ns):
            break
        shown.append(run.steps_shown(count, now_ns))

    assert shown == sorted(shown)
    assert all(number < count or number == 0 for number in shown)
