"""Generators for the property tests of streams: steps of every type, with and without their optional fields."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from tests.emulator.examples import CONTENTS, STEPS

Json = dict[str, Any]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
said = st.fixed_dictionaries(
    {"type": st.just("text"), "text": texts},
    optional={"annotations": st.just(CONTENTS["text"]["annotations"])},
)
media = st.sampled_from([content for kind, content in CONTENTS.items() if kind != "text"])
pictures = st.just(STEPS["thought"]["summary"][1])
summed_up = st.fixed_dictionaries({"type": st.just("text"), "text": texts})
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def _without_neighbours(contents: list[Json]) -> bool:
    """Neighbouring texts would be one text: a stream cannot tell them apart."""
    return not any(a["type"] == b["type"] == "text" for a, b in pairwise(contents))


outputs = st.fixed_dictionaries(
    {"type": st.just("model_output")},
    optional={
        "content": st.lists(said | media, max_size=4).filter(_without_neighbours),
        "error": st.just({"code": 13, "message": "Emulated.", "details": []}),
    },
)
thoughts = st.fixed_dictionaries(
    {"type": st.just("thought")},
    optional={
        "signature": texts,
        "summary": st.lists(summed_up | pictures, max_size=3).filter(_without_neighbours),
    },
)
calls = st.fixed_dictionaries(
    {
        "type": st.just("function_call"),
        "id": texts,
        "name": texts,
        "arguments": st.dictionaries(texts, values, max_size=4),
    },
    optional={"signature": texts},
)


@st.composite
def others(draw: st.DrawFn) -> Json:
    """A step of another type, some of its optional fields left out, perhaps one more that nobody knows."""
    kinds = sorted(STEPS.keys() - {"model_output", "thought", "function_call"})
    step = dict(STEPS[draw(st.sampled_from(kinds))])
    for name in sorted(step.keys() - {"type", "id", "call_id"}):
        if draw(st.integers(0, 3)) == 0:
            del step[name]
    if draw(st.booleans()):
        step["brand_new"] = draw(values)
    return step


contents_as_result = st.just(
    STEPS["code_execution_result"] | {"result": [{"type": "text", "text": "2"}]}
)
strangers = st.just({"type": "brand_new_step", "value": [1, 2]})
steps = st.one_of(outputs, thoughts, calls, others(), contents_as_result, strangers)
