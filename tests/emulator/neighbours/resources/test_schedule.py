"""When a schedule is due next, by cron's own rules."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.neighbours.resources.schedule import ScheduleUnreadable, next_run_s

WEDNESDAY = "2026-11-25T10:00:00+00:00"


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("schedule", "zone", "due"),
    [
        ("* * * * *", "UTC", "2026-11-25T10:01:00+00:00"),
        ("0 9 * * *", "UTC", "2026-11-26T09:00:00+00:00"),
        ("30 10 * * *", "UTC", "2026-11-25T10:30:00+00:00"),
        ("0 9 * * *", "Europe/Zurich", "2026-11-26T08:00:00+00:00"),
        ("*/20 11-12 * * *", "UTC", "2026-11-25T11:00:00+00:00"),
        ("0 0 1 1 *", "UTC", "2027-01-01T00:00:00+00:00"),
        ("0 0 * * 0", "UTC", "2026-11-29T00:00:00+00:00"),
        ("0 0 * * 7", "UTC", "2026-11-29T00:00:00+00:00"),
        ("0 0 1 * 5", "UTC", "2026-11-27T00:00:00+00:00"),
        ("0 0 29 2 *", "UTC", "2028-02-29T00:00:00+00:00"),
        ("0 8,12 * * 1-5", "UTC", "2026-11-25T12:00:00+00:00"),
    ],
)
def test_the_next_time_is_the_first_after_now(schedule: str, zone: str, due: str) -> None:
    assert next_run_s(schedule, zone, seconds(WEDNESDAY)) == seconds(due)


def test_the_thirtieth_of_february_never_comes() -> None:
    assert next_run_s("0 0 30 2 *", "UTC", seconds(WEDNESDAY)) is None


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [
        ("", "UTC"),
        ("* * * *", "UTC"),
        ("60 * * * *", "UTC"),
        ("a * * * *", "UTC"),
        ("*/0 * * * *", "UTC"),
        ("5-1 * * * *", "UTC"),
        ("* * * * *", "Mars/Olympus"),
        ("* * * * *", "../etc"),
    ],
)
def test_what_means_nothing_is_unreadable(schedule: str, zone: str) -> None:
    with pytest.raises(ScheduleUnreadable):
        next_run_s(schedule, zone, seconds(WEDNESDAY))


@given(st.integers(0, 59), st.integers(0, 23), st.integers(0, 2**31))
def test_a_daily_schedule_is_due_within_a_day(minute: int, hour: int, now_s: int) -> None:
    due = next_run_s(f"{minute} {hour} * * *", "UTC", now_s)

    assert due is not None
    assert now_s < due <= now_s + 86_400
    assert (datetime.fromtimestamp(due, UTC).hour, due // 60 % 60) == (hour, minute)
