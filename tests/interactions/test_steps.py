from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from proxy.interactions import steps as steps_module
from proxy.interactions.content import Media, Text
from proxy.interactions.known import CALL_TYPES, RESULT_TYPES, STEP_FIELDS
from proxy.interactions.problems import Notes, ProblemKind
from proxy.interactions.steps import (
    Call,
    ModelOutput,
    Result,
    Thought,
    UnknownStep,
    UserInput,
    step_from_json,
    steps_from_input,
    steps_from_json,
    steps_from_outputs,
)
from tests.strategies import json_values, steps

SHAPES = {
    "user_input": UserInput,
    "model_output": ModelOutput,
    "thought": Thought,
    **dict.fromkeys(CALL_TYPES, Call),
    **dict.fromkeys(RESULT_TYPES, Result),
}
HELLO = {"type": "text", "text": "hello"}


@pytest.mark.parametrize("name", sorted(STEP_FIELDS))
def test_each_step_type_is_known(name: str) -> None:
    notes = Notes()
    raw = {"type": name}

    step = step_from_json(raw, notes)

    assert type(step) is SHAPES[name]
    assert step.type == name
    assert step.raw is raw
    assert notes == Notes()


def test_an_unknown_step_is_kept_and_counted() -> None:
    notes = Notes()
    raw = {"type": "brand_new", "x": 1}

    assert step_from_json(raw, notes) == UnknownStep("brand_new", raw)
    assert dict(notes.unknowns) == {("step", "brand_new", "steps"): 1}


def test_an_unknown_field_of_a_step_is_counted() -> None:
    notes = Notes()

    step_from_json({"type": "thought", "mood": 1}, notes)

    assert dict(notes.unknowns) == {("field", "mood", "step thought"): 1}


def test_a_result_has_contents_only_where_it_is_a_list_of_them() -> None:
    notes = Notes()
    image = {"type": "image", "data": "AAAA"}
    declared = {"type": "function", "name": "f"}

    rich = step_from_json({"type": "function_result", "result": [HELLO, image, declared, 7]}, notes)
    plain = step_from_json({"type": "code_execution_result", "result": "2"}, notes)
    other = step_from_json({"type": "google_search_result", "result": [{"url": 1}]}, notes)
    own = step_from_json({"type": "function_result", "result": {"type": "x"}}, notes)

    assert isinstance(rich, Result)
    assert [type(content) for content in rich.contents] == [Text, Media]
    assert isinstance(plain, Result)
    assert plain.contents == (Text("2", ()),)
    assert isinstance(other, Result)
    assert isinstance(own, Result)
    assert other.contents == own.contents == ()
    assert notes == Notes()


@pytest.mark.parametrize(
    ("given_input", "expected"),
    [
        ("hello", [("user_input", 1)]),
        (HELLO, [("user_input", 1)]),
        ([HELLO, HELLO], [("user_input", 2)]),
        (["hello", HELLO], [("user_input", 2)]),
        ([{"type": "user_input", "content": [HELLO]}], [("user_input", 1)]),
        (
            [HELLO, {"type": "function_result", "call_id": "a"}, HELLO],
            [("user_input", 1), ("function_result", 0), ("user_input", 1)],
        ),
        (
            [{"role": "user", "content": "hi"}, {"role": "model", "content": [HELLO, HELLO]}],
            [("user_input", 1), ("model_output", 2)],
        ),
        ([{"type": "hologram"}], [("user_input", 1)]),
        (None, []),
        ([], []),
    ],
)
def test_every_form_of_input_becomes_steps(
    given_input: Any, expected: list[tuple[str, int]]
) -> None:
    notes = Notes()

    raw = steps_from_input(given_input, notes)

    assert [(step["type"], len(step.get("content", ()))) for step in raw] == expected
    assert notes.problems == []


def test_an_input_of_another_kind_is_a_problem() -> None:
    notes = Notes()

    assert steps_from_input(7, notes) == []
    assert [problem.where for problem in notes.problems] == ["/input"]


def test_function_results_may_stand_inside_user_input() -> None:
    notes = Notes()
    result = {"type": "function_result", "call_id": "a", "result": [HELLO]}

    step = step_from_json({"type": "user_input", "content": [result, HELLO]}, notes)

    assert isinstance(step, UserInput)
    assert step.contents == (Text("hello", ()), Text("hello", ()))
    assert notes == Notes()


def test_old_outputs_become_steps_and_neighbouring_contents_one_step() -> None:
    thought = {"type": "thought"}
    image = {"type": "image"}

    assert steps_from_outputs([thought, HELLO, image, thought, HELLO, 7]) == [
        thought,
        {"type": "model_output", "content": [HELLO, image]},
        thought,
        {"type": "model_output", "content": [HELLO]},
        7,
    ]


def test_entries_that_are_no_steps_are_left_to_the_raw_record() -> None:
    notes = Notes()

    assert len(steps_from_json([{"type": "thought"}, 7], notes, "/steps")) == 1
    assert steps_from_json("x", notes, "/steps") == []
    assert [problem.where for problem in notes.problems] == ["/steps/1", "/steps"]


def test_more_steps_than_the_limit_are_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps_module, "STEPS_MAX", 3)
    notes = Notes()

    assert len(steps_from_json([{"type": "thought"}] * 5, notes, "/steps")) == 3
    assert [problem.kind for problem in notes.problems] == [ProblemKind.TOO_MANY]


@given(steps())
def test_a_step_of_google_s_gives_no_notes(raw: dict[str, Any]) -> None:
    notes = Notes()

    step_from_json(raw, notes)

    assert notes == Notes()


@given(json_values())
def test_noise_never_raises(raw: Any) -> None:
    notes = Notes()

    steps_from_json(steps_from_input(raw, notes), notes, "/input")
    steps_from_json(raw, notes, "/steps")
    if isinstance(raw, list):
        steps_from_json(steps_from_outputs(raw), notes, "/outputs")


def test_a_type_that_is_no_text_may_stand_beside_a_function_result() -> None:
    content = [{"type": "function_result", "result": "a"}, {"type": []}, {"type": {}}]

    step = step_from_json({"type": "user_input", "content": content}, Notes())

    assert isinstance(step, UserInput)
    assert len(step.contents) == 3
