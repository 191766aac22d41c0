"""The far end of the benchmarks: an HTTP/1.1 server that answers at once, as cheap as Python allows.

Paths: /bytes/<n> answers n bytes of JSON-like text; /v1/interactions answers an interaction of five
steps; /stream/<events>/<gap_ms> streams events of the Interactions kind; /idle/0 sends one event and
then stays silent. Any method.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
import time
from typing import cast

import httptools
import orjson
import uvloop

EVENT = (
    b'event: step.delta\ndata: {"index":1,"delta":{"text":"a few words of an answer, as they come",'
    b'"type":"text"},"event_type":"step.delta","sent":%d}\n\n'
)
"""`sent` is the monotonic clock in ns, the same for all processes of a machine: a reader can tell
how long an event was under way."""
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


def interaction(number: int) -> bytes:
    """A whole response: an interaction of five steps, about 2.5 KB, with an id of its own."""
    # An id begins with the second it was made in.
    created = number << 32 | time.time_ns() // 1_000_000_000
    turn = base64.urlsafe_b64encode(created.to_bytes(16, "little")).rstrip(b"=").decode()
    inner = (
        b"\n" + bytes([len(turn)]) + turn.encode() + b"\x12" + bytes([len(turn)]) + turn.encode()
    )
    words = "The answer, in a few sentences of the usual length, with some words more. " * 4
    steps = [
        {"type": "thought", "signature": "c2lnbmF0dXJl" * 20},
        {"type": "google_search_call", "id": "61nzpsv4", "arguments": {"queries": ["a", "b"]}},
        {
            "type": "google_search_result",
            "call_id": "61nzpsv4",
            "result": [{"search_suggestions": "<div>" + words + "</div>"}],
        },
        {"type": "model_output", "content": [{"type": "text", "text": words}]},
        {
            "type": "function_call",
            "id": "f41lxz9r",
            "name": "get_weather",
            "arguments": {"city": "Ulm"},
        },
    ]
    usage = {
        "total_tokens": 270,
        "total_input_tokens": 14,
        "input_tokens_by_modality": [{"modality": "text", "tokens": 14}],
        "total_cached_tokens": 0,
        "total_output_tokens": 34,
        "total_tool_use_tokens": 0,
        "total_thought_tokens": 222,
    }
    body = orjson.dumps(
        {
            "id": "v1_" + base64.urlsafe_b64encode(inner).rstrip(b"=").decode(),
            "status": "requires_action",
            "usage": usage,
            "created": "2026-11-20T10:00:00Z",
            "updated": "2026-11-20T10:00:02Z",
            "service_tier": "standard",
            "steps": steps,
            "object": "interaction",
            "model": "gemini-3-flash-preview",
        }
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


class Target(asyncio.Protocol):
    """One connection."""

    count = 0

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
        if self._url == b"/v1/interactions":
            Target.count += 1
            self._transport.write(interaction(Target.count))
        elif kind == b"stream":
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
        event = EVENT % time.monotonic_ns()
        self._transport.write(b"%x\r\n%b\r\n" % (len(event), event))

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
