"""What leaves add up to: what is closed twice, missing or declared."""

from __future__ import annotations

import pytest

from proxy.reading.verifying.account import Account, Findings, named, utc

BOOT = "00000000000000ff"


def told(*sequences: int, closed: int | None = None, lost: int = 0) -> Findings:
    account, found = Account(), Findings()
    leaves = [
        {"kind": "exchange", "worker": 0, "boot": BOOT, "sequence": one, "at": 5}
        | {"manifest": "A" * 43 + "=", "key": "AAAA"}
        for one in sequences
    ]
    if lost:
        gap = {"kind": "gap", "worker": 0, "boot": BOOT, "count": lost, "first": 1, "last": 2}
        leaves.append({**gap, "at": 5})
    if closed is not None:
        leaves.append({"kind": "closed", "worker": 0, "boot": BOOT, "exchanges": closed, "at": 5})
    for number, leaf in enumerate(leaves):
        account.take(number, leaf, found)
    account.check_contiguity(found)
    return found


def test_contiguous_sequences_of_a_closed_worker_are_well() -> None:
    assert told(2, 1, 3, closed=3).faults == []


def test_two_closing_records_of_one_exchange_are_a_fault() -> None:
    assert "two closing records" in told(1, 1).faults[0]


def test_what_is_missing_is_open_until_the_worker_is_closed() -> None:
    assert told(1, 3).counts["open"] == 1
    assert "never recorded" in told(1, 3, closed=2).faults[0]


def test_a_gap_excuses_no_sequence_for_what_it_counts_never_had_one() -> None:
    assert told(1, 3, closed=2, lost=1).fault_count == 1


def test_a_count_that_differs_from_the_leaves_is_a_fault() -> None:
    assert told(1, 2, closed=3).fault_count == 1


def test_holes_are_counted_and_the_first_of_them_named_whatever_came_before_its_turn() -> None:
    found = told(9, 2, 4, 3, 12, closed=5)

    assert found.fault_count == 7
    names = [named((0, BOOT, one)) for one in (1, 5, 6, 7, 8)]
    assert found.faults == [f"7 exchanges were never recorded: {', '.join(names)}"]


def test_a_leaf_with_a_number_that_nobody_counts_to_is_none_of_ours() -> None:
    for sequence in (-1, 1 << 64):
        with pytest.raises(ValueError, match=str(sequence)):
            told(sequence)


def test_names_and_times_are_those_people_know() -> None:
    assert named((0, BOOT, 3)) == f"x0-{BOOT}-3"
    assert utc(0) == "1970-01-01T00:00:00+00:00"
