"""Decisions by Google's own SDK: each question has an answer of its type, and the usage adds up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.neighbours.desk import Neighbours
from tests.emulator.neighbours.visits import Caller

MODEL = "gemini-3-flash-preview"
QUESTIONS: dict[str, Any] = {
    "is": {"type": "noul", "instructions": "Is it?"},
    "which": {"type": "choice", "instructions": "Which?", "criteria": {"a": "one", "b": "two"}},
    "how": {"type": "score", "instructions": "How?", "criteria": ["bad", "fair", "good"]},
}


async def test_each_question_is_answered_by_its_type(sdk: Any) -> None:
    made = await sdk.decisions.create(model=MODEL, input="Larches.", questions=QUESTIONS)

    answers, usage = made.answers, made.usage
    assert {name: answer.type for name, answer in answers.items()} == {
        name: question["type"] for name, question in QUESTIONS.items()
    }
    assert 0 <= answers["is"].noul <= 1
    assert answers["which"].choice in ("a", "b")
    assert 0 <= answers["how"].score <= 2
    assert answers["how"].legend == {"0": "bad", "1": "fair", "2": "good"}
    assert usage.total_tokens == usage.total_input_tokens + usage.total_output_tokens > 0


@given(st.lists(st.text(min_size=1), min_size=1, max_size=20, unique=True))
def test_probabilities_are_one_together(names: list[str]) -> None:
    question = {"type": "choice", "criteria": dict.fromkeys(names, "x")}
    body = {"model": MODEL, "input": "x", "questions": {"q": question}}

    answer = Caller(Neighbours().answer)("POST", "/v1/decisions", body)["answers"]["q"]

    assert set(answer["probabilities"]) == set(names)
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["confidence"] == max(answer["probabilities"].values())


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"model": "gemini-0"}, 404),
        ({"input": None}, 400),
        ({"questions": {}}, 400),
        ({"questions": [1]}, 400),
        ({"questions": {"q": {"type": "essay"}}}, 400),
        ({"questions": {"q": {"type": "choice", "criteria": {}}}}, 400),
    ],
)
def test_what_cannot_be_decided_is_refused(
    call: Caller, change: dict[str, Any], status: int
) -> None:
    body = {"model": MODEL, "input": "x", "questions": QUESTIONS} | change

    assert call.refused("POST", "/v1/decisions", body).status == status
