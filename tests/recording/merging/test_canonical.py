from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.merging.canonical import canonical, canonical_bytes

Json = dict[str, Any]

SAID: Json = {"type": "model_output", "content": [{"type": "text", "text": "One two"}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "text", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "annotations", "content", "summary"]), inner
        )
    ),
    max_leaves=12,
)


def texts(*spoken: str) -> list[Json]:
    return [{"type": "text", "text": each} for each in spoken]


@pytest.mark.parametrize(
    "same",
    [
        {"content": texts("One two"), "type": "model_output"},
        {"type": "model_output", "content": texts("One ", "two")},
        {"type": "model_output", "content": "One two"},
        {"type": "model_output", "content": texts("One two"), "signature": ""},
        {"type": "model_output", "content": [{**texts("One two")[0], "annotations": []}]},
    ],
)
def test_the_same_told_otherwise_is_the_same(same: Json) -> None:
    assert canonical_bytes([same]) == canonical_bytes([SAID])


@pytest.mark.parametrize(
    "other",
    [
        {"type": "model_output", "content": texts("One three")},
        {"type": "thought", "content": texts("One two")},
        {"type": "model_output", "content": [*texts("One "), {"type": "image"}, *texts("two")]},
        {"type": "model_output", "content": [{**texts("One two")[0], "annotations": [{"a": 1}]}]},
        {"type": "model_output", "content": texts("One two"), "is_error": False},
    ],
)
def test_what_says_something_else_is_not_the_same(other: Json) -> None:
    assert canonical_bytes([other]) != canonical_bytes([SAID])


def test_neighbouring_texts_keep_the_annotations_of_both() -> None:
    first, second = texts("One ", "two")
    noted = {
        "type": "model_output",
        "content": [{**first, "annotations": [1]}, {**second, "annotations": [2]}],
    }

    assert canonical(noted)["content"] == [
        {"type": "text", "text": "One two", "annotations": [1, 2]}
    ]


def test_a_step_too_deep_to_be_written_has_no_spelling() -> None:
    deep: Json = {"type": "x"}
    for _ in range(300):
        deep = {"type": "x", "more": deep}

    assert canonical_bytes([deep]) is None


@given(step=st.dictionaries(st.sampled_from(["type", "content", "summary", "arguments"]), JSON))
def test_anything_has_one_spelling_which_stays_and_the_step_is_untouched(step: Json) -> None:
    before = copy.deepcopy(step)

    once = canonical(step)

    assert step == before
    assert canonical(once) == once
