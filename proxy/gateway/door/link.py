"""A worker's connection to the door: questions out, answers in, and what is late goes without one."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections import deque
from pathlib import Path
from typing import Final, Protocol, cast

from proxy.errors import FormatError
from proxy.gateway.door.frames import (
    Answer,
    Frame,
    FrameReader,
    Kind,
    frame,
    question,
    read_answer,
)

TICK_S: Final = 0.01
"""How often late questions are looked for while any waits: a fifth of the usual deadline (door.deadline_ms)."""
AGAIN_LEAST_S: Final = 0.01
AGAIN_MOST_S: Final = 0.25
"""Between attempts to reach the door, doubling: a restart takes half a second."""
BACKLOG_BYTES_MAX: Final = 8 * 1024 * 1024
"""What the door has not taken yet. Beyond it the door is stuck: the connection is given up."""
NEEDLES: Final = (b"nteraction", b"%", b"/batch", b"$rpc")
"""What a request line has to hold to be asked about, in either case. `%` may hide any of the others."""

_LOG: Final = logging.getLogger("gateway")


class Asker(Protocol):
    """What the link needs of an exchange (proxy.gateway.door.held.HeldExchange)."""

    is_shown: bool
    number: int

    def decided(self, answer: Answer) -> None: ...
    def unanswered(self) -> None: ...


def is_concerned(head: bytes) -> bool:
    """Whether the door is to be asked about a request with this head, as it would go on.

    Not as it is recorded: there a word that a credential repeats is hidden.
    """
    line = head[: head.find(b"\r\n")].lower()
    return any(needle in line for needle in NEEDLES)


class DoorLink(asyncio.Protocol):
    """One per worker. The loop thread owns it."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop, deadline_s: float) -> None:
        self.must_answer = True
        """Nothing passes without an answer. So it is until the door says otherwise."""
        self.asked_count = 0
        self.kept_bytes = 0
        """Of bodies that wait for a verdict, or to be whole before they are asked about."""
        self._path = path
        self._loop = loop
        self._deadline_s = deadline_s
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader()
        self._unsent: dict[int, bytes] = {}
        """Questions that still wait, while nobody is reached."""
        self._unsent_bytes = 0
        self._waiting: dict[int, Asker] = {}
        self._due: deque[tuple[float, int]] = deque()
        """By deadline; those that were answered go when they are met."""
        self._shown: dict[int, Asker] = {}
        self._is_ticking = False
        self._lost = asyncio.Event()

    def ask(self, asker: Asker, head: bytes, body: bytes, *, is_whole: bool) -> None:
        """`asker` is told once: decided, or unanswered after the deadline."""
        self.asked_count += 1
        number = asker.number = self.asked_count
        self._waiting[number] = asker
        self._due.append((self._loop.time() + self._deadline_s, number))
        written = question(number, head, body, is_whole=is_whole)
        if self._transport is not None:
            self._write(written)
        elif self._unsent_bytes <= BACKLOG_BYTES_MAX:
            self._unsent[number] = written
            self._unsent_bytes += len(written)
        if not self._is_ticking:
            self._is_ticking = True
            self._loop.call_later(TICK_S, self._tick)

    def forget(self, asker: Asker) -> None:
        """It ended, and waits for no answer."""
        self._waiting.pop(asker.number, None)
        self._unsent_bytes -= len(self._unsent.pop(asker.number, b""))

    def show(self, kind: Kind, asker: Asker, data: bytes = b"") -> None:
        """Part of the answer that an asker got; none once the door has enough."""
        if self._transport is None or kind is Kind.SHOWN_END:
            asker.is_shown = False
            self._shown.pop(asker.number, None)
        if self._transport is not None:
            self._write(frame(kind, asker.number, data))

    async def keep(self) -> None:
        """Be connected, again and again, until cancelled."""
        wait_s = AGAIN_LEAST_S
        while True:
            try:
                self._lost.clear()
                await self._loop.create_unix_connection(lambda: self, str(self._path))
                wait_s = AGAIN_LEAST_S
                await self._lost.wait()
                _LOG.warning("the door is gone: what it has to allow is refused until it is back")
            except OSError:
                wait_s = min(2 * wait_s, AGAIN_MOST_S)
            await asyncio.sleep(wait_s)

    # asyncio --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._reader = FrameReader()
        unsent, self._unsent, self._unsent_bytes = self._unsent, {}, 0
        for written in unsent.values():
            self._write(written)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        self._transport = None
        for asker in self._shown.values():
            asker.is_shown = False
        self._shown.clear()
        self._give_up(list(self._waiting))
        self._lost.set()

    def data_received(self, data: bytes) -> None:
        try:
            for said in self._reader.feed(data):
                self._take(said)
        except (FormatError, struct.error, ValueError):
            if self._transport is not None:
                self._transport.abort()

    # ----------------------------------------------------------------------------------------------

    def _take(self, said: Frame) -> None:
        if said.kind is Kind.GREETING:
            self.must_answer = said.payload != b"\x00"
        elif said.kind is Kind.ENOUGH:
            asker = self._shown.pop(said.number, None)
            if asker is not None:
                asker.is_shown = False
        elif said.kind is Kind.ANSWER:
            answer = read_answer(said.payload)
            asker = self._waiting.pop(said.number, None)
            if asker is None:  # it came too late
                if answer.is_shown and self._transport is not None:
                    self._write(frame(Kind.SHOWN_END, said.number))
                return
            if answer.is_shown:
                self._shown[said.number] = asker
                asker.is_shown = True
            asker.decided(answer)

    def _write(self, written: bytes) -> None:
        assert self._transport is not None, "asked by whoever looked"
        if self._transport.get_write_buffer_size() > BACKLOG_BYTES_MAX:
            self._transport.abort()  # stuck; what is left in it would be answered when nobody waits
        else:
            self._transport.write(written)

    def _tick(self) -> None:
        now = self._loop.time()
        late: list[int] = []
        while self._due and (self._due[0][0] <= now or self._due[0][1] not in self._waiting):
            late.append(self._due.popleft()[1])
        self._give_up(late)
        if self._due:
            self._loop.call_later(TICK_S, self._tick)
        else:
            self._is_ticking = False

    def _give_up(self, numbers: list[int]) -> None:
        for number in numbers:
            self._unsent_bytes -= len(self._unsent.pop(number, b""))
            asker = self._waiting.pop(number, None)
            if asker is not None:
                asker.unanswered()
