"""Until when a copy at Google lives: an interval, because its tier and its start are seldom known exactly.

All instants are nanoseconds of the wall clock, UTC. What is promised by a date uses the early end, what is said to
be gone uses the late one. Source: Google's documents on retention and abuse monitoring, as the rules' version says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from proxy.values import plain_value

SECOND_NS: Final = 1_000_000_000
HOUR_NS: Final = 3_600 * SECOND_NS
DAY_NS: Final = 24 * HOUR_NS

PAID_DAYS: Final = (7, 14, 28, 55)
"""What a paid project may choose; 55 unless it did."""
FREE_DAYS: Final = 1


class Tier(StrEnum):
    """Of the project behind a credential."""

    FREE = "free"
    PAID = "paid"
    UNKNOWN = "unknown"


def days_chosen(setting: str) -> int | None:
    """Of `retention.paid_days`: one of PAID_DAYS, or None for "any"."""
    return None if setting == "any" else int(setting)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is assumed about Google's clocks. A change is a new version; rows name the one they used."""

    version: str = "2026-11-22"
    grace_ns: int = DAY_NS
    """How late Google may be with what it promised."""
    not_free_after_ns: int = 25 * HOUR_NS
    """Whoever is still there at this age is not of the free tier."""
    use_extends: bool = True
    """Whether being continued starts the period again. The documents do not say: assumed."""
    search_ns: int = 30 * DAY_NS
    maps_ns: int = 30 * DAY_NS
    file_ns: int = 48 * HOUR_NS
    abuse_log_ns: int = 55 * DAY_NS
    """Assumed: the documents name no number."""
    studio_log_ns: int = 55 * DAY_NS
    """Of a project that logs in AI Studio, which no answer shows: assumed. A dataset made of it has no end."""


RULES: Final = Rules()


@dataclass(frozen=True, slots=True)
class Interval:
    """Not gone before `earliest` unless somebody deletes; gone by `latest` if Google keeps its word."""

    earliest: int
    latest: int
    basis: tuple[str, ...]
    """What it rests on, in our words, the first reason first."""

    def __post_init__(self) -> None:
        assert self.earliest <= self.latest


@plain_value(frozen=True, slots=True)
class Anchor:
    """When the period began, as far as is known."""

    began_at: int
    source: str
    """created (upstream says so), date (of the answer), wall (our own clock)."""
    updated_at: int = 0
    """0: never."""
    continued_at: int = 0
    """Last use as the turn before another one; 0: never."""


def expiry(
    anchor: Anchor, tier: Tier, days: int | None, skew_ns: int, rules: Rules = RULES
) -> Interval:
    """When Google's copy expires by itself.

    Args:
        anchor: the start.
        tier: of the project; unknown spans both.
        days: 7, 14, 28 or 55 where the configuration says which a paid project chose.
        skew_ns: upstream's clock minus ours, as last seen; its size widens both ends.
        rules: what is assumed.
    """
    shortest, longest = _days(tier, days)
    last = anchor.began_at
    if rules.use_extends:
        last = max(last, anchor.updated_at, anchor.continued_at)
    basis = [f"{anchor.source} + {shortest} to {longest} days ({tier} tier)"]
    if last > anchor.began_at:
        basis.append("a later use may have extended it (assumed)")
    slack = abs(skew_ns)
    return Interval(
        anchor.began_at + shortest * DAY_NS - slack,
        last + longest * DAY_NS + slack + rules.grace_ns,
        tuple(basis),
    )


@plain_value(frozen=True, slots=True)
class Seen:
    """When Google served the object."""

    last_at: int
    longest_unused_ns: int
    """From its beginning or its last use to a time it was served, the longest of all: what was used lately may
    be there because use began its period again."""


def narrowed(
    interval: Interval, anchor: Anchor, seen: Seen, skew_ns: int, rules: Rules = RULES
) -> Interval:
    """The interval after Google served the object: never wider, never turned around."""
    earliest, reasons = interval.earliest, list(interval.basis)
    slack = abs(skew_ns)
    if seen.last_at - slack > earliest:
        earliest = seen.last_at - slack
        reasons.append("served since")
    not_free = anchor.began_at + PAID_DAYS[0] * DAY_NS - slack
    if seen.longest_unused_ns > rules.not_free_after_ns + slack and not_free > earliest:
        earliest = not_free
        reasons.append(
            f"served after {rules.not_free_after_ns // HOUR_NS} hours: not the free tier"
        )
    return replace(
        interval, earliest=min(earliest, interval.latest), basis=tuple(dict.fromkeys(reasons))
    )


def _days(tier: Tier, days: int | None) -> tuple[int, int]:
    match tier:
        case Tier.FREE:
            return FREE_DAYS, FREE_DAYS
        case Tier.PAID:
            return (days, days) if days is not None else (PAID_DAYS[0], PAID_DAYS[-1])
        case Tier.UNKNOWN:
            return FREE_DAYS, PAID_DAYS[-1]


@dataclass(frozen=True, slots=True)
class Residue:
    """A copy beside the stored object, with a clock of its own."""

    kind: str
    """search_grounding, maps_grounding, file, environment, cache, abuse_log, studio_log."""
    name: str
    """Of the environment; empty where it stands in sealed content alone, or there is none."""
    until: int | None
    """None: without an end of its own."""
    is_assumed: bool

    def is_open(self, at: int) -> bool:
        """Whether something may be left at that instant."""
        return self.until is None or at <= self.until


def residues(
    used: Iterable[str], uses: Iterable[tuple[str, str]], seen_at: int, rules: Rules = RULES
) -> tuple[Residue, ...]:
    """The clocks that an interaction started beside its own.

    Args:
        used: types of the steps that were seen (used, not only declared).
        uses: (kind, name) of files, environments and caches it refers to.
        seen_at: when the last of them was seen.
        rules: what is assumed.
    """
    types = set(used)
    found = [
        Residue("abuse_log", "", seen_at + rules.abuse_log_ns, is_assumed=True),
        Residue("studio_log", "", seen_at + rules.studio_log_ns, is_assumed=True),
    ]
    if types & {"google_search_call", "google_search_result"}:
        until = seen_at + rules.search_ns
        found.append(Residue("search_grounding", "", until, is_assumed=False))
    if types & {"google_maps_call", "google_maps_result"}:
        found.append(Residue("maps_grounding", "", seen_at + rules.maps_ns, is_assumed=False))
    for kind, name in uses:
        until_or_none = seen_at + rules.file_ns if kind == "file" else None
        found.append(Residue(kind, name, until_or_none, is_assumed=kind == "file"))
    return tuple(found)
