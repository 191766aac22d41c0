from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.audit.policing.rules import DoorRules
from proxy.door.judging import Door
from proxy.door.serving import GatewaySide, bound, told_application
from proxy.errors import StartRefused
from proxy.gateway.door.frames import (
    Answer,
    Frame,
    FrameReader,
    Kind,
    Way,
    frame,
    question,
    read_answer,
)
from proxy.steward.asking import NotAnswered
from tests.audit.policing.questions import ANN, BOB, CREATE, head

WAIT_S = 20.0
GET_A = head("GET", "/v1beta/interactions/v1_a")
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


class Gateway:
    """One end of the socket, played by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._frames = FrameReader()
        self._said: list[Frame] = []

    async def said(self) -> Frame:
        async with asyncio.timeout(WAIT_S):
            while not self._said:
                data = await self._reader.read(65536)
                assert data, "the door ended it"
                self._said += self._frames.feed(data)
        return self._said.pop(0)

    async def ask(self, number: int, asked: bytes, body: bytes = b"") -> Answer:
        self.writer.write(question(number, asked, body, is_whole=True))
        found = await self.said()
        assert (found.kind, found.number) == (Kind.ANSWER, number)
        return read_answer(found.payload)


class Served:
    """A door and gateways at its socket."""

    def __init__(self, path: Path, rules: DoorRules) -> None:
        self.path = path
        self.door = Door(rules)
        self.sides: set[GatewaySide] = set()
        self.gateways: list[Gateway] = []

    async def gateway(self) -> Gateway:
        made = Gateway(*await asyncio.open_unix_connection(str(self.path)))
        greeting = await made.said()
        assert greeting.kind is Kind.GREETING
        self.gateways.append(made)
        return made


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    path = tmp_path / "door.sock"
    made = Served(path, DoorRules(is_bound=True))
    server = await asyncio.get_running_loop().create_unix_server(
        lambda: GatewaySide(made.door, made.sides), sock=bound(path)
    )
    yield made
    for gateway in made.gateways:
        gateway.writer.close()
        with suppress(ConnectionError):
            await gateway.writer.wait_closed()
    server.close()


async def test_it_greets_with_what_its_rules_say_and_again_when_they_change(served: Served) -> None:
    gateway = await served.gateway()
    served.door.rules = DoorRules(fails_open=True)
    for side in served.sides:
        side.greet()
    assert await gateway.said() == (Kind.GREETING, 0, b"\x00")


async def test_who_created_it_is_known_with_the_answer_and_nobody_else_reaches_it(
    served: Served,
) -> None:
    gateway = await served.gateway()
    created = await gateway.ask(1, head("POST", CREATE), b"{}")
    assert (created.way, created.is_shown) == (Way.PASS, True)
    gateway.writer.write(frame(Kind.SHOWN_HEAD, 1, JSON))
    gateway.writer.write(frame(Kind.SHOWN_PIECE, 1, b'{"id":'))
    gateway.writer.write(frame(Kind.SHOWN_PIECE, 1, b'"v1_a"}'))
    gateway.writer.write(frame(Kind.SHOWN_END, 1))

    own = await gateway.ask(2, GET_A)
    foreign = await gateway.ask(3, head("GET", "/v1beta/interactions/v1_a", client=BOB))

    assert own.way is Way.PASS
    assert (foreign.way, foreign.status) == (Way.REFUSE, 404)
    assert served.door.known.maker("v1_a") == ANN


async def test_of_a_stream_enough_is_said_with_the_id(served: Served) -> None:
    gateway = await served.gateway()
    await gateway.ask(1, head("POST", CREATE), b"{}")
    stream = JSON.replace(b"application/json", b"text/event-stream")
    event = b'data: {"event_type":"interaction.created","interaction":{"id":"v1_a"}}\n'
    gateway.writer.write(frame(Kind.SHOWN_HEAD, 1, stream) + frame(Kind.SHOWN_PIECE, 1, event))

    assert await gateway.said() == (Kind.ENOUGH, 1, b"")
    assert (await gateway.ask(2, GET_A)).way is Way.PASS


async def test_what_another_gateway_is_just_showing_is_waited_for(served: Served) -> None:
    """Both have said it before the client could ask; which one is read first is chance."""
    one, other = await served.gateway(), await served.gateway()
    await one.ask(1, head("POST", CREATE), b"{}")
    other.writer.write(question(1, GET_A, b"", is_whole=True))
    one.writer.write(frame(Kind.SHOWN_HEAD, 1, JSON))
    one.writer.write(frame(Kind.SHOWN_PIECE, 1, b'{"id":"v1_a"}') + frame(Kind.SHOWN_END, 1))

    found = await other.said()

    assert read_answer(found.payload).way is Way.PASS


@pytest.mark.parametrize("said", [b"\xff" * 40, frame(Kind.QUESTION, 1, b"?")])
async def test_who_speaks_another_language_is_left(served: Served, said: bytes) -> None:
    gateway = await served.gateway()
    gateway.writer.write(said)
    with pytest.raises((AssertionError, ConnectionResetError)):
        await gateway.said()
    assert not served.sides


async def test_that_holds_changed_is_answered_once_they_are_known() -> None:
    heard: list[str] = []

    async def heed() -> None:
        heard.append("heed")
        if len(heard) > 1:
            raise NotAnswered("the recorder is away")

    async with TestClient(TestServer(told_application(heed))) as client:
        statuses: list[Any] = [(await client.post("/heed")).status for _ in "ab"]

    assert statuses == [200, 503]


def test_a_socket_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="shorter data folder"):
        bound(tmp_path / ("x" * 120))
