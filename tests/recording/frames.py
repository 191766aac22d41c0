"""Journal frames of one exchange for tests, written as a play."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.journal.format import (
    Entry,
    ExchangeEnd,
    ExchangeId,
    Flag,
    IntentHead,
    Kind,
    Mode,
    Outcome,
    RequestEnd,
)
from proxy.journal.reader import Frame

START_NS = 1_795_000_000_000_000_000
HEAD = b"POST /v1beta/interactions HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


class Play:
    """Writes the frames of one worker's journal, one after another; each entry is a ms later."""

    def __init__(self, worker: int = 0, boot: int = 7) -> None:
        self.worker = worker
        self.boot = boot
        self.segment = 0
        self._offset = 0
        self._ms = 0
        self._ordinals: dict[int, int] = {}

    def entry(self, kind: Kind, data: bytes = b"", flags: int = 0) -> Entry:
        self._ms += 1
        ns = self._ms * 1_000_000
        return Entry(kind, flags, START_NS + ns, ns, data)

    def intent(self, mode: Mode = Mode.STRICT) -> Entry:
        return self.entry(Kind.INTENT, IntentHead(1, 0, 50_000, "127.0.0.1", mode, HEAD).encode())

    def request(self, data: bytes) -> Entry:
        return self.entry(Kind.REQUEST_CHUNK, data)

    def request_end(self, size: int) -> Entry:
        return self.entry(Kind.REQUEST_END, RequestEnd(size, b"").encode())

    def answer(self, head: bytes = ANSWER, flags: int = 0) -> Entry:
        return self.entry(Kind.RESPONSE_HEAD, head, flags)

    def response(self, data: bytes) -> Entry:
        return self.entry(Kind.RESPONSE_CHUNK, data)

    def spliced(self, data: bytes, *, from_client: bool) -> Entry:
        flags = Flag.FROM_CLIENT if from_client else Flag.NONE
        return self.entry(Kind.SPLICED_CHUNK, data, flags)

    def end(self, size: int = 0, outcome: Outcome = Outcome.COMPLETE) -> Entry:
        return self.entry(Kind.END, ExchangeEnd(outcome, size, "").encode())

    def whole(self, body: bytes = b"{}", answer: bytes = b"{}") -> list[Entry]:
        return [
            self.intent(),
            self.request(body),
            self.request_end(len(body)),
            self.answer(),
            self.response(answer),
            self.end(len(answer)),
        ]

    def frame(self, sequence: int, *entries: Entry, is_open: bool = True) -> Frame:
        """The next frame of an exchange (0: of the worker)."""
        ordinal = self._ordinals.get(sequence, 0)
        self._ordinals[sequence] = ordinal + 1
        kinds = sum({1 << entry.kind for entry in entries})
        offset = self._offset
        self._offset += 100
        first = entries[0]
        return Frame(
            ExchangeId(self.worker, self.boot, sequence),
            ordinal,
            kinds,
            self.segment,
            offset,
            self._offset,
            first.wall_ns,
            first.mono_ns,
            entries if is_open else (),
            is_open,
        )

    def frames(self, sequence: int, entries: Iterable[Entry]) -> list[Frame]:
        """Each entry in a frame of its own."""
        return [self.frame(sequence, entry) for entry in entries]
