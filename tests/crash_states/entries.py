"""What a traced writer writes. Its own, so that loading it loads no server and no database."""

from __future__ import annotations

from proxy.journal.format import ExchangeEnd, Gap, IntentHead, Kind, Mode, Outcome, RequestEnd
from proxy.journal.seal import QueuedEntry
from tests.journal.written import entry

HEAD = b"POST /v1beta/interactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


def begun(sequence: int, body: bytes) -> list[QueuedEntry]:
    intent = IntentHead(1, 0, 50_000, "127.0.0.1", Mode.STRICT, HEAD)
    return [
        entry(sequence, Kind.INTENT, intent.encode()),
        entry(sequence, Kind.REQUEST_CHUNK, body),
        entry(sequence, Kind.REQUEST_END, RequestEnd(len(body), b"").encode()),
    ]


def answering(sequence: int, piece: bytes, *, is_first: bool) -> list[QueuedEntry]:
    chunk = entry(sequence, Kind.RESPONSE_CHUNK, piece)
    return [entry(sequence, Kind.RESPONSE_HEAD, ANSWER), chunk] if is_first else [chunk]


def ended(sequence: int, size: int) -> list[QueuedEntry]:
    return [entry(sequence, Kind.END, ExchangeEnd(Outcome.COMPLETE, size, "").encode())]


def gap(count: int) -> QueuedEntry:
    """Told apart from others by its count."""
    return entry(0, Kind.GAP, Gap(count, 10, 1, 2, "the disk was full").encode())


def mode(reason: int) -> QueuedEntry:
    """Told apart from others by its reason."""
    return entry(0, Kind.MODE, bytes([Mode.STRICT]) + str(reason).encode())
