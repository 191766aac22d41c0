from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.steward.schedule import (
    ATTEMPTS_MAX,
    FIRST_S,
    JITTER,
    LONGEST_S,
    NOT_FOUND_MAX,
    RETRY_AFTER_MAX_S,
    Allowance,
    Ask,
    GiveUp,
    Reason,
    Unfinished,
    decide,
    delay_s,
    left_s,
)

NOW = 1_795_000_000_000_000
LEFT = Unfinished(
    interaction="v1_a",
    client="c" * 16,
    api_version="v1beta",
    api_revision=None,
    last_at=NOW,
    notified_at=None,
    deleted_at=None,
    attempts=0,
    attempted_at=None,
    not_found_count=0,
    retry_after_s=None,
)


def asked(**more: Any) -> Ask:
    decision = decide(replace(LEFT, **more))
    assert isinstance(decision, Ask)
    return decision


def test_what_was_just_left_is_asked_for_soon() -> None:
    decision = asked()

    assert FIRST_S <= decision.wait_s <= FIRST_S * (1 + JITTER)
    assert decision.since_us == NOW


def test_waiting_doubles_up_to_its_longest() -> None:
    waits = [asked(attempts=count).wait_s for count in range(12)]

    plain = [min(FIRST_S * 2**count, LONGEST_S) for count in range(12)]
    assert all(
        least <= wait <= least * (1 + JITTER) for least, wait in zip(plain, waits, strict=True)
    )


def test_whoever_else_heard_of_it_puts_the_next_question_off() -> None:
    assert asked(attempts=3, attempted_at=NOW, last_at=NOW + 9).since_us == NOW + 9


def test_upstreams_own_wish_is_waited_for_but_not_for_ever() -> None:
    assert asked(retry_after_s=77).wait_s == 77
    assert asked(retry_after_s=1, attempts=8).wait_s >= 256
    assert asked(retry_after_s=10**9).wait_s == RETRY_AFTER_MAX_S


def test_a_notice_has_it_asked_for_at_once() -> None:
    assert asked(notified_at=NOW + 5, last_at=NOW) == Ask(0.0, NOW + 5)


def test_a_notice_that_came_too_early_is_followed_by_waiting_again() -> None:
    assert asked(notified_at=NOW, attempts=1).wait_s >= FIRST_S * 2


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"deleted_at": NOW}, Reason.DELETED),
        ({"not_found_count": NOT_FOUND_MAX}, Reason.NOT_FOUND),
        ({"attempts": ATTEMPTS_MAX}, Reason.ATTEMPTS),
        ({"deleted_at": NOW, "notified_at": NOW}, Reason.DELETED),
    ],
)
def test_what_cannot_be_had_is_given_up(more: dict[str, Any], reason: Reason) -> None:
    assert decide(replace(LEFT, **more)) == GiveUp(reason)


def test_a_first_404_proves_nothing() -> None:
    assert asked(not_found_count=NOT_FOUND_MAX - 1, attempts=7).wait_s >= 128


@given(st.text(max_size=80), st.integers(0, 10**6))
def test_gaps_never_shrink_below_their_base_and_are_the_same_after_a_restart(
    interaction: str, attempts: int
) -> None:
    wait_s = delay_s(interaction, attempts)

    assert FIRST_S <= wait_s <= LONGEST_S * (1 + JITTER)
    assert wait_s == delay_s(interaction, attempts)


@given(st.floats(0, 5000), st.integers(0, 2**53), st.integers(0, 2**53))
def test_a_clock_that_jumps_neither_hurries_nor_stalls(
    wait_s: float, since_us: int, now_us: int
) -> None:
    assert 0 <= left_s(Ask(wait_s, since_us), now_us) <= wait_s


def test_what_is_left_of_a_wait_counts_from_the_last_word() -> None:
    assert left_s(Ask(10.0, NOW), NOW + 4_000_000) == pytest.approx(6.0)


@given(st.floats(0.1, 50), st.lists(st.floats(0, 5), max_size=200))
def test_no_more_goes_than_is_allowed(per_s: float, steps: list[float]) -> None:
    allowance, now_s, taken = Allowance(per_s, 100.0), 100.0, 0

    for step in steps:
        now_s += step
        taken += allowance.take(now_s)

    burst = max(1.0, 2 * per_s)
    assert taken <= burst + per_s * (now_s - 100.0) + 1e-6


def test_nothing_goes_while_upstream_wants_a_pause() -> None:
    allowance = Allowance(5.0, 0.0)
    allowance.close(30.0)
    allowance.close(10.0)

    assert [allowance.take(at_s) for at_s in (1.0, 29.9, 30.0)] == [False, False, True]
