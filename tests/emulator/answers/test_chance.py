"""Choices follow from the seed and the number, and from nothing else."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance


@given(st.integers(), st.integers(), st.integers(1, 2**62))
def test_the_same_seed_and_number_choose_the_same(seed: int, number: int, limit: int) -> None:
    one, other = Chance(seed, number), Chance(seed, number)

    assert one.below(limit) == other.below(limit) < limit
    assert one.call_id() == other.call_id()


def test_another_number_chooses_otherwise() -> None:
    assert Chance(1, 1).data(16) != Chance(1, 2).data(16)


def test_a_call_id_is_eight_small_letters_and_digits() -> None:
    assert re.fullmatch(r"[0-9a-z]{8}", Chance(1, 1).call_id())


def test_seeded_chance_repeats_its_choices_and_never_its_ids() -> None:
    one, other = (Chance(1, number).seeded(b"words") for number in (1, 2))

    assert [one.below(1000) for _ in range(20)] == [other.below(1000) for _ in range(20)]
    assert one.call_id() != other.call_id()


@given(st.integers())
def test_choices_are_spread_over_all_options(seed: int) -> None:
    chance = Chance(seed, 1)

    assert {chance.below(3) for _ in range(100)} == {0, 1, 2}
