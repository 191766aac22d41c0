"""When a cron schedule is due next: minute, hour, day of month, month, day of week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIELDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Least and greatest value of each field; Sunday is both 0 and 7."""

DAYS_AHEAD_MAX: Final = 4 * 366 + 1
"""A 29th of February is at most so far away (but for the turn of some centuries)."""


class ScheduleUnreadable(ValueError):
    """A schedule or time zone that means nothing. Its text says what is wrong."""


def next_run_s(schedule: str, time_zone: str, now_s: int) -> int | None:
    """The first second after `now_s` at which the schedule is due; None if it never is.

    Raises:
        ScheduleUnreadable: it is no cron schedule of five fields, or no known time zone.
    """
    fields = _fields(schedule)
    now = datetime.fromtimestamp(now_s, _zone(time_zone))
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(DAYS_AHEAD_MAX):
        if _is_due(day, fields, schedule):
            for hour, minute in _times(fields):
                at = day.replace(hour=hour, minute=minute)
                if at.timestamp() > now_s:
                    return int(at.timestamp())
        day += timedelta(days=1)
    return None


def _zone(name: str) -> tzinfo:
    if name == "UTC":  # Known also where no table of zones is installed.
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleUnreadable(f"The time zone {name!r} is not known.") from None


def _fields(schedule: str) -> list[frozenset[int]]:
    words = schedule.split()
    if len(words) != len(FIELDS):
        raise ScheduleUnreadable(f"The schedule {schedule!r} does not have five fields.")
    return [frozenset(_values(word, *bounds)) for word, bounds in zip(words, FIELDS, strict=True)]


def _values(word: str, least: int, greatest: int) -> Iterator[int]:
    for part in word.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            start = least if span == "*" else int(first)
            end = greatest if span == "*" or (step and not last) else int(last or first)
            stride = int(step or 1)
        except ValueError:
            raise ScheduleUnreadable(f"The schedule has a field that reads {word!r}.") from None
        if not least <= start <= end <= greatest or stride < 1:
            raise ScheduleUnreadable(f"The schedule's field {word!r} is out of its range.")
        yield from range(start, end + 1, stride)


def _is_due(day: datetime, fields: list[frozenset[int]], schedule: str) -> bool:
    """Cron's rule: if both days are restricted, either is enough."""
    of_month, of_week = schedule.split()[2], schedule.split()[4]
    by_month = day.day in fields[2]
    by_week = bool(fields[4] & ({day.isoweekday() % 7, day.isoweekday()}))
    both = of_month != "*" and of_week != "*"
    return day.month in fields[3] and (by_month or by_week if both else by_month and by_week)


def _times(fields: list[frozenset[int]]) -> Iterator[tuple[int, int]]:
    return ((hour, minute) for hour in sorted(fields[1]) for minute in sorted(fields[0]))
