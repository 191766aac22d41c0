from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.merging.canonical import canonical
from proxy.recording.merging.divergence import DIFFERENCES_MAX, Difference, differences
from tests.strategies import json_objects, steps

Json = dict[str, Any]

CALL: Json = {"type": "function_call", "name": "look", "arguments": {"where": "Bonn", "n": 1}}


def said(text: str) -> Json:
    return {"type": "model_output", "content": [{"type": "text", "text": text}]}


@pytest.mark.parametrize(
    ("streamed", "stored", "expected"),
    [
        ([said("abc")], [said("abd")], [(0, "/content/0/text", "the first 2 alike")]),
        ([said("a")], [said("a"), CALL], [(1, "", "stands in the stored answer only")]),
        ([said("a"), CALL], [said("a")], [(1, "", "stands in the stream only")]),
        ([CALL], [{**CALL, "name": None}], [(0, "/name", "stands in the stream only")]),
        (
            [CALL],
            [{**CALL, "arguments": {"where": "Bonn", "n": "1"}}],
            [(0, "/arguments/n", "number streamed, text stored")],
        ),
        ([said("a")], [CALL], [(0, "/arguments", ""), (0, "/content", ""), (0, "/name", "")]),
        ([{**CALL, "is_error": True}], [{**CALL, "is_error": 1}], [(0, "/is_error", "truth")]),
    ],
)
def test_a_difference_is_told_by_its_step_and_place(
    streamed: list[Json], stored: list[Json], expected: list[tuple[int, str, str]]
) -> None:
    found = differences(streamed, stored)

    assert [(each.step_index, each.where) for each in found[: len(expected)]] == [
        (index, where) for index, where, _ in expected
    ]
    assert all(part in each.detail for each, (*_, part) in zip(found, expected, strict=False))


def test_no_text_of_an_answer_is_quoted() -> None:
    (found,) = differences([said("a secret")], [said("another secret")])

    assert found == Difference(
        0,
        "model_output",
        "/content/0/text",
        "8 characters streamed, 14 stored, the first 1 alike",
    )


def test_so_many_differences_are_told_and_no_more() -> None:
    many = [said(str(place)) for place in range(DIFFERENCES_MAX + 50)]

    assert len(differences(many, [])) == DIFFERENCES_MAX
    assert len(differences(many, [said("x")] * len(many))) == DIFFERENCES_MAX


@given(st.lists(steps(), max_size=4))
def test_the_same_answer_differs_in_nothing(told: list[Json]) -> None:
    assert differences(told, copy.deepcopy(told)) == ()


@given(st.lists(json_objects(), max_size=3), st.lists(json_objects(), max_size=3))
def test_two_answers_differ_just_where_they_are_not_spelled_alike(
    one: list[Json], other: list[Json]
) -> None:
    alike = repr([_sorted(canonical(each)) for each in one]) == repr(
        [_sorted(canonical(each)) for each in other]
    )

    assert (differences(one, other) == ()) == alike


def _sorted(value: Any) -> Any:
    """Objects as sorted lists, so that the order of names does not matter."""
    if isinstance(value, dict):
        return ("object", [(name, _sorted(value[name])) for name in sorted(value)])
    return [_sorted(item) for item in value] if isinstance(value, list) else value
