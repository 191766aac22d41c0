"""The far end of the benchmarks: an HTTP/1.1 server that answers at once, as cheap as Python allows.

Paths: /bytes/<n> answers n bytes of JSON-like text; /stream/<events>/<gap_ms> streams events of the
Interactions kind; /idle sends one event and then stays silent. Any method.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import cast

import httptools
import uvloop

EVENT = (
    b'event: step.delta\ndata: {"index":1,"delta":{"text":"a few words of an answer, as they come",'
    b'"type":"text"},"event_type":"step.delta"}\n\n'
)
ANSWERS: dict[int, bytes] = {}


def answer(size: int) -> bytes:
    """A whole response of `size` body bytes."""
    known = ANSWERS.get(size)
    if known is None:
        body = (
            b'{"id":"v1_bench","status":"completed","text":"'
            + b"lorem ipsum dolor " * (size // 18 + 1)
        )[:size]
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: %d\r\n\r\n"
        known = ANSWERS[size] = head % len(body) + body
    return known


class Target(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_message_complete(self) -> None:
        _, kind, *numbers = self._url.partition(b"?")[0].split(b"/")
        if kind == b"stream":
            self._stream(int(numbers[0]), int(numbers[1]) / 1000)
        elif kind == b"idle":
            self._start_stream()
            self._event()
        else:
            self._transport.write(answer(int(numbers[0]) if kind == b"bytes" and numbers else 1024))

    def _start_stream(self) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

    def _event(self) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(EVENT), EVENT))

    def _stream(self, count: int, gap_s: float) -> None:
        self._start_stream()
        if gap_s == 0:
            for _ in range(count):
                self._event()
            self._transport.write(b"0\r\n\r\n")
            return
        loop = asyncio.get_running_loop()

        def step(left: int) -> None:
            if left == 0:
                self._transport.write(b"0\r\n\r\n")
                return
            self._event()
            loop.call_later(gap_s, step, left - 1)

        step(count)


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Target, "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    uvloop.run(_serve(parser.parse_args(sys.argv[1:]).port))
