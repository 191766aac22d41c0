"""Each call is answered once, by its id, in the conversation that asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.tools.contract import PATIENCE_US, Contract, ToolCall, ToolStep, contract_of

CALL = ToolStep(
    interaction="v1_a",
    conversation=1,
    place=2,
    side="output",
    type="function_call",
    call_id="c1",
    name="get_weather",
    server_name=None,
    is_error=None,
    is_new=True,
    step_mac="mac1",
    sent_at=0,
    seen_at=1_000,
    started_at=None,
    ended_at=None,
    status="requires_action",
    is_followed=True,
    is_previous_known=True,
)
RESULT = replace(
    CALL,
    interaction="v1_b",
    place=1,
    side="input",
    type="function_result",
    step_mac=None,
    sent_at=6_000,
    seen_at=6_000,
    status="completed",
)
HISTORY = replace(RESULT, type="function_call", step_mac="today,mac1")


def findings(*steps: ToolStep, last_at: int = 10_000) -> list[tuple[str, str]]:
    return [(one.kind, one.interaction) for one in contract_of(steps, last_at).findings]


def the_call(*steps: ToolStep) -> ToolCall:
    (call,) = contract_of(steps, 10_000).calls
    return call


def test_a_call_and_its_result_make_a_pair_with_a_latency() -> None:
    call = the_call(CALL, RESULT)

    assert (call.tool, call.ran_at, call.result_interaction) == ("function", "client", "v1_b")
    assert (call.called_at, call.answered_at, call.duration_ns) == (1_000, 6_000, 5_000_000)
    assert findings(CALL, RESULT) == []


def test_a_result_among_the_contents_of_an_input_counts() -> None:
    assert findings(CALL, replace(RESULT, type="user_input")) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], [("never_answered", "v1_a")]),
        ([RESULT, replace(RESULT, interaction="v1_c")], [("answered_twice", "v1_a")]),
        ([RESULT, replace(RESULT, place=2)], [("answered_twice", "v1_a")]),
        ([RESULT, replace(RESULT, call_id="c9", place=2)], [("unknown_call", "v1_b")]),
        ([RESULT, replace(CALL, interaction="v1_b", is_followed=False)], [("id_reused", "v1_b")]),
    ],
)
def test_a_fault_is_found(more: list[ToolStep], expected: list[tuple[str, str]]) -> None:
    assert findings(CALL, *more) == expected


def test_the_last_call_may_still_be_answered_for_a_while() -> None:
    waiting = replace(CALL, is_followed=False)

    assert findings(waiting, last_at=CALL.seen_at + PATIENCE_US) == []
    assert findings(waiting, last_at=CALL.seen_at + PATIENCE_US + 1) == [("never_answered", "v1_a")]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_call_of_what_broke_off_needs_no_answer(status: str) -> None:
    assert findings(replace(CALL, status=status)) == []


def test_a_result_that_upstream_never_took_answers_nothing() -> None:
    refused = replace(RESULT, status=None)

    assert the_call(CALL, refused).answer_count == 0


def test_a_repeated_result_answers_once() -> None:
    """A stateless caller sends it with every later turn."""
    again = replace(RESULT, interaction="v1_c", is_new=False)

    assert the_call(CALL, RESULT, again).answer_count == 1


def test_a_stateless_turn_answers_the_call_that_it_repeats() -> None:
    stateless = replace(RESULT, conversation=2)
    history = replace(HISTORY, conversation=2)
    elsewhere = replace(CALL, interaction="v1_x", conversation=3, step_mac="other", seen_at=2_000)

    assert findings(CALL, history, stateless) == []
    assert findings(CALL, replace(history, interaction="v1_c")) == [("never_answered", "v1_a")]
    answered = contract_of([CALL, elsewhere, history, stateless], 10_000)
    assert [call.answer_count for call in answered.calls] == [1, 0]


def test_a_call_that_only_the_caller_tells_of_is_not_unknown() -> None:
    assert findings(HISTORY, RESULT) == []


def test_what_an_unseen_turn_called_is_not_held_against_the_caller() -> None:
    assert findings(replace(RESULT, is_previous_known=False)) == []


def test_the_same_id_in_another_conversation_is_another_call() -> None:
    other = replace(CALL, interaction="v1_x", conversation=2, is_followed=False)

    assert findings(CALL, RESULT, other) == []


def test_of_a_reused_id_the_latest_call_before_is_answered() -> None:
    later = replace(CALL, interaction="v1_c", seen_at=5_000)
    too_late = replace(CALL, interaction="v1_d", seen_at=7_000)

    told = contract_of([CALL, later, too_late, RESULT], 10_000)

    assert [call.answer_count for call in told.calls] == [0, 1, 0]


@pytest.mark.parametrize("tool", ["google_search", "mcp_server_tool", "function"])
def test_what_ran_where_the_model_runs_has_its_own_duration(tool: str) -> None:
    call = replace(CALL, type=f"{tool}_call", started_at=100, ended_at=200)
    result = replace(CALL, type=f"{tool}_result", place=3, started_at=250, ended_at=900)

    told = the_call(call, result)

    assert (told.tool, told.ran_at, told.duration_ns) == (tool, "server", 800_000)
    assert findings(call, result) == []


def test_a_call_of_the_server_without_a_result_is_no_fault_of_the_client() -> None:
    call = replace(CALL, type="code_execution_call")

    assert (the_call(call).answer_count, the_call(call).ran_at) == (0, "server")
    assert findings(call) == []


def test_nothing_called_nothing_wrong() -> None:
    assert contract_of([], 0) == Contract((), ())


STEPS: st.SearchStrategy[Any] = st.builds(
    ToolStep,
    interaction=st.sampled_from("ab"),
    conversation=st.integers(0, 1),
    place=st.integers(0, 3),
    side=st.sampled_from(["input", "output"]),
    type=st.sampled_from(["function_call", "function_result", "user_input", "odd_call", ""]),
    call_id=st.sampled_from(["c1", ""]),
)


@given(st.lists(STEPS, max_size=8), st.integers())
def test_foreign_steps_never_raise(steps: list[ToolStep], last_at: int) -> None:
    contract_of(steps, last_at)
