"""What the hot path costs in calls of Python functions, counted: the same on every machine, however busy it is.

A worker's parts without sockets, and a journal in memory: nothing but our own code between a read and a write. The limits
are a fifth above what was counted on 2026-11-23. Whoever meets one finds in the message where the calls are made.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, Final, cast

import pytest

import proxy
from proxy.gateway.client import ClientConnection
from proxy.gateway.client_socket import Gauges, Places
from proxy.gateway.forward import Exchange, Relay
from proxy.gateway.http.credentials import Redactor
from proxy.gateway.http.lines import Lines
from proxy.gateway.http.wire import CHUNK, Upstream
from proxy.gateway.tap import Tap
from proxy.gateway.upstream import UpstreamConnection
from proxy.journal.format import Mode
from proxy.journal.page import SEEN
from tests.gateway.still import StillJournal

OURS: Final = str(Path(proxy.__file__).parent)
CALLS_PER_REQUEST_MAX: Final = 105
"""87 counted: nine request header lines, two of the response, one piece of either body, two flushes."""
CALLS_PER_EVENT_MAX: Final = 13
"""11 counted: one chunk of a stream, noted, held, released."""
WARM_UP: Final = 3
COUNTED: Final = 10

REQUEST: Final = (
    b"POST /v1/interactions HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip, deflate\r\n"
    b"Connection: keep-alive\r\nAccept: application/json\r\nuser-agent: google-genai-sdk/3.4.0\r\n"
    b"content-type: application/json\r\nContent-Length: 12\r\nx-goog-api-key: no-secret-at-all\r\n"
    b'x-goog-api-client: google-genai-sdk/3.4.0\r\n\r\n{"input":"a"'
)
RESPONSE: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)
STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
EVENT: Final = CHUNK % (20, b'data: {"index":123}\n')


class Transport:
    """Counts what it is given."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 1) if name == "peername" else None

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        """Nothing is read here."""

    resume_reading = pause_reading


class Turns:
    """A loop that does what is due when it is told."""

    def __init__(self) -> None:
        self._due: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()

    def time(self) -> float:
        return 0.0

    def call_soon(self, callback: Callable[..., object], /, *arguments: Any) -> None:
        self._due.append((callback, arguments))

    def call_later(self, delay: float, callback: Callable[[], None], /) -> None:
        """No time passes."""

    def turn(self) -> None:
        while self._due:
            callback, arguments = self._due.popleft()
            callback(*arguments)


class Rig:
    """One client's connection and its upstream connection."""

    def __init__(self, mode: Mode) -> None:
        self.loop, self.journal = Turns(), StillJournal()
        self.down, self.up = Transport(), Transport()
        self.tap = Tap(
            loop=self.loop,
            intent_deadline_s=1.0,
            on_failure=pytest.fail,
            on_full=lambda: None,
            now_ns=lambda: 1,
        )
        self.journal.tap = self.tap
        self.tap.connect(self.journal, SimpleNamespace(words=[0] * (SEEN + 1)))
        upstream, gauges = Upstream.parse("http://127.0.0.1:1"), Gauges()
        relay = Relay(
            tap=self.tap,
            lines=Lines(Redactor(lambda _: "f" * 16)),
            upstream=upstream,
            dial=self._dial,
            connections=set(),
            now=self.loop.time,
            authority=upstream.authority,
            places=Places(gauges, 9, 9),
            gauges=gauges,
            finishes=True,
            mode=mode,
            reads=mode,
        )
        self.client = ClientConnection(relay, 1)
        self.client.connection_made(cast("asyncio.Transport", self.down))

    def _dial(self, exchange: Exchange) -> UpstreamConnection:
        self.upstream = UpstreamConnection(exchange)
        self.upstream.connection_made(cast("asyncio.Transport", self.up))
        return self.upstream

    def settle(self) -> None:
        self.loop.turn()
        self.journal.commit()

    def asks(self) -> None:
        self.client.data_received(REQUEST)
        self.settle()

    def answers(self, data: bytes) -> None:
        self.upstream.data_received(data)
        self.settle()

    def unary(self) -> None:
        self.asks()
        self.answers(RESPONSE)


def counted(step: Callable[[], None]) -> tuple[float, str]:
    """Calls of functions of ours for one step, and which: the loop's thread alone."""
    for _ in range(WARM_UP):
        step()
    calls: Counter[str] = Counter()

    def look(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            calls[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        for _ in range(COUNTED):
            step()
    finally:
        sys.setprofile(before)
    return calls.total() / COUNTED, ", ".join(f"{name} {n}" for name, n in calls.most_common(60))


@pytest.mark.parametrize("mode", [Mode.STRICT, Mode.AVAILABLE])
def test_a_request_costs_no_more_calls_than_it_did(mode: Mode) -> None:
    rig = Rig(mode)

    calls, where = counted(rig.unary)

    assert len(rig.down.written) == len(rig.up.written) == WARM_UP + COUNTED
    assert calls <= CALLS_PER_REQUEST_MAX, where


@pytest.mark.parametrize("mode", [Mode.STRICT, Mode.AVAILABLE])
def test_an_event_of_a_stream_costs_no_more_calls_than_it_did(mode: Mode) -> None:
    rig = Rig(mode)
    rig.asks()
    rig.answers(STREAM_HEAD)

    calls, where = counted(lambda: rig.answers(EVENT))

    assert rig.down.written[1:] == [EVENT] * (WARM_UP + COUNTED)
    assert calls <= CALLS_PER_EVENT_MAX, where
