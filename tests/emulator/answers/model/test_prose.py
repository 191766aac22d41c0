"""Text, its citations, and where it is cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.model import prose
from tests.emulator.answers.asking import asked

SOURCE = {"type": "url_citation", "url": "https://example.com/"}
SAID = (
    {"type": "user_input", "content": [{"type": "text", "text": "My cat is Mimi."}]},
    {"type": "model_output", "content": [{"type": "text", "text": "Noted."}]},
    {"type": "user_input", "content": "She is three."},
)


@given(st.text(min_size=1), st.integers(1, 5))
def test_citations_lie_within_the_text_and_count_bytes(text: str, count: int) -> None:
    for note in prose.citations(text, [SOURCE] * count):
        cited = text.encode()[note["start_index"] : note["end_index"]]
        assert note["url"] == SOURCE["url"]
        assert cited
        assert cited.decode() in text


def test_a_text_without_sources_has_no_annotations() -> None:
    assert prose.spoken("Hi.", []) == {
        "content": [{"text": "Hi.", "type": "text"}],
        "type": "model_output",
    }


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What did I say first?", "First you said “My cat is Mimi.”."),
        ("What was my last message?", "Last you said “She is three.”."),
    ],
)
def test_the_conversation_so_far_is_remembered(question: str, answer: str) -> None:
    steps = [*SAID, {"type": "user_input", "content": question}]

    assert prose.opening(asked(question, before=SAID)) == answer
    assert prose.opening(asked(steps)) == answer
    assert prose.opening(asked(question)) == "You said nothing before this."


@pytest.mark.parametrize(
    ("result", "done"), [({"celsius": 4}, "gave a result."), ("4 C", "gave a result: “4 C”.")]
)
def test_a_result_is_spoken_of_as_such(result: Any, done: str) -> None:
    call = {"type": "function_call", "id": "a", "name": "f", "arguments": {}}
    given = {"type": "function_result", "call_id": "a", "result": result}

    assert prose.opening(asked([given], before=(*SAID, call))) == f"In turn 1 you {done}"


def test_a_system_instruction_is_obeyed_for_all_to_see() -> None:
    assert "As instructed (“Be brief.”)" in prose.sentences(asked(system_instruction="Be brief."))
    assert "As instructed" not in prose.sentences(asked())


@given(st.integers(0, 5000), st.integers())
def test_a_text_has_the_size_it_shall_have(size: int, seed: int) -> None:
    assert len(prose.sized(size, Chance(seed, 1)).encode()) == size


@pytest.mark.parametrize(
    ("sequences", "kept"),
    [(None, "One. Two. Three."), (["Two"], "One. "), (["Three", "."], "One"), (["x", ""], None)],
)
def test_stop_sequences_end_the_text_before_them(sequences: Any, kept: str | None) -> None:
    assert prose.stopped("One. Two. Three.", sequences) == (kept or "One. Two. Three.")


def test_a_text_is_cut_to_its_tokens_without_its_citations() -> None:
    steps = [prose.spoken("Grüße aus Zürich. " * 9, [SOURCE])]

    assert prose.shorten(steps, 5)
    assert len(steps[0]["content"][0]["text"].encode()) <= 20
    assert "annotations" not in steps[0]["content"][0]
    assert not prose.shorten(steps, 5)
    assert not prose.shorten([], 5)


def test_a_long_text_is_quoted_in_part() -> None:
    assert prose.excerpt("a" * 80) == "a" * 80
    assert len(prose.excerpt("a" * 81)) < 80
