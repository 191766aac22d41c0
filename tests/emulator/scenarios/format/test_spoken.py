"""The answer of a turn, checked and brought to steps."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.scenarios.format.fields import Fields
from proxy.emulator.scenarios.format.source import read_source
from proxy.emulator.scenarios.format.spoken import read_answer
from proxy.errors import ConfigError


def answer(text: str, *, is_exact: bool = False) -> Any:
    source = read_source(text.encode(), "a.yaml")
    fields = Fields(source)
    read = read_answer(fields, source.value, (), is_exact=is_exact)
    fields.refuse_if_any()
    return read


def test_short_forms_stand_for_steps() -> None:
    read = answer("{thought: Hm., text: Yes., calls: [{name: f, arguments: {a: 1}}]}")

    assert read == {
        "steps": [
            {"type": "thought", "summary": [{"type": "text", "text": "Hm."}]},
            {"type": "model_output", "content": [{"type": "text", "text": "Yes."}]},
            {"type": "function_call", "name": "f", "arguments": {"a": 1}},
        ]
    }


def test_what_else_an_answer_says_is_kept() -> None:
    read = answer("{id: v1_a, status: incomplete, usage: {total_tokens: 3}, text: So}")

    assert read["id"] == "v1_a"
    assert read["status"] == "incomplete"
    assert read["usage"] == {"total_tokens": 3}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("txt: hello", "unknown field; did you mean text?"),
        ("status: done", "'done': Known: completed"),
        ("usage: many", "this is a text 'many'; write a mapping"),
        ("steps: [{type: modeloutput}]", "did you mean model_output?"),
        ("steps: [{type: thought, summary: a}]", "this is a text 'a'; write a list"),
        ("steps: [{type: function_result, call_id: [a]}]", "this is a list; write a text"),
        (
            "steps: [{type: model_output, content: [{type: text, text: a, annotations: [1]}]}]",
            "this is a whole number 1; write a mapping",
        ),
        ("steps: [{type: user_input}]", "comes from the request; remove this step"),
        ("steps: [{type: function_call}]", "which function? add name"),
        ("steps: [{type: model_output}]", "says nothing; add content"),
        ("steps: [{type: model_output, content: [{type: txt}]}]", "did you mean text?"),
        ("steps: [{type: model_output, content: [{type: text}]}]", "add text"),
        ("steps: [{type: model_output, content: [{type: image}]}]", "add data (base64) or uri"),
        ("calls: [{name: f, args: {}}]", "did you mean arguments?"),
        ("calls: [{name: f, arguments: []}]", "write a mapping"),
        ("errors: [{code: safety, text: x}]", "unknown field"),
    ],
)
def test_what_is_wrong_is_told_with_advice(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        answer(text)

    assert told in str(refused.value)


def test_an_exact_answer_may_hold_what_no_release_knows_yet() -> None:
    strange = "{status: dreaming, steps: [{type: dream, depth: 3}], mood: calm}"

    assert answer(strange, is_exact=True)["steps"] == [{"type": "dream", "depth": 3}]
