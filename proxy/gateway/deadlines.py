"""Whether a connection makes progress: looked at once a second, so that no request needs a timer of its own."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from proxy.gateway.http.answers import OUTCOME_UNKNOWN, Refusal


class Waiting(enum.Enum):
    """Whom an exchange waits for."""

    NOBODY = enum.auto()
    """It waits for us: the journal, or a full peer on the other side."""
    FOR_BODY = enum.auto()
    FOR_READER = enum.auto()
    """The client takes less than it is given."""
    FOR_UPSTREAM = enum.auto()


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each may keep an exchange waiting, in seconds."""

    body_s: float = 30.0
    """Within it a client sends at least BODY_BYTES_MIN of its body, or the rest."""
    reader_s: float = 60.0
    """Within it a client takes at least one byte."""
    upstream_s: float = 1800.0
    """Within it upstream sends at least one byte. The service bounds a stream to about 20 minutes."""

    def of(self, waiting: Waiting) -> float:
        match waiting:
            case Waiting.FOR_BODY:
                return self.body_s
            case Waiting.FOR_READER:
                return self.reader_s
            case Waiting.FOR_UPSTREAM:
                return self.upstream_s
        return float("inf")


USUAL: Final = Deadlines()
LATE: Final = {
    Waiting.FOR_BODY: Refusal(408, "the request body did not arrive in time"),
    Waiting.FOR_READER: Refusal(408, "the client does not take its answer"),
    Waiting.FOR_UPSTREAM: Refusal(
        OUTCOME_UNKNOWN, "upstream was silent for too long; what it did with the request is unknown"
    ),
}
"""What is said to whom an exchange waited for too long."""


class Watch:
    """Remembers since when one connection has made no progress. Mutable; the loop owns it."""

    __slots__ = ("_amount", "_since", "_waiting")

    def __init__(self) -> None:
        self._waiting = Waiting.NOBODY
        self._amount = 0
        self._since = 0.0

    def stuck_s(self, waiting: Waiting, amount: int, least: int, now: float) -> float:
        """Seconds since the last progress.

        Args:
            waiting: whom the exchange waits for now; another one than before starts anew.
            amount: bytes so far; a smaller number than before is taken over and is no progress.
            least: so many more bytes count as progress.
            now: loop time in seconds.
        """
        if waiting is not self._waiting or amount - self._amount >= least:
            self._waiting, self._amount, self._since = waiting, amount, now
        self._amount = min(self._amount, amount)
        return now - self._since
