"""When an unfinished interaction is asked for next, and when no more. Pure; no clock, no chance.

Everything follows from the records, so that a steward that was killed goes on where it was. The jitter, too:
it is drawn from the id and the number of the attempt.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import Final

FIRST_S: Final = 1.0
"""From the last word of an interaction to our first question: an agent's answer may come within seconds, and a
client that deletes it at once leaves no other chance to see its end."""
FACTOR: Final = 2.0
LONGEST_S: Final = 300.0
"""Twelve questions an hour: agents run up to 60 minutes, so an end is known within a twelfth of the longest."""
JITTER: Final = 0.25
"""Up to a quarter longer, never shorter: a thousand jobs made at once are not asked for at once."""
ATTEMPTS_MAX: Final = 400
"""33 hours at LONGEST_S: the service bounds a run to an hour. Then it is given up, and that is said."""
NOT_FOUND_MAX: Final = 8
"""404s in a row, four minutes with their waits. A first one proves nothing: an interaction was seen to
appear only some time after its creation (reference: promises, fact 2)."""
RETRY_AFTER_MAX_S: Final = 3600
"""A longer Retry-After is taken for this."""
NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """One interaction that was never seen to end. Instants are microseconds of the wall clock."""

    interaction: str
    client: str | None
    """Fingerprint of the credential that made it."""
    api_version: str
    api_revision: str | None
    last_at: int
    """When anybody last heard of it."""
    notified_at: int | None
    """When a verified webhook said that it ended."""
    deleted_at: int | None
    attempts: int
    """Of ours, since the last notice."""
    attempted_at: int | None
    not_found_count: int
    """Of our last attempts in a row."""
    retry_after_s: int | None
    """What the last one was told."""


class Reason(enum.StrEnum):
    """Why an interaction is given up. Kept in acts."""

    DELETED = "deleted"
    """A client deleted it before its end was seen."""
    NOT_FOUND = "not_found"
    ATTEMPTS = "attempts"


@dataclass(frozen=True, slots=True)
class Ask:
    """It is asked for."""

    wait_s: float
    """From the last word of it."""
    since_us: int
    """The wall clock's time of that word."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It is not asked for any more, which is told once."""

    reason: Reason


def decide(one: Unfinished) -> Ask | GiveUp:
    """What is due for an interaction that our credential can reach."""
    if one.deleted_at is not None:
        return GiveUp(Reason.DELETED)
    if one.not_found_count >= NOT_FOUND_MAX:
        return GiveUp(Reason.NOT_FOUND)
    if one.attempts >= ATTEMPTS_MAX:
        return GiveUp(Reason.ATTEMPTS)
    wait_s = delay_s(one.interaction, one.attempts)
    if one.notified_at is not None and one.attempts == 0:
        return Ask(0.0, one.notified_at)
    if one.retry_after_s:
        wait_s = max(wait_s, float(min(one.retry_after_s, RETRY_AFTER_MAX_S)))
    return Ask(wait_s, max(one.last_at, one.attempted_at or 0))


def delay_s(interaction: str, attempts: int) -> float:
    """How long to wait after so many attempts: at least FIRST_S doubled as often, at most LONGEST_S, and jitter."""
    exponent = min(attempts, 64)  # 2^64 s is long past any bound, and no overflow
    plain = min(FIRST_S * FACTOR**exponent, LONGEST_S)
    drawn = hashlib.sha256(f"{interaction} {attempts}".encode()).digest()
    return plain * (1 + JITTER * int.from_bytes(drawn[:4], "big") / 2**32)


def left_s(ask: Ask, now_us: int) -> float:
    """How long from now. A wall clock that jumped shifts it by no more than the wait itself."""
    return min(max(ask.since_us / 1e6 + ask.wait_s - now_us / 1e6, 0.0), ask.wait_s)


class Allowance:
    """So many requests a second, in bursts of up to two seconds' worth. Times are of a monotonic clock."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s = per_s
        self._most = max(1.0, 2 * per_s)
        self._left = self._most
        self._at_s = now_s
        self._closed_until_s = now_s

    def take(self, now_s: float) -> bool:
        """Whether one more may go now; if so, it counts."""
        self._left = min(self._most, self._left + self._per_s * max(0.0, now_s - self._at_s))
        self._at_s = max(self._at_s, now_s)
        if now_s < self._closed_until_s or self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def close(self, until_s: float) -> None:
        """Nothing goes before then: upstream said so."""
        self._closed_until_s = max(self._closed_until_s, until_s)
