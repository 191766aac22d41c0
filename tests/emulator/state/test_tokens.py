"""Continuation tokens."""

from __future__ import annotations

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.state.tokens import TOKENS_MAX, Continuation, Tokens

STATE = Continuation("v1_a", 2, 7)


def test_a_token_stands_for_its_state_however_often_it_is_used() -> None:
    tokens = Tokens()
    token = tokens.give(STATE, Chance(1, 1))

    assert [tokens.find(token, "v1_a"), tokens.find(token, "v1_a")] == [STATE, STATE]


@pytest.mark.parametrize("previous_id", [None, "v1_b"])
def test_a_token_is_no_good_for_another_interaction(previous_id: str | None) -> None:
    tokens = Tokens()
    token = tokens.give(STATE, Chance(1, 1))

    with pytest.raises(Refusal, match="does not belong"):
        tokens.find(token, previous_id)


def test_the_oldest_tokens_are_forgotten() -> None:
    tokens, chance = Tokens(), Chance(1, 1)
    for number in range(TOKENS_MAX + 1):
        tokens.give(STATE, chance, str(number))

    assert len(tokens) == TOKENS_MAX
    assert tokens.find("1", "v1_a") == STATE
    with pytest.raises(Refusal):
        tokens.find("0", "v1_a")
