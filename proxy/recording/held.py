"""The bytes of one side of an open exchange: a head that is kept for interpretation, a tail not yet handed out.

Pure and mutable. Both views share the chunks, so a body that fits both limits is held once.
"""

from __future__ import annotations

from typing import Final

from proxy.journal.format import ExchangeEnd, IntentHead, Mode, Outcome
from proxy.recording.exchange import Body, Cut, Part

CUT_BYTES: Final = 160
"""What one Cut costs in memory (CPython 3.11, 64 bit: the object and two of its three integers)."""
NO_INTENT: Final = IntentHead(0, 0, 0, "", Mode.STRICT, b"")
UNENDED: Final = ExchangeEnd(
    Outcome.INTERRUPTED, 0, "the gateway stopped before the exchange ended"
)
KEYLESS: Final = ExchangeEnd(
    Outcome.INTERRUPTED, 0, "the key was destroyed before the exchange was recorded"
)
LOST: Final = ExchangeEnd(Outcome.INTERRUPTED, 0, "its records were damaged in the journal")
"""What stands where a journal has no intent, or no closing record, that can be read."""


class HeldBytes:
    """Takes chunks; keeps the first `keep_bytes_max` bytes; hands out the tail when asked."""

    __slots__ = (
        "_are_cuts_kept",
        "_cuts",
        "_keep_bytes_max",
        "_kept",
        "_kept_bytes",
        "_tail",
        "_tail_cuts",
        "_tail_offset",
        "size",
    )

    def __init__(self, keep_bytes_max: int) -> None:
        self._keep_bytes_max = keep_bytes_max
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._cuts: list[Cut] = []
        self._are_cuts_kept = keep_bytes_max > 0
        self._tail: list[bytes] = []
        self._tail_cuts: list[Cut] = []
        self._tail_offset = 0
        self.size = 0

    @property
    def tail_bytes(self) -> int:
        """Bytes not handed out yet."""
        return self.size - self._tail_offset

    @property
    def held_bytes(self) -> int:
        """What this side costs in memory, about."""
        kept, tail_offset = self._kept_bytes, self._tail_offset
        beyond_kept = self.size - max(tail_offset, kept)
        return kept + max(0, beyond_kept) + CUT_BYTES * len(self._cuts)

    def add(self, data: bytes, wall_ns: int, mono_ns: int) -> None:
        if not data:
            return
        cut = Cut(len(data), wall_ns, mono_ns)
        if self._kept_bytes == self.size and self._kept_bytes < self._keep_bytes_max:
            kept = data[: self._keep_bytes_max - self._kept_bytes]
            self._kept.append(kept)
            self._kept_bytes += len(kept)
        if self._are_cuts_kept:
            self._cuts.append(cut)
        elif self._cuts:
            # Memory is short: the rest of the body becomes one chunk that ends now. The parts in
            # the vault keep every cut.
            self._cuts[-1] = Cut(self._cuts[-1].size + len(data), wall_ns, mono_ns)
        self._tail.append(data)
        self._tail_cuts.append(cut)
        self.size += len(data)

    def tail(self) -> tuple[int, bytes, tuple[Cut, ...]]:
        """Where the tail begins, its bytes, their cuts."""
        return self._tail_offset, _joined(self._tail), tuple(self._tail_cuts)

    def drop_tail(self) -> None:
        """The tail was handed out."""
        self._tail_offset = self.size
        self._tail = []
        self._tail_cuts = []

    def stop_keeping(self) -> None:
        """Memory is short: what was kept stays, nothing is added to it."""
        self._keep_bytes_max = self._kept_bytes
        self._are_cuts_kept = False

    def body(self, trailers: bytes) -> Body:
        return Body(
            data=_joined(self._kept),
            size=self.size,
            cuts=tuple(self._cuts),
            was_truncated=self._kept_bytes < self.size,
            trailers=trailers,
        )

    def restore(self, body: Body, tail: Part | None) -> None:
        """Go on from what body() and tail() once gave."""
        kept = body.data[: self._keep_bytes_max]
        self._kept = [kept] if kept else []
        self._kept_bytes = len(kept)
        self._cuts = list(body.cuts) if self._are_cuts_kept else []
        self.size = body.size
        self._tail_offset = body.size
        if tail is not None:
            self._tail_offset = tail.offset
            self._tail = [tail.data]
            self._tail_cuts = list(tail.cuts)


def _joined(chunks: list[bytes]) -> bytes:
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
