"""Every spelling of the input means the same steps; results have to answer a call."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.asked.input import check_results, contents_of, function_results, steps_of
from proxy.emulator.asked.refusals import Refusal

TEXT = {"type": "text", "text": "hi"}
USER = {"type": "user_input", "content": [TEXT]}
CALL = {"type": "function_call", "id": "a", "name": "f", "arguments": {}}
RESULT = {"type": "function_result", "call_id": "a", "result": "4 C"}
WRAPPED = {"type": "user_input", "content": [RESULT]}


@pytest.mark.parametrize(
    ("given", "steps"),
    [
        pytest.param("hi", (USER,), id="a text"),
        pytest.param(TEXT, (USER,), id="one content"),
        pytest.param([TEXT], (USER,), id="a list of contents"),
        pytest.param([USER], (USER,), id="a list of steps"),
        pytest.param([{"type": "step_of_2031"}], ({"type": "step_of_2031"},), id="a new step"),
        pytest.param(None, (), id="nothing"),
    ],
)
def test_every_form_becomes_steps(given: Any, steps: tuple[Any, ...]) -> None:
    assert steps_of(given, is_legacy=False) == steps


@pytest.mark.parametrize("given", [7, [7], ["hi"], [{"text": "no type"}]])
def test_what_is_no_input_is_refused(given: Any) -> None:
    with pytest.raises(Refusal):
        steps_of(given, is_legacy=False)


def test_turns_are_for_old_sdks_only() -> None:
    turns = [{"role": "model", "content": "hi"}]

    assert steps_of(turns, is_legacy=True) == ({"type": "model_output", "content": [TEXT]},)
    with pytest.raises(Refusal, match="no longer supported"):
        steps_of(turns, is_legacy=False)


@pytest.mark.parametrize("role", ["user", "model"])
@pytest.mark.parametrize("kind", [{}, {"type": None}, {"type": {"a": 1}}])
def test_what_a_turn_holds_has_a_type(role: str, kind: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="type"):
        steps_of([{"role": role, "content": [kind]}], is_legacy=True)


@pytest.mark.parametrize(
    ("content", "contents"), [("hi", [TEXT]), (TEXT, [TEXT]), ([TEXT], [TEXT]), (None, [])]
)
def test_a_step_s_content_is_a_list_however_it_is_spelled(content: Any, contents: Any) -> None:
    assert contents_of({"type": "user_input", "content": content}) == contents


@pytest.mark.parametrize("result", [RESULT, WRAPPED], ids=["as a step", "within user_input"])
def test_a_result_is_found_in_both_places_and_has_to_answer_a_call(result: Any) -> None:
    assert list(function_results([USER, result])) == [RESULT]
    check_results((result,), before=(CALL,))
    check_results((CALL, result), before=())
    with pytest.raises(Refusal, match="'a'") as refused:
        check_results((result,), before=(USER,))
    assert (refused.value.status, refused.value.code) == (400, "invalid_request")


@pytest.mark.parametrize("odd", [["a"], {"a": 1}, 7, None])
def test_ids_of_calls_are_strings_and_others_are_refused(odd: Any) -> None:
    with pytest.raises(Refusal, match="call_id"):
        check_results((CALL | {"id": odd}, RESULT | {"call_id": odd}), before=())
    with pytest.raises(Refusal, match="'a'"):
        check_results((CALL | {"id": odd}, RESULT), before=())
