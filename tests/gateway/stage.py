"""A stage for plays: a real worker on a real socket, a client and an upstream whose every byte a test says.

    client = await stage.client()
    await client.send(GET)
    upstream = await stage.accepted()
    assert await upstream.head() == ...

When the stage closes, what must hold after every play is checked: nothing was raised, nothing is in
flight, and each intent in the journal has exactly one closing record, behind everything else.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from proxy.gateway.server import Worker, WorkerSettings
from proxy.journal.format import Entry, ExchangeEnd, Flag, IntentHead, Kind, Outcome, Purpose
from proxy.journal.keys import MasterKey
from proxy.journal.reader import Frame, journals
from proxy.journal.slots import Keystore

WAIT_S: Final = 20.0
"""Far more than any play needs: a deadline against hanging, not a wait."""
READ_BYTES: Final = 256 * 1024
HEAD_END: Final = b"\r\n\r\n"

GET: Final = b"GET /v1 HTTP/1.1\r\nHost: a\r\n\r\n"
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def post(body: bytes, *lines: bytes) -> bytes:
    head = [b"POST /v1/interactions HTTP/1.1", b"Host: a", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, *lines]) + HEAD_END + body


def response(body: bytes, *lines: bytes, status: bytes = b"200 OK") -> bytes:
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + HEAD_END + body


class Peer:
    """One end of a connection, played by hand."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.settimeout(0)
        self._buffer = b""

    async def send(self, data: bytes) -> None:
        async with asyncio.timeout(WAIT_S):
            await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def _more(self) -> bytes:
        async with asyncio.timeout(WAIT_S):
            return await asyncio.get_running_loop().sock_recv(self.socket, READ_BYTES)

    async def until(self, mark: bytes) -> bytes:
        """What comes up to and with `mark`."""
        while mark not in self._buffer:
            data = await self._more()
            assert data, f"ended after {self._buffer!r}"
            self._buffer += data
        end = self._buffer.index(mark) + len(mark)
        found, self._buffer = self._buffer[:end], self._buffer[end:]
        return found

    async def head(self) -> bytes:
        return await self.until(HEAD_END)

    async def exactly(self, count: int) -> bytes:
        parts = [self._buffer]
        have = len(self._buffer)
        while have < count:
            data = await self._more()
            assert data, f"ended after {have} bytes of {count}"
            parts.append(data)
            have += len(data)
        whole = b"".join(parts)
        self._buffer = whole[count:]
        return whole[:count]

    async def message(self) -> bytes:
        """A head and as much body as its Content-Length says."""
        head = await self.head()
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        return head + await self.exactly(int(length[1]) if length else 0)

    async def end(self) -> bytes:
        """What comes before a clean end. A reset raises ConnectionResetError."""
        parts = [self._buffer]
        while data := await self._more():
            parts.append(data)
        self._buffer = b""
        return b"".join(parts)

    async def rest(self) -> bytes:
        """What comes until the connection ends, in either way."""
        parts = [self._buffer]
        try:
            while data := await self._more():
                parts.append(data)
        except ConnectionResetError:
            parts.append(b"")
        return b"".join(parts)

    async def is_reset(self) -> bool:
        """Read to the end; whether it was a reset."""
        try:
            await self.end()
        except ConnectionResetError:
            return True
        return False

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the journal says of one exchange, in its order."""

    entries: tuple[Entry, ...]

    @property
    def intent(self) -> IntentHead:
        return IntentHead.decode(self.entries[0].data)

    @property
    def end(self) -> ExchangeEnd:
        return ExchangeEnd.decode(self.entries[-1].data)

    @property
    def outcome(self) -> Outcome:
        return self.end.outcome

    @property
    def kinds(self) -> list[Kind]:
        return [entry.kind for entry in self.entries]

    def data(self, kind: Kind, flags: int | None = None) -> bytes:
        """All bytes of one kind (and flag), joined."""
        wanted = [entry for entry in self.entries if entry.kind is kind]
        return b"".join(one.data for one in wanted if flags is None or one.flags == flags)

    @property
    def request_body(self) -> bytes:
        return self.data(Kind.REQUEST_CHUNK)

    @property
    def response_body(self) -> bytes:
        return self.data(Kind.RESPONSE_CHUNK)

    @property
    def head(self) -> bytes:
        """The final response head."""
        return self.data(Kind.RESPONSE_HEAD, Flag.NONE)


def private_socket(path: Path) -> socket.socket:
    """Listens as the supervisor has it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(8)
    return listener


class Stage:
    """A worker, its upstream's listening socket, and every peer of a play."""

    def __init__(self, folder: Path, *, ca_file: Path | None = None, **settings: Any) -> None:
        self.folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        self.upstream_port: int = self._listener.getsockname()[1]
        scheme = "http" if ca_file is None else "https"
        host = "127.0.0.1" if ca_file is None else "localhost"
        self.settings = WorkerSettings(
            **{
                "worker": 0,
                "data_folder": folder,
                "master_key_file": folder / "keys" / "master.key",
                "upstream_url": f"{scheme}://{host}:{self.upstream_port}",
                "upstream_ca_file": ca_file,
                "segment_bytes": 1024 * 1024,
                "intent_deadline_s": WAIT_S,
                **settings,
            }
        )
        self.raised: list[dict[str, Any]] = []
        """What reached the loop's exception handler."""
        self.may_miss_ends = False
        """A play about a broken journal: closing records may be missing there."""
        self._peers: list[Peer] = []
        self.private_doors: dict[Purpose, Path] = {}
        """Unix sockets of the worker, by whom they are for. Set before the play begins."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.raised.append(context))
        self.worker = self.make_worker(loop)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        ready = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._run = self._tasks.create_task(self.worker.run(self._door, ready, self._private()))
        await ready.wait()
        return self

    def _private(self) -> dict[Purpose, socket.socket]:
        return {one: private_socket(path) for one, path in self.private_doors.items()}

    def make_worker(self, loop: asyncio.AbstractEventLoop) -> Worker:
        return Worker(self.settings, loop)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for peer in self._peers:
            peer.close()
        self._listener.close()
        try:
            await self.until(self.is_over)
        finally:
            self.worker.stop()
            await self._tasks.__aexit__(None, None, None)
        if kind is None:
            assert self.raised == []
            assert self.worker._relay.gauges.in_flight == 0
            assert self.worker._relay.gauges.connections == 0
            if not self.may_miss_ends:
                self.check_journal()

    def is_over(self) -> bool:
        """All peers are closed: whether the worker is done with them."""
        return self._run.done() or not self.worker._connections

    # the play -----------------------------------------------------------------------------------

    async def client(self, **options: int) -> Peer:
        """A new connection to the worker. Options of SOL_SOCKET by name: SO_RCVBUF=4096."""
        connection = socket.socket()
        for name, value in options.items():
            connection.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        connection.settimeout(0)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        return self._join(connection)

    async def private(self, purpose: Purpose) -> Peer:
        """A new connection to a Unix socket of the worker."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(0)
        door = str(self.private_doors[purpose])
        await asyncio.get_running_loop().sock_connect(connection, door)
        return self._join(connection)

    async def accepted(self) -> Peer:
        """The upstream's end of the next connection that the worker opens."""
        async with asyncio.timeout(WAIT_S):
            connection, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._join(connection)

    def _join(self, connection: socket.socket) -> Peer:
        peer = Peer(connection)
        self._peers.append(peer)
        return peer

    @asynccontextmanager
    async def asked(self, request: bytes = GET) -> AsyncIterator[tuple[Peer, Peer]]:
        """A client that has asked, and the upstream that is to answer."""
        client = await self.client()
        await client.send(request)
        upstream = await self.accepted()
        await upstream.message()
        yield client, upstream

    async def exchange(self, request: bytes = GET, answer: bytes = OK) -> tuple[Peer, Peer]:
        """One whole exchange on connections of its own, which stay open."""
        client = await self.client()
        await client.send(request)
        upstream = await self.accepted()
        await upstream.message()
        await upstream.send(answer)
        await client.message()
        return client, upstream

    async def tls_upstream(self, context: ssl.SSLContext, script: Any) -> asyncio.Server:
        """Serve the upstream's socket with TLS; `script(reader, writer)` plays each connection."""
        return await asyncio.start_server(script, sock=self._listener, ssl=context)

    def refuse_connections(self) -> None:
        self._listener.close()

    async def until(self, is_so: Any) -> None:
        """Let the loop turn until is_so(); after some turns at leisure, to leave others the processor."""
        loop = asyncio.get_running_loop()
        turn = 0
        async with asyncio.timeout(WAIT_S):
            while not is_so():
                turned = loop.create_future()
                loop.call_later(0 if turn < 50 else 0.002, turned.set_result, None)
                await turned
                turn += 1

    async def settled(self) -> None:
        """Nothing in flight, and all connections done with."""
        await self.until(lambda: not self.worker._relay.gauges.in_flight)

    # the journal --------------------------------------------------------------------------------

    async def recorded(self) -> list[Recorded]:
        """What the journal says, once nothing is in flight and all of it is durable."""
        await self.settled()
        await self.durable()
        return self.read_journal()

    async def durable(self) -> None:
        """All that was noted is committed, and what waited for it is released."""
        tap, ticket = self.worker._tap, self.worker._writer.flush()
        await self.until(lambda: tap._committed >= ticket or tap.failure)

    async def only(self) -> Recorded:
        (recorded,) = await self.recorded()
        return recorded

    def read_journal(self) -> list[Recorded]:
        exchanges: dict[Any, list[Entry]] = {}
        for frame in self._frames():
            if frame.id.sequence:
                exchanges.setdefault(frame.id, []).extend(frame.entries)
        return [Recorded(tuple(exchanges[one])) for one in sorted(exchanges)]

    def _frames(self) -> list[Frame]:
        keys = Keystore(
            self.folder / "keys" / "slots",
            MasterKey.load_or_create(self.settings.master_key_file),
        )
        frames: list[Frame] = []
        for journal in journals(self.folder, keys):
            cursor, is_more = journal.start(), True
            while is_more:
                batch = journal.read(cursor, 64 * 1024 * 1024)
                assert batch.damage == ()
                frames += batch.frames
                is_more, cursor = batch.cursor != cursor, batch.cursor
            journal.close()
        keys.close()
        return frames

    def worker_notes(self, kind: Kind) -> list[bytes]:
        """Data of all entries of one kind that are about no exchange."""
        return [
            entry.data for frame in self._frames() for entry in frame.entries if entry.kind is kind
        ]

    def check_journal(self) -> None:
        for recorded in self.read_journal():
            assert recorded.kinds[0] is Kind.INTENT, recorded.kinds
            assert recorded.kinds[-1] is Kind.END, recorded.kinds
            assert recorded.kinds.count(Kind.INTENT) == 1
            assert recorded.kinds.count(Kind.END) == 1, recorded.kinds
