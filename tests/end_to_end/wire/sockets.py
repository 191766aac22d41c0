"""Both ends of the wire, played by hand: sockets that close, reset or half-close when they are told to."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.end_to_end.programs import ROOT
from tests.end_to_end.wire.scripts import Ending, Script, script

READ_BYTES: Final = 256 * 1024
TAG: Final = re.compile(rb"(?im)^x-request-tag: *([^\r\n]*)")
_LENGTH: Final = re.compile(rb"(?im)^content-length: *(\d+)")
_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with zero seconds: closing sends a reset."""


async def later(seconds: float) -> None:
    """Let so much time pass: for ends that are slow on purpose, never for waiting on a result."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().create_future()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    connection.close()


async def connect(address: tuple[str, int], **options: int) -> socket.socket:
    """A connection to the proxy. Options of SOL_SOCKET by name: SO_RCVBUF=4096."""
    connection = socket.socket()
    for name, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    connection.settimeout(0)
    await asyncio.get_running_loop().sock_connect(connection, address)
    return connection


def post(tag: str, body: bytes, *lines: str, path: str = "/v1/interactions") -> bytes:
    head = (
        f"POST {path} HTTP/1.1",
        "Host: stage",
        "content-type: application/json",
        f"x-request-tag: {tag}",
        f"Content-Length: {len(body)}",
        *lines,
        "\r\n",
    )
    return "\r\n".join(head).encode() + body


@dataclass(slots=True)
class Answer:
    """Everything that came back on one connection."""

    raw: bytes = b""
    was_reset: bool = False

    @property
    def status(self) -> int:
        """0: not even a whole head."""
        head, end, _ = self.raw.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]) if end else 0

    def body(self) -> tuple[bytes, bool]:
        """The body without its framing, and whether it came to its end."""
        head, _, rest = self.raw.partition(b"\r\n\r\n")
        told = _LENGTH.search(head)
        if told:
            assert len(rest) <= int(told[1]), "more than was told"
            return rest, len(rest) == int(told[1])
        body = b""
        while rest:
            line, _, rest = rest.partition(b"\r\n")
            size = int(line, 16)
            if size == 0:
                assert rest == b"\r\n", rest
                return body, True
            body += rest[:size]
            rest = rest[size + 2 :]
        return body, False


async def ask(address: tuple[str, int], request: bytes) -> Answer:
    """Send, and read until the connection ends in one way or the other."""
    loop = asyncio.get_running_loop()
    connection = await connect(address)
    answer = Answer()
    with connection:
        try:
            await loop.sock_sendall(connection, request)
            while data := await loop.sock_recv(connection, READ_BYTES):
                answer.raw += data
        except ConnectionError:
            answer.was_reset = True
    return answer


async def read_request(connection: socket.socket) -> tuple[str, bytes]:
    """Tag and bytes of the request that comes; shorter than told if the other end left before.

    Returns an empty tag when it left before its head was whole.
    """
    loop = asyncio.get_running_loop()
    got = b""
    wanted = -1
    with suppress(ConnectionError):
        while wanted < 0 or len(got) < wanted:
            data = await loop.sock_recv(connection, READ_BYTES)
            if not data:
                break
            got += data
            if wanted < 0 and (head := got.partition(b"\r\n\r\n"))[1]:
                told = _LENGTH.search(head[0])
                wanted = len(head[0]) + 4 + (int(told[1]) if told else 0)
    tag = TAG.search(got)
    return (tag[1].decode() if tag and wanted >= 0 else ""), got


async def gone(connection: socket.socket) -> bytes:
    """What comes until the other end is gone."""
    loop = asyncio.get_running_loop()
    parts = []
    with suppress(ConnectionError):
        while data := await loop.sock_recv(connection, READ_BYTES):
            parts.append(data)
    return b"".join(parts)


@dataclass(slots=True)
class ScriptedEnd:
    """An upstream that does to each request what its script says. It can refuse and ignore, too."""

    listener: socket.socket
    requests: Counter[str] = field(default_factory=Counter)
    """By tag, however often they came, and on whichever connection."""
    surplus: list[bytes] = field(default_factory=list)
    """What came on a connection behind its request: nothing should."""
    _fillers: list[socket.socket] = field(default_factory=list)

    @classmethod
    def make(cls) -> ScriptedEnd:
        """Has its port, and refuses every connection to it."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0)
        return cls(listener)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def ignore(self) -> None:
        """From here on connections are neither refused nor accepted: the backlog is full."""
        self.listener.listen(0)
        for _ in range(4):
            filler = socket.socket()
            filler.settimeout(0)
            filler.connect_ex(self.listener.getsockname())
            self._fillers.append(filler)

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[None]:
        """Accepts, and plays each request's script."""
        for filler in self._fillers:
            filler.close()
        self.listener.listen(1024)
        async with asyncio.TaskGroup() as group:
            accepting = group.create_task(self._accept(group), name="accept")
            yield
            accepting.cancel()

    async def _accept(self, group: asyncio.TaskGroup) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(self.listener)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            group.create_task(self._play(connection), name="play")

    async def _play(self, connection: socket.socket) -> None:
        with connection:
            tag, _ = await read_request(connection)
            if not tag:
                return
            self.requests[tag] += 1
            fault, _, number = tag.rpartition(" ")
            await self._act(connection, script(fault, int(number)))

    async def _act(self, connection: socket.socket, play: Script) -> None:
        loop = asyncio.get_running_loop()
        try:
            for index, piece in enumerate(play.pieces):
                if index:
                    await later(play.gap_s)
                await loop.sock_sendall(connection, piece)
        except ConnectionError:
            return  # The proxy gave it up, as some scripts make it do.
        match play.ending:
            case Ending.RESETS:
                reset(connection)
            case Ending.CLOSES:
                connection.close()
            case Ending.STAYS:
                if surplus := await gone(connection):
                    self.surplus.append(surplus)


@contextmanager
def beside(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A module of the tests as a process of its own, whose lines are read as they come."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=0,  # a line that came can be waited for with select
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True, slots=True)
class Room:
    """What a process holds."""

    descriptors: int
    resident_bytes: int


def room_of(pid: int) -> Room:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Room(descriptors, pages * 4096)
