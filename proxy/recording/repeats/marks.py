"""Keyed digests by which a repeated conversation is known again, step by step. Pure.

Keys change at midnight (UTC), and a conversation goes on. So a step that was sent as history has two
digests, under the key of its own day and under that of the day before: either is what the answer it
repeats was given when it came. An answer has one, and so has a question that was not answered within
the same input; any other is known by its answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from proxy.interactions.steps import Step
from proxy.recording.repeats.canonical import TEXT, Piece, Saying, saying_of
from proxy.recording.secrecy.equality import NO_EQUALITY, Equality, EqualityOf

DAY_NS: Final = 86_400 * 1_000_000_000
STEP_BYTES_LEAST: Final = 64
"""Of what a model said in one step, to be known by it alone: shorter ones ("Yes.", "Done.") are said in
many conversations. A call has an id of its own, so it is known whatever it says."""
LOOKED_AHEAD: Final = 10
"""Steps in which an answer is looked for: thoughts and what server-side tools did stand before it."""
_CHAIN: Final = "chain"
_STEP: Final = "step"
MARK_BYTES: Final = 12
"""As many as equality.MAC_CHARACTERS shows."""
_CALLER: Final = b"U" + bytes(8)
_MODEL: Final = b"M" + bytes(8)


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


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
    said = []
    for place, saying in enumerate(sayings, 1):
        after = next((each for each in sayings[place : place + LOOKED_AHEAD] if each), None)
        is_answered = saying is not None and saying.is_callers and after and not after.is_callers
        said.append(_mark(chain, saying, () if is_answered else days))
    # An answer to nothing that is known has no chain: one from its middle would be like no other.
    whole = chain if chain.has_caller else None
    return said, [_mark(whole, saying_of(step), (today,)) for step in answered]


def _mark(chain: _Chain | None, saying: Saying | None, days: Sequence[Equality]) -> Mark:
    if saying is None:
        return NO_MARK
    pieces = saying.pieces
    whole = None
    if chain is not None:
        chain.add(saying)
        whole = _macs(days, _CHAIN, chain.digest()) if days else None
    if saying.is_callers:
        return Mark(whole, None)
    if saying.id is not None:
        alone = hashlib.sha256(saying.id.encode("utf-8", "surrogatepass") + _end(b"i", 0))
    elif sum([len(piece.data) for piece in pieces]) < STEP_BYTES_LEAST:
        return Mark(whole, None)
    else:
        alone = hashlib.sha256()
    text_bytes = _feed(alone, pieces, 0)
    if text_bytes:
        alone.update(_end(TEXT, text_bytes))
    return Mark(whole, _macs(days, _STEP, alone.digest()))


def _macs(days: Sequence[Equality], purpose: str, digest: bytes) -> str | None:
    """Of a digest under the keys of the days.

    BLAKE2 with a key derived by `Equality`: a step has up to four of these, an HMAC costs five of them.
    """
    found = [
        hashlib.blake2b(digest, digest_size=MARK_BYTES, key=key).hexdigest()
        for key in (_key(day, purpose) for day in days)
        if key is not None
    ]
    return ",".join(found) or None


@lru_cache(maxsize=16)
def _key(day: Equality, purpose: str) -> bytes | None:
    """96 bits; two purposes of a few days are kept."""
    key = day.mac(purpose)
    return None if key is None else key.encode()


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
            if self._text_bytes:
                self._digest.update(_end(TEXT, self._text_bytes))
                self._text_bytes = 0
            self._digest.update(_CALLER if saying.is_callers else _MODEL)
            self._is_callers = saying.is_callers
            self.has_caller = self.has_caller or saying.is_callers
        self._text_bytes = _feed(self._digest, saying.pieces, self._text_bytes)

    def digest(self) -> bytes:
        """Of what was added so far; more may be added."""
        copy = self._digest.copy()
        if self._text_bytes:
            copy.update(_end(TEXT, self._text_bytes))
        return copy.digest()


def _feed(digest: _Hash, pieces: Sequence[Piece], text_bytes: int) -> int:
    """Add pieces behind a text of so many bytes that is still open; returns those of the new one."""
    for kind, data in pieces:
        if kind == TEXT:
            text_bytes += len(data)
            digest.update(data)
            continue
        if text_bytes:
            digest.update(_end(TEXT, text_bytes))
            text_bytes = 0
        digest.update(data)
        digest.update(_end(kind, len(data)))
    return text_bytes


def _end(kind: bytes, size: int) -> bytes:
    """Kind and length stand behind: read from the end, no two conversations are the same bytes."""
    return kind + size.to_bytes(8, "big")
