"""What an answer is about, what its prompt orders, and which results it answers."""

from __future__ import annotations

import pytest

from proxy.emulator.answers.composition import Context
from proxy.emulator.answers.occasion import ORDERS, occasion, prompt
from tests.emulator.answers.asking import asked

CALL = {"type": "function_call", "id": "a", "name": "f", "arguments": {}}
RESULT = {"type": "function_result", "call_id": "a", "result": "4 C"}


def test_the_prompt_is_the_last_text_of_the_input() -> None:
    steps = (
        {"type": "user_input", "content": [{"type": "text", "text": "a"}]},
        {"type": "thought"},
    )

    assert prompt(steps) == "a"


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("Hi.", set()),
        ("emulate: retrieval", {"retrieval"}),
        ("Please.\nemulate:google_search, word_info\nThanks", {"google_search", "word_info"}),
        ("emulate: dragons", set()),
        ("Use retrieval.", set()),
    ],
)
def test_orders_are_known_words_behind_emulate(text: str, orders: set[str]) -> None:
    assert asked(text).orders == orders


def test_every_order_says_what_it_does() -> None:
    assert all(ORDERS.values())


def test_only_results_after_the_user_s_last_words_are_to_be_answered() -> None:
    said = {"type": "user_input", "content": "And now?"}

    assert asked([CALL, RESULT]).results == (RESULT,)
    assert asked([CALL, RESULT, said]).results == ()


def test_an_input_without_text_is_about_what_was_said_before() -> None:
    output = {"type": "model_output", "content": "One moment."}
    before = ({"type": "user_input", "content": "Weather in Oslo?"}, output, CALL)
    picture = {"type": "function_result", "call_id": "a", "result": [{"type": "image"}]}

    assert asked([picture], before=before).text == "Weather in Oslo?"


def test_what_continues_a_long_decode_uses_no_tool_and_follows_no_order() -> None:
    first = asked("emulate: retrieval", {"type": "google_search"})
    later = occasion(first.request, Context(hops_left=1), first.chance)

    assert not first.is_plain
    assert later.is_plain


def test_a_query_is_short_and_never_empty() -> None:
    assert len(asked("x" * 1000).query) <= 120
    assert asked({"type": "image"}).query
