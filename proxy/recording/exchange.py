"""One HTTP exchange as bytes with times, put together from journal entries. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from proxy.journal.format import ExchangeId, IntentHead, Outcome, Purpose


@dataclass(frozen=True, slots=True)
class Cut:
    """Where one chunk ended in a body, and when it was seen: chunk timing survives in these."""

    size: int
    """Bytes of the chunk."""
    wall_ns: int
    mono_ns: int


class Side(enum.IntEnum):
    """The byte streams of one exchange. Numbers are on disk."""

    REQUEST = 0
    RESPONSE = 1
    FROM_CLIENT = 2
    """After a 101."""
    FROM_UPSTREAM = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of one side, on its way into the vault."""

    id: ExchangeId
    side: Side
    offset: int
    """Of its first byte in that side."""
    data: bytes
    cuts: tuple[Cut, ...]
    """Of the chunks in it, in order; their sizes add up to the size of `data`."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request or response body, transfer coding removed, content coding as it came."""

    data: bytes
    """The body, or its first `interpret_bytes_max` bytes if it was longer (then was_truncated)."""
    size: int
    """All bytes that were seen."""
    cuts: tuple[Cut, ...]
    was_truncated: bool = False
    trailers: bytes = b""


@dataclass(frozen=True, slots=True)
class InterimHead:
    """A 1xx response head, forwarded and recorded."""

    wall_ns: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """Everything the journal said about one exchange. Heads are redacted, credentials fingerprinted."""

    id: ExchangeId
    intent: IntentHead
    started_wall_ns: int
    started_mono_ns: int
    request: Body
    request_ended_mono_ns: int | None
    """None: the request never came whole."""
    interim_heads: tuple[InterimHead, ...]
    response_head: bytes
    """Status line and header lines as received; empty when there was no response."""
    response_head_wall_ns: int
    """0 when there was no response."""
    response_head_mono_ns: int
    response: Body
    is_own_answer: bool
    """The proxy answered by itself (refusal, 502); the bytes are ours, not upstream's."""
    spliced_from_client_bytes: int
    spliced_from_upstream_bytes: int
    outcome: Outcome
    detail: str
    ended_wall_ns: int
    ended_mono_ns: int
    has_lost_frames: bool = False
    """Ordinals were not contiguous, or a frame could not be opened: something in between is missing."""
    purpose: Purpose = Purpose.CLIENT
    is_answer_withheld: bool = False
    """The response body was left out on purpose; `response.size` says how long it was."""
    decision: bytes = b""
    """What a policy decided, as `decision.Decision` encodes it; empty: it passed."""
