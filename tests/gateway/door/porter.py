"""A door that is played by hand: questions in, answers as the test says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from proxy.gateway.door.frames import (
    Answer,
    Frame,
    FrameReader,
    Kind,
    Question,
    Way,
    answer,
    frame,
    read_question,
)
from tests.gateway.stage import WAIT_S

PASS = Answer(Way.PASS, is_shown=False, status=0, record=b"", body=b"")


class Porter:
    """Listens at a path; every connection is greeted."""

    def __init__(self, path: Path, *, must_answer: bool = True) -> None:
        self.path = path
        self.must_answer = must_answer
        self.writers: list[asyncio.StreamWriter] = []
        self._said: asyncio.Queue[tuple[Frame, asyncio.StreamWriter]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """As a process that dies."""
        self._server.close()
        self.path.unlink(missing_ok=True)
        for writer in self.writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        writer.write(frame(Kind.GREETING, 0, bytes([self.must_answer])))
        frames = FrameReader()
        try:
            while data := await reader.read(65536):
                for said in frames.feed(data):
                    self._said.put_nowait((said, writer))
        except ConnectionError:
            return

    async def said(self) -> Frame:
        """The next thing that a gateway says."""
        async with asyncio.timeout(WAIT_S):
            found, self._writer = await self._said.get()
        return found

    async def asked(self) -> tuple[int, Question]:
        found = await self.said()
        assert found.kind is Kind.QUESTION
        return found.number, read_question(found.payload)

    def answer(self, number: int, given: Answer = PASS) -> None:
        self._writer.write(answer(number, given))

    def say(self, kind: Kind, number: int, payload: bytes = b"") -> None:
        self._writer.write(frame(kind, number, payload))

    async def passes(self) -> Question:
        """Let the next one pass."""
        number, question = await self.asked()
        self.answer(number)
        return question
