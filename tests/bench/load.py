"""Load from one process: raw sockets under asyncio, so that the generator costs less than what it measures."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import httptools
import uvloop

CONNECTS_AT_ONCE = 100
"""Idle streams opened before waiting for their first events; far below any listen backlog."""

REQUEST_S_MAX = 30.0
"""A single request or event that takes longer is a failure of the run."""


@dataclass(slots=True)
class Unary:
    """Closed loop: each connection sends its next request when it has the answer."""

    port: int
    path: str
    body_bytes: int
    connections: int
    count: int
    latencies_ns: list[int] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(slots=True)
class OpenLoop:
    """Requests at a steady rate, whatever becomes of those before: no pause of a system hides its own cost."""

    port: int
    path: str
    body_bytes: int
    rate_per_s: float
    count: int
    connections: int = 64
    latencies_ns: list[int] = field(default_factory=list)
    """From when a request was due, not from when a connection was free for it."""


@dataclass(slots=True)
class Streams:
    """All connections open one stream at the same time and read it to its end."""

    port: int
    path: str
    connections: int
    seconds: float = 0.0
    first_event_ns: list[int] = field(default_factory=list)
    """From the request to the first event."""
    transit_ns: list[int] = field(default_factory=list)
    """From the target's clock in an event to its arrival."""


def request(path: str, body_bytes: int) -> bytes:
    """A create call as an SDK writes it."""
    body = b'{"model":"gemini-3-flash-preview","input":"%b"}' % (b"x" * max(0, body_bytes - 49))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip, deflate\r\n"
        "Connection: keep-alive\r\nAccept: application/json\r\n"
        "user-agent: google-genai-sdk/3.4.0 gl-python/3.11.7\r\ncontent-type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nx-goog-api-key: bench-key-not-a-secret\r\n"
        "x-goog-api-client: google-genai-sdk/3.4.0 gl-python/3.11.7\r\n\r\n"
    )
    return head.encode() + body


class _Asker(asyncio.Protocol, ABC):
    """Asks, reads the answer, and says so."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._missing = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self) -> None:
        self._missing = -1
        self._transport.write(self._message)

    @abstractmethod
    def answered(self) -> None:
        """The answer is read to its end."""

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            head, _, rest = data.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head[:200]
            start = head.lower().index(b"content-length:") + 15
            self._missing = int(head[start:].split(b"\r\n", 1)[0]) - len(rest)
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self.answered()


class _UnaryClient(_Asker):
    def __init__(self, load: Unary, message: bytes, done: asyncio.Future[None]) -> None:
        super().__init__(message)
        self._load, self._done = load, done
        self._left = load.count // load.connections
        self._begun = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._send()

    def _send(self) -> None:
        self._begun = time.perf_counter_ns()
        self.ask()

    def answered(self) -> None:
        self._load.latencies_ns.append(time.perf_counter_ns() - self._begun)
        self._left -= 1
        if self._left:
            self._send()
        else:
            self._transport.close()
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError(f"cut off: {exc}"))


class _Arrivals:
    """Requests that come when they come: who finds no connection free waits for one, and that counts."""

    def __init__(self, load: OpenLoop, loop: asyncio.AbstractEventLoop) -> None:
        self._load, self._loop = load, loop
        self.idle: list[_OpenClient] = []
        self._due: deque[float] = deque()
        """When those that wait for a connection were due."""
        self._begun = 0.0
        self._come = 0
        self.done: asyncio.Future[None] = loop.create_future()

    def start(self) -> None:
        self._begun = self._loop.time()
        self._tick()

    def _tick(self) -> None:
        load, now = self._load, self._loop.time()
        while self._come < load.count:
            due = self._begun + self._come / load.rate_per_s
            if due > now:
                self._loop.call_at(due, self._tick)
                break
            self._come += 1
            self._due.append(due)
        self.serve()

    def serve(self) -> None:
        while self._due and self.idle:
            self.idle.pop().ask_for(self._due.popleft())

    def answered(self, client: _OpenClient, due: float) -> None:
        self._load.latencies_ns.append(int((self._loop.time() - due) * 1e9))
        self.idle.append(client)
        self.serve()
        if len(self._load.latencies_ns) == self._load.count:
            self.done.set_result(None)
            for each in self.idle:
                each.close()


class _OpenClient(_Asker):
    def __init__(self, message: bytes, arrivals: _Arrivals) -> None:
        super().__init__(message)
        self._arrivals = arrivals
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._arrivals.idle.append(self)

    def ask_for(self, due: float) -> None:
        self._due = due
        self.ask()

    def close(self) -> None:
        self._transport.close()

    def answered(self) -> None:
        self._arrivals.answered(self, self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._arrivals.done.done():
            self._arrivals.done.set_exception(ConnectionError(f"cut off: {exc}"))


class _StreamClient(asyncio.Protocol):
    def __init__(self, load: Streams, message: bytes, done: asyncio.Future[None]) -> None:
        self._load, self._message, self._done = load, message, done
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._begun = 0
        self._kept = b""
        self._now = 0
        self._has_first = False
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._begun = time.perf_counter_ns()
        self._transport.write(self._message)

    def data_received(self, data: bytes) -> None:
        self._now = time.monotonic_ns()
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Of one chunk; who relays may cut chunks anywhere."""
        self._kept += body
        while (end := self._kept.find(b"}\n\n")) >= 0:
            event, self._kept = self._kept[:end], self._kept[end + 3 :]
            self._load.transit_ns.append(self._now - int(event[event.rindex(b":") + 1 :]))
            if not self._has_first:
                self._has_first = True
                self._load.first_event_ns.append(time.perf_counter_ns() - self._begun)

    def on_message_complete(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError(f"cut off: {exc}"))


def run_unary(load: Unary) -> Unary:
    """Run to the end; fills in latencies and seconds."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        message = request(load.path, load.body_bytes)
        begun = time.perf_counter()
        waits = [loop.create_future() for _ in range(load.connections)]
        for wait in waits:
            await loop.create_connection(
                partial(_UnaryClient, load, message, wait), "127.0.0.1", load.port
            )
        await asyncio.wait_for(asyncio.gather(*waits), REQUEST_S_MAX + load.count / 100)
        load.seconds = time.perf_counter() - begun

    uvloop.run(run())
    return load


def run_open_loop(load: OpenLoop) -> OpenLoop:
    """Run to the end; fills in latencies."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        message = request(load.path, load.body_bytes)
        arrivals = _Arrivals(load, loop)
        for _ in range(load.connections):
            await loop.create_connection(
                partial(_OpenClient, message, arrivals), "127.0.0.1", load.port
            )
        arrivals.start()
        await asyncio.wait_for(arrivals.done, 2 * REQUEST_S_MAX + load.count / load.rate_per_s)

    uvloop.run(run())
    return load


@contextmanager
def idle_streams(port: int, count: int) -> Iterator[None]:
    """`count` open streams that have said one event and stay silent, while the block runs."""

    async def open_all() -> None:
        loop = asyncio.get_running_loop()
        for start in range(0, count, CONNECTS_AT_ONCE):
            streams = Streams(port, "/idle/0", min(CONNECTS_AT_ONCE, count - start))
            held.append(streams)
            ends = [loop.create_future() for _ in range(streams.connections)]
            for end in ends:
                await loop.create_connection(
                    partial(_StreamClient, streams, message, end),
                    "127.0.0.1",
                    port,
                )
            for _ in range(int(REQUEST_S_MAX * 100)):
                if len(streams.first_event_ns) == streams.connections:
                    break
                await asyncio.sleep(0.01)
            else:
                raise TimeoutError(f"{len(streams.first_event_ns)} of {streams.connections} began")
            waits.extend(ends)

    message = request("/idle/0", 200)
    held: list[Streams] = []
    waits: list[asyncio.Future[None]] = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(open_all())
        yield
        for wait in waits:
            wait.cancel()


def run_streams(load: Streams) -> Streams:
    """Run to the end of all streams."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        message = request(load.path, 200)
        begun = time.perf_counter()
        waits = [loop.create_future() for _ in range(load.connections)]
        for wait in waits:
            await loop.create_connection(
                partial(_StreamClient, load, message, wait), "127.0.0.1", load.port
            )
        await asyncio.wait_for(asyncio.gather(*waits), 2 * REQUEST_S_MAX)
        load.seconds = time.perf_counter() - begun

    uvloop.run(run())
    return load
