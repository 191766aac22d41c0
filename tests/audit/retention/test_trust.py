"""A clock that jumped decides nothing that cannot be undone."""

from __future__ import annotations

from proxy.audit.retention.clocks import DAY_NS, HOUR_NS, SECOND_NS
from proxy.audit.retention.trust import ClockWatch, Trust

NOW = 1_800_000_000_000_000_000
WATCH = ClockWatch(NOW, NOW, 0)


def test_a_clock_that_goes_its_way_is_trusted() -> None:
    assert WATCH.seen(NOW + DAY_NS, DAY_NS).trust is Trust.TRUSTED


def test_a_clock_set_back_behind_what_was_recorded_freezes() -> None:
    back = WATCH.seen(NOW - 3 * SECOND_NS, SECOND_NS)

    assert back.trust is Trust.FROZEN
    assert back.seen(NOW + SECOND_NS, 5 * SECOND_NS).trust is Trust.TRUSTED
    assert WATCH.seen(NOW - SECOND_NS, SECOND_NS).trust is Trust.TRUSTED


def test_a_clock_that_ran_ahead_waits_for_upstreams_word() -> None:
    ahead = WATCH.seen(NOW + 60 * DAY_NS, HOUR_NS)

    assert ahead.trust is Trust.UNCORROBORATED
    assert ahead.corroborated(NOW).trust is Trust.UNCORROBORATED
    assert ahead.corroborated(NOW + 60 * DAY_NS + SECOND_NS).trust is Trust.TRUSTED


def test_a_jump_that_nobody_confirmed_does_not_raise_the_floor() -> None:
    ahead = WATCH.seen(NOW + 60 * DAY_NS, HOUR_NS)

    assert ahead.seen(NOW + 2 * HOUR_NS, 2 * HOUR_NS).trust is not Trust.FROZEN
