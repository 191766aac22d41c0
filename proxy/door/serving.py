"""The door's two sockets: gateways ask at one, the recorder says at the other that holds have changed."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from aiohttp import web

from proxy.audit.policing.asked import Asked
from proxy.audit.policing.shown import ShownAnswer
from proxy.door.judging import Door, Judged, read
from proxy.errors import FormatError, StartRefused, StoreError
from proxy.gateway.door.frames import Frame, FrameReader, Kind, Question, answer, frame
from proxy.steward.asking import NotAnswered

ONCE_MORE_S: Final = (0.002, 0.001)
"""Before it is said that an interaction is nobody's: what another gateway shows of its answer may be on its way here.
Everybody waits so long who is not shown an interaction: how long it takes tells nobody whether there is one. In two
steps: between two timers every socket is read, between a question and a timer perhaps not."""
SHOWN_MAX: Final = 10_000
"""Answers that one gateway shows at a time; more are not looked at, and the records tell."""


@dataclass(slots=True)
class _Shown:
    """An answer on its way. Mutable."""

    asked: Asked
    reading: ShownAnswer | None = None


class GatewaySide(asyncio.Protocol):
    """One gateway worker."""

    def __init__(self, door: Door, sides: set[GatewaySide]) -> None:
        self._door = door
        self._sides = sides
        self._reader = FrameReader()
        self._transport: asyncio.Transport
        self._shown: dict[int, _Shown] = {}

    def greet(self) -> None:
        """Say what the rules say of requests that nobody could decide on."""
        self._say(frame(Kind.GREETING, 0, bytes([self._door.rules.must_answer])))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._sides.add(self)
        self.greet()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        self._sides.discard(self)
        self._shown.clear()

    def data_received(self, data: bytes) -> None:
        try:
            for said in self._reader.feed(data):
                if said.kind is Kind.QUESTION:
                    self._decide(said)
                else:
                    self._look_at(said)
        except FormatError:
            self._transport.abort()

    def _decide(self, said: Frame) -> None:
        question = read(said.payload)
        if question is None:
            self._transport.abort()
            return
        judged = self._door.judge(question)
        if judged.is_strange:
            loop = asyncio.get_running_loop()
            first_s, second_s = ONCE_MORE_S
            loop.call_later(
                first_s, loop.call_later, second_s, self._decide_once_more, said.number, question
            )
        else:
            self._answer(said.number, judged)

    def _decide_once_more(self, number: int, question: Question) -> None:
        self._answer(number, self._door.judge(question))

    def _answer(self, number: int, judged: Judged) -> None:
        given = judged.answer
        if given.is_shown and len(self._shown) >= SHOWN_MAX:
            given = given._replace(is_shown=False)
        if given.is_shown:
            self._shown[number] = _Shown(judged.asked)
        self._say(answer(number, given))

    def _look_at(self, said: Frame) -> None:
        """Part of an answer that a gateway shows."""
        shown = self._shown.get(said.number)
        if shown is None:
            return
        found = None
        if said.kind is Kind.SHOWN_HEAD:
            shown.reading = ShownAnswer(said.payload)
        elif shown.reading is not None:
            is_end = said.kind is Kind.SHOWN_END
            found = shown.reading.end() if is_end else shown.reading.take(said.payload)
        if found is not None:
            self._door.known.created(found, shown.asked.client, shown.asked.previous)
        is_done = shown.reading is not None and shown.reading.is_done
        if is_done or said.kind is Kind.SHOWN_END:
            del self._shown[said.number]
            if said.kind is not Kind.SHOWN_END:
                self._say(frame(Kind.ENOUGH, said.number))

    def _say(self, written: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(written)


def told_application(heed: Callable[[], Awaitable[None]]) -> web.Application:
    """Where the recorder says that holds have changed: answered once they are known here."""

    async def heeded(_request: web.Request) -> web.Response:
        try:
            await heed()
        except (NotAnswered, StoreError) as error:
            return web.json_response({"error": str(error)}, status=503)
        return web.json_response({})

    application = web.Application()
    application.router.add_post("/heed", heeded)
    return application


def bound(path: Path) -> socket.socket:
    """A listening socket for the owner alone; what a killed door left is replaced.

    Raises:
        StartRefused: it cannot be made.
    """
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        made.bind(str(path))
        made.listen(64)
        made.settimeout(0)
    except OSError as error:
        made.close()
        raise StartRefused(
            f"cannot make the socket {path} ({error}): a path may have 107 bytes, "
            "choose a shorter data folder with --data"
        ) from error
    finally:
        os.umask(before)
    return made
