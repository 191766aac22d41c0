"""Keyed digests by which a repeated conversation is known again, step by step. Pure.

Keys change at midnight (UTC), and a conversation goes on. So a step that was sent as history has two
digests, under the key of its own day and under that of the day before: either is what the answer it
repeats was given when it came. An answer has one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from proxy.interactions.steps import Step
from proxy.recording.repeats.canonical import TEXT, Saying, saying_of
from proxy.recording.secrecy.equality import NO_EQUALITY, Equality, EqualityOf

DAY_NS: Final = 86_400 * 1_000_000_000
STEP_BYTES_LEAST: Final = 64
"""Of what a model said in one step, to be known by it alone: shorter ones ("Yes.", "Done.") are said in
many conversations. A call has an id of its own, so it is known whatever it says."""
_CHAIN: Final = "chain"
_STEP: Final = "step"
_CALLER: Final = b"U"
_MODEL: Final = b"M"


class Mark(NamedTuple):
    """StepFact.chain_mac and .step_mac."""

    chain_mac: str | None
    step_mac: str | None


NO_MARK: Final = Mark(None, None)


def marks_of(
    sent: Sequence[Step], answered: Sequence[Step], equality: EqualityOf, started_wall_ns: int
) -> tuple[list[Mark], list[Mark]]:
    """The marks of the steps sent and of those answered.

    Args:
        sent: what the caller said, history included, before media are taken out.
        answered: what came back.
        equality: digests by day.
        started_wall_ns: when the exchange began; its day is the day of the marks.
    """
    today = equality(started_wall_ns)
    if today is NO_EQUALITY:
        return [NO_MARK] * len(sent), [NO_MARK] * len(answered)
    sayings = [saying_of(step) for step in sent]
    is_history = sum(saying is not None for saying in sayings) > 1
    days = (today, equality(started_wall_ns - DAY_NS)) if is_history else (today,)
    chain = _Chain()
    said = [_mark(chain, saying, days) for saying in sayings]
    # An answer to nothing that is known has no chain: one from its middle would be like no other.
    whole = chain if chain.has_caller else None
    return said, [_mark(whole, saying_of(step), (today,)) for step in answered]


def _mark(chain: _Chain | None, saying: Saying | None, days: Sequence[Equality]) -> Mark:
    if saying is None:
        return NO_MARK
    whole = None
    if chain is not None:
        chain.add(saying)
        whole = _macs(days, _CHAIN, chain.digest())
    is_known_alone = not saying.is_callers and (
        saying.id is not None or sum(len(piece.data) for piece in saying.pieces) >= STEP_BYTES_LEAST
    )
    if not is_known_alone:
        return Mark(whole, None)
    alone = _Chain()
    alone.add(saying)
    own_id = (saying.id or "").encode("utf-8", "surrogatepass")
    return Mark(whole, _macs(days, _STEP, alone.digest(), own_id))


def _macs(days: Sequence[Equality], purpose: str, *parts: bytes) -> str | None:
    found = [mac for mac in (day.mac(purpose, *parts) for day in days) if mac is not None]
    return ",".join(found) or None


class _Chain:
    """A digest of everything said so far. Texts flow together while the same side speaks."""

    __slots__ = ("_digest", "_is_callers", "_text_bytes", "has_caller")

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._is_callers: bool | None = None
        self._text_bytes = 0
        self.has_caller = False

    def add(self, saying: Saying) -> None:
        if saying.is_callers is not self._is_callers:
            self._end_text()
            self._digest.update(_end(_CALLER if saying.is_callers else _MODEL, 0))
            self._is_callers = saying.is_callers
            self.has_caller = self.has_caller or saying.is_callers
        for kind, data in saying.pieces:
            if kind == TEXT:
                self._text_bytes += len(data)
                self._digest.update(data)
            else:
                self._end_text()
                self._digest.update(data)
                self._digest.update(_end(kind, len(data)))

    def digest(self) -> bytes:
        """Of what was added so far; more may be added."""
        copy = self._digest.copy()
        if self._text_bytes:
            copy.update(_end(TEXT, self._text_bytes))
        return copy.digest()

    def _end_text(self) -> None:
        if self._text_bytes:
            self._digest.update(_end(TEXT, self._text_bytes))
            self._text_bytes = 0


def _end(kind: bytes, size: int) -> bytes:
    """Kind and length stand behind: read from the end, no two conversations are the same bytes."""
    return b"%b%020d" % (kind, size)
