"""Questions to the recorder on its socket, with a deadline: it may be dead, frozen or busy."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxy.telemetry.metrics.written import Form

ANSWER_S: Final = 3.0
"""How long a scrape waits for the recorder. Prometheus gives up after 10 s by default; an answer of
some thousand series takes 50 ms."""
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of one answer: some 100,000 series."""


@dataclass(slots=True)
class Known:
    """What the recorder last said of itself. Mutable: it outlives the recorder that said it."""

    caught_up_mono_ns: int
    """The clock is the machine's, so it compares over processes."""
    exchange_count: int | None = None
    taken: dict[tuple[int, int], tuple[int, int]] | None = None
    """(worker, boot) to (segment, offset)."""
    pid: int = 0


class AskedRecorder:
    """The recorder as the supervisor knows it."""

    def __init__(self, socket_path: Path, mono_ns: int) -> None:
        self._path = socket_path
        self.known = Known(mono_ns)

    async def metrics(self, form: Form) -> str | None:
        """Its part of a scrape, and what it says of itself; None: it does not answer."""
        try:
            async with asyncio.timeout(ANSWER_S):
                self._learn(await self._get("/status", "*/*"))
                return (await self._get("/metrics", form.value)).decode()
        except (OSError, EOFError, ValueError, KeyError, TypeError, asyncio.LimitOverrunError):
            return None

    def _learn(self, body: bytes) -> None:
        told: dict[str, Any] = json.loads(body)
        known = self.known
        known.caught_up_mono_ns = int(told["caught_up_mono_ns"])
        known.exchange_count = int(told["exchanges"])
        known.pid = int(told["pid"])
        known.taken = {
            (worker, boot): (segment, offset) for worker, boot, (segment, offset) in _rows(told)
        }

    async def _get(self, path: str, accept: str) -> bytes:
        """Raises OSError, EOFError or ValueError: no answer of any use."""
        reader, writer = await asyncio.open_unix_connection(str(self._path))
        try:
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: recorder\r\nAccept: {accept}\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            body = await _read_all(reader)
        finally:
            writer.transport.abort()  # nothing that is still on its way matters
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ValueError("the recorder refused")
        return body


def _rows(told: dict[str, Any]) -> list[tuple[int, int, tuple[int, int]]]:
    return [
        (int(worker), int(boot), (int(segment), int(offset)))
        for worker, boot, segment, offset in told["taken"]
    ]


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    """Up to the end of the connection. Raises ValueError: longer than any answer."""
    pieces: list[bytes] = []
    size = 0
    while piece := await reader.read(65536):
        pieces.append(piece)
        size += len(piece)
        if size > ANSWER_BYTES_MAX:
            raise ValueError("the recorder's answer does not end")
    return b"".join(pieces)
