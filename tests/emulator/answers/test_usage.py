"""Usage adds up, whatever was counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.usage import (
    context_tokens,
    text_tokens,
    tokens_by_modality,
    usage,
)

counts = st.dictionaries(st.sampled_from(["text", "image", "audio"]), st.integers(0, 10**6)).map(
    Counter
)
amounts = st.integers(0, 10**6)


@given(counts, amounts, counts, amounts, amounts)
def test_the_total_is_the_sum_of_its_four_parts(
    new: Counter[str], history: int, output: Counter[str], thought: int, tool_use: int
) -> None:
    made = usage(new_input=new, history=history, output=output, thought=thought, tool_use=tool_use)

    assert made["total_input_tokens"] == new.total() + history
    assert made["total_tokens"] == new.total() + history + output.total() + thought + tool_use
    assert context_tokens(made) == new.total() + history + output.total()
    assert made["total_cached_tokens"] <= history


@given(st.text())
def test_four_bytes_begun_are_a_token(text: str) -> None:
    assert text_tokens(text) * 4 - len(text.encode()) in range(4)


def test_media_are_counted_under_their_own_name_and_thoughts_not_at_all() -> None:
    contents = [{"type": "text", "text": "four"}, {"type": "image", "data": ""}]
    steps: list[dict[str, Any]] = [
        {"type": "user_input", "content": contents},
        {"type": "thought", "signature": "x"},
    ]

    assert tokens_by_modality(steps) == Counter(text=1, image=258)
