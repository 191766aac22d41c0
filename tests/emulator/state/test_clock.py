"""Time that stands, steps, and is moved."""

from __future__ import annotations

import math

import pytest

from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.state.clock import NS, Clock

DAY_S = 24 * 60 * 60


def test_a_stepping_clock_moves_when_it_is_read() -> None:
    clock = Clock(5, step_ns=3)

    assert [clock.now_ns(), clock.now_ns()] == [5 * NS, 5 * NS + 3]


def test_peeking_moves_nothing() -> None:
    clock = Clock(5, step_ns=3)

    assert [clock.peek_ns(), clock.peek_ns(), clock.now_ns()] == [5 * NS] * 3
    assert clock.peek_ns() == 5 * NS + 3


def test_a_wall_clock_goes_with_the_wall() -> None:
    wall = iter((100, 107))
    clock = Clock(wall_ns=lambda: next(wall))

    assert [clock.now_ns(), clock.now_ns()] == [100, 107]


@pytest.mark.parametrize(
    "clock", [Clock(1000), Clock(wall_ns=lambda: 1000 * NS)], ids=["stepping", "wall"]
)
def test_days_pass_at_once(clock: Clock) -> None:
    clock.advance(55 * DAY_S)
    assert clock.peek_ns() == (1000 + 55 * DAY_S) * NS

    clock.set(2000.5)
    assert clock.now_ns() == 2000 * NS + NS // 2


def test_who_watches_is_told_of_each_move() -> None:
    told: list[tuple[int, int]] = []
    clock = Clock(10, step_ns=0)
    clock.watch(lambda before, after: told.append((before, after)))

    clock.advance(5)
    clock.set(3)

    assert told == [(10 * NS, 15 * NS), (15 * NS, 3 * NS)]


@pytest.mark.parametrize("seconds", [-1, -0.001, math.nan, math.inf, 2**32])
def test_time_advances_forward_and_not_beyond_what_ids_can_name(seconds: float) -> None:
    clock = Clock(10, step_ns=0)

    with pytest.raises(Refusal):
        clock.advance(seconds)
    assert clock.now_ns() == 10 * NS


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, 2**32])
def test_no_time_can_be_set_that_no_id_can_name(seconds: float) -> None:
    with pytest.raises(Refusal):
        Clock(10).set(seconds)


def test_only_the_wall_brings_a_time_nearer_by_waiting() -> None:
    assert Clock(wall_ns=lambda: 10 * NS).wait_s(12 * NS) == 2.0
    assert Clock(10).wait_s(12 * NS) is None
    assert Clock(10).wait_s(10 * NS) == 0.0
