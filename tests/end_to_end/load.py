"""Load from clients that trust nobody: raw connections, each noting what it saw of every answer."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httptools

MODEL: Final = "gemini-3-flash-preview"
KEY: Final = "load-key-0123456789"
READ_BYTES: Final = 65536
ATTEMPT_WITHIN_S: Final = 90.0
"""A request may wait for a worker that was killed and is in the supervisor's longest back-off."""
PIECES: Final = 8

KINDS: Final[tuple[tuple[str, int], ...]] = (
    *(("unary", 7), ("stream", 7), ("slow stream", 7), ("big question", 1)),
    *(("big answer", 1), ("question in pieces", 1), ("get", 2), ("delete", 1)),
)
"""Kinds of requests with their weights: half of them are streams."""


@dataclass(slots=True)
class Attempt:
    """One request, and what its sender saw of the answer."""

    tag: str
    kind: str
    sent_bytes: int = 0
    status: int = 0
    seen_bytes: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    """Over the body bytes seen so far."""
    saw_end: bool = False

    # httptools calls these.

    def on_body(self, data: bytes) -> None:
        self.seen_bytes += len(data)
        self.digest.update(data)

    def on_message_complete(self) -> None:
        self.saw_end = True


class Load:
    """Some clients that ask without pause until told to stop. Everything follows from the seed."""

    def __init__(self, address: tuple[str, int], *, clients: int, seed: int) -> None:
        self.attempts: list[Attempt] = []
        self._address = address
        self._clients = clients
        self._seed = seed
        self._reads = 0
        self._moved = asyncio.Event()
        self._is_stopping = False
        self._may_begin = asyncio.Event()
        self._may_begin.set()

    async def run(self) -> None:
        """Returns when all clients have finished what they were doing after `stop`."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._clients):
                group.create_task(self._client(number), name=f"client {number}")

    def stop(self) -> None:
        self._is_stopping = True
        self._may_begin.set()

    def hold(self) -> None:
        """Let nobody begin anything until `go_on`; what is under way goes on."""
        self._may_begin.clear()

    def go_on(self) -> None:
        self._may_begin.set()

    async def progress(self, reads: int) -> None:
        """Return when the clients have read so many times more.

        Raises:
            TimeoutError: nothing moves any more.
        """
        goal = self._reads + reads
        while self._reads < goal:
            self._moved.clear()
            await asyncio.wait_for(self._moved.wait(), ATTEMPT_WITHIN_S)

    async def _client(self, number: int) -> None:
        random = Random(f"{self._seed} {number}")
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self._is_stopping:
            await self._may_begin.wait()
            attempt = Attempt(
                f"{number}-{len(self.attempts)}", random.choices(*zip(*KINDS, strict=True))[0]
            )
            self.attempts.append(attempt)
            try:
                async with asyncio.timeout(ATTEMPT_WITHIN_S):
                    connection = connection or await asyncio.open_connection(*self._address)
                    await self._exchange(attempt, random, *connection)
            except (ConnectionError, EOFError):
                pass  # The other end was killed: the attempt says how far it came.
            if connection is not None and not attempt.saw_end:
                await _close(connection[1])
                connection = None
        if connection is not None:
            await _close(connection[1])

    async def _exchange(
        self,
        attempt: Attempt,
        random: Random,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        parser = httptools.HttpResponseParser(attempt)
        for piece in request(attempt, random):
            writer.write(piece)
            await writer.drain()
        while not attempt.saw_end:
            data = await reader.read(READ_BYTES)
            if not data:
                raise EOFError
            parser.feed_data(data)
            attempt.status = parser.get_status_code()
            self._reads += 1
            self._moved.set()


def request(attempt: Attempt, random: Random) -> Iterator[bytes]:
    """The bytes of a request of the attempt's kind, as they are written; notes the body's size."""
    match attempt.kind:
        case "get":
            yield _head(attempt, f"GET /v1/interactions/v1_{random.getrandbits(64):x}?stream=false")
            return
        case "delete":
            yield _head(attempt, f"DELETE /v1/interactions/v1_{random.getrandbits(64):x}")
            return
    body = json.dumps(_question(attempt.kind, random)).encode()
    attempt.sent_bytes = len(body)
    if attempt.kind == "question in pieces":
        yield _head(attempt, "POST /v1/interactions", "Transfer-Encoding: chunked")
        size = len(body) // PIECES + 1
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"
    else:
        yield _head(attempt, "POST /v1/interactions", f"Content-Length: {len(body)}") + body


def _question(kind: str, random: Random) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": MODEL, "input": f"What about {random.getrandbits(64)}?"}
    match kind:
        case "stream":
            asked |= {"stream": True, "tools": [{"type": "google_search"}]}
        case "slow stream":
            asked |= {"stream": True, "model": "fault:gap=0.004,piece=12"}
        case "big question" | "question in pieces":
            # store=false: the emulator would keep all of them in memory.
            asked["input"] = random.randbytes(random.randint(30_000, 200_000)).hex()
            asked["store"] = False
        case "big answer":
            asked["model"] = f"fault:size={random.randint(100_000, 600_000)}"
    return asked


def _head(attempt: Attempt, start: str, *headers: str) -> bytes:
    lines = (
        f"{start} HTTP/1.1",
        "Host: stage",
        f"x-goog-api-key: {KEY}",
        f"x-request-tag: {attempt.tag}",
        "content-type: application/json",
        *headers,
        "\r\n",
    )
    return "\r\n".join(lines).encode()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
