from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.journal.format import ExchangeId
from proxy.store.vault.format import Ref
from proxy.store.vault.state import Cursors, JournalId, Sequences, VaultState

NUMBERS = st.lists(st.integers(1, 60))
BIG_BOOT = 2**64 - 1


@given(NUMBERS)
def test_sequences_are_a_set(numbers: list[int]) -> None:
    sequences = Sequences()

    added = [sequences.add(number) for number in numbers]

    assert added == [number not in numbers[:place] for place, number in enumerate(numbers)]
    assert [number for number in range(70) if number in sequences] == sorted(set(numbers))
    assert len(sequences) == len(set(numbers))


@given(NUMBERS)
def test_ranges_are_as_few_as_can_be_and_read_back(numbers: list[int]) -> None:
    sequences = Sequences()
    for number in numbers:
        sequences.add(number)

    ranges = sequences.ranges()

    starts = [number for number in set(numbers) if number - 1 not in numbers]
    assert [start for start, _ in ranges] == sorted(starts)
    assert Sequences(ranges).ranges() == ranges


@given(NUMBERS, st.integers(0, 70))
def test_what_is_missing_is_the_rest(numbers: list[int], last: int) -> None:
    sequences = Sequences()
    for number in numbers:
        sequences.add(number)

    assert sequences.missing(last) == [one for one in range(1, last + 1) if one not in numbers]
    assert sequences.last == max(numbers, default=0)


def test_an_exchange_is_finished_once() -> None:
    state = VaultState()
    id_ = ExchangeId(0, 7, 3)
    state.carry(id_, Ref("20261118-000001", 5))

    assert state.finish(id_)
    assert not state.finish(id_)
    assert state.is_done(id_)
    assert state.exchange_count == 1
    assert state.carried == {}


def test_a_journal_that_a_commit_does_not_name_is_forgotten() -> None:
    state = VaultState()
    state.finish(ExchangeId(0, 7, 3))
    state.finish(ExchangeId(1, 8, 3))
    state.carry(ExchangeId(0, 7, 4), Ref("20261118-000001", 5))

    state.move({JournalId(1, 8): Cursors((0, 0), (0, 0))})

    assert not state.is_done(ExchangeId(0, 7, 3))
    assert state.is_done(ExchangeId(1, 8, 3))
    assert state.carried == {}


def test_a_state_reads_back() -> None:
    state = VaultState()
    journal = JournalId(3, BIG_BOOT)
    for sequence in (1, 2, 5):
        state.finish(ExchangeId(*journal, sequence))
    state.carry(ExchangeId(*journal, 4), Ref("20261118-000001", 5))
    state.move({journal: Cursors((1, 2), (3, 4), 5, is_closed=True)})

    found = VaultState.from_json(json.loads(json.dumps(state.to_json())))

    assert found.to_json() == state.to_json()
    assert found.cursors == state.cursors


@pytest.mark.parametrize("value", [{}, {"done": 3}, {"done": [[1]], "cursors": [], "carried": []}])
def test_what_is_no_state_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        VaultState.from_json(value)
