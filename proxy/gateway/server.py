"""One gateway worker: builds its parts, serves its listening socket, ends in good order.

Stages of the end: stop accepting, let exchanges finish, close what is left, seal the journal, leave.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.errors import JournalUnavailable, StartRefused
from proxy.gateway.client import ClientConnection
from proxy.gateway.forward import Exchange, Relay
from proxy.gateway.headers import Redactor
from proxy.gateway.limits import DRAIN_S, LINGER_S, ORPHAN_S, REOPEN_S, SWEEP_S
from proxy.gateway.tap import Tap
from proxy.gateway.upstream import UpstreamConnection
from proxy.gateway.wire import Upstream
from proxy.journal.format import Kind, Mode, Outcome
from proxy.journal.keys import FingerprintKey, MasterKey
from proxy.journal.page import WorkerPage
from proxy.journal.writer import JournalLimits, JournalWriter, LoopCalls

_LOG: Final = logging.getLogger("gateway")
_JOURNAL_CLOSE_S: Final = 5.0
"""A last group commit takes milliseconds; a disk that hangs must not hang the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What one worker needs to know."""

    worker: int
    data_folder: Path
    master_key_file: Path
    upstream_url: str
    upstream_ca_file: Path | None = None
    connect_timeout_s: float = 10.0
    header_timeout_s: float = 10.0
    keepalive_s: float = 75.0
    connections_max: int = 10_000
    mode: Mode = Mode.STRICT
    intent_deadline_s: float = 0.25
    segment_bytes: int = 32 * 1024 * 1024


class Worker:
    """The composition root: nothing in this room reaches for a global."""

    def __init__(self, settings: WorkerSettings, loop: asyncio.AbstractEventLoop) -> None:
        self._settings = settings
        self._loop = loop
        self._connections: set[ClientConnection] = set()
        """Bounded by connections_max and by orphans, which end after ORPHAN_S."""
        self._connection_count = 0
        self._stop = asyncio.Event()
        self._tasks: asyncio.TaskGroup
        self._upstream = Upstream.parse(settings.upstream_url)
        self._ssl = self._ssl_context()
        self._master = MasterKey.load_or_create(settings.master_key_file)
        key = FingerprintKey.load_or_create(settings.data_folder / "keys" / "fingerprint.key")
        self._tap = Tap(mode=settings.mode, loop=loop, intent_deadline_s=settings.intent_deadline_s)
        self._relay = Relay(
            tap=self._tap,
            redactor=Redactor(key.fingerprint),
            upstream=self._upstream,
            dial=self._dial,
            now=loop.time,
            authority=self._upstream.authority,
            connections_max=settings.connections_max,
        )
        self._page: WorkerPage
        self._writer: JournalWriter
        self._journal_failed_at = 0.0
        self._open_journal("started")

    async def run(self, listener: socket.socket, when_ready: asyncio.Event) -> None:
        """Serve until `stop()`; returns when everything is sealed."""
        server = await self._loop.create_server(self._accept, sock=listener, backlog=1024)
        async with asyncio.TaskGroup() as self._tasks:
            sweeper = self._tasks.create_task(self._sweep(), name="sweep")
            when_ready.set()
            await self._stop.wait()
            server.close()
            await self._drain()
            sweeper.cancel()
        self._close_journal()

    def stop(self) -> None:
        """Begin the end. Safe to call twice."""
        self._stop.set()

    # connections --------------------------------------------------------------------------------

    def _accept(self) -> ClientConnection:
        self._connection_count += 1
        connection = ClientConnection(
            self._relay, self._connection_count, self._connections.discard
        )
        self._connections.add(connection)
        return connection

    def _dial(self, exchange: Exchange) -> UpstreamConnection:
        connection = UpstreamConnection(exchange)
        self._tasks.create_task(self._connect(connection), name="dial")
        return connection

    async def _connect(self, connection: UpstreamConnection) -> None:
        to = self._upstream
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await self._loop.create_connection(
                    lambda: connection, to.host, to.port, ssl=self._ssl
                )
        except TimeoutError:
            connection.failed(
                f"no connection to upstream within {self._settings.connect_timeout_s} s"
            )
        except ssl.SSLError as error:
            connection.failed(f"no TLS with upstream: {error.reason or 'handshake failed'}")
        except OSError as error:
            connection.failed(f"no connection to upstream: {error.strerror or 'unreachable'}")

    async def _drain(self) -> None:
        deadline = self._loop.time() + DRAIN_S
        while self._loop.time() < deadline:
            for connection in list(self._connections):
                if connection.exchange is None:
                    connection.close()
            if not any(connection.exchange for connection in self._connections):
                break
            await asyncio.sleep(0.05)
        for connection in list(self._connections):
            connection.abort(Outcome.PROXY_ERROR, "the proxy was stopped")
        await asyncio.sleep(0)

    async def _sweep(self) -> None:
        """Once a second: deadlines of connections, gauges, a failed journal."""
        while True:
            expected = self._loop.time() + SWEEP_S
            await asyncio.sleep(SWEEP_S)
            now = self._loop.time()
            self._publish(int((now - expected) * 1e9))
            for connection in list(self._connections):
                self._look_at(connection, now - connection.since)
            if self._tap.failure and now - self._journal_failed_at > REOPEN_S:
                self._reopen_journal()

    def _look_at(self, connection: ClientConnection, age_s: float) -> None:
        if connection.is_lingering:
            if age_s > LINGER_S:
                connection.abort(Outcome.PROXY_ERROR, "lingering")
        elif connection.is_gone:
            if age_s > ORPHAN_S:
                connection.abort(Outcome.CLIENT_GONE, "the client left and the answer never ended")
        elif connection.is_idle:
            if age_s > self._settings.keepalive_s:
                connection.close()
        elif connection.exchange is None and age_s > self._settings.header_timeout_s:
            connection.head_timed_out()

    # journal ------------------------------------------------------------------------------------

    def _open_journal(self, why: str) -> None:
        settings = self._settings
        page = WorkerPage.create(
            settings.data_folder / "run", worker=settings.worker, boot=secrets.randbits(64)
        )
        page.mode = settings.mode
        writer = JournalWriter.open(
            settings.data_folder,
            master=self._master,
            page=page,
            limits=JournalLimits(segment_bytes=settings.segment_bytes),
            loop=LoopCalls(self._loop.call_soon_threadsafe, self._tap.committed, self._failed),
            now_ns=time.time_ns,
            mono_ns=time.monotonic_ns,
        )
        self._page, self._writer = page, writer
        writer.append(0, Kind.MODE, bytes([settings.mode]) + why.encode())
        self._tap.connect(writer, page)
        self._tap.flush()

    def _failed(self, reason: str) -> None:
        """strict: whatever waits for the disk would wait for ever, so it ends here. available goes on."""
        _LOG.error("journal failed: %s", reason)
        self._journal_failed_at = self._loop.time()
        self._tap.failed(reason)
        for connection in list(self._connections):
            if connection.exchange is None:
                continue
            if self._tap.is_strict:
                connection.abort(Outcome.PROXY_ERROR, "the journal failed")
            else:
                connection.exchange.sequence = 0

    def _reopen_journal(self) -> None:
        """A new boot: the recorder closes what the failed one left open, and counts what it lost."""
        self._journal_failed_at = self._loop.time()
        old = self._page
        try:
            self._open_journal("opened again after a failure")
        except (JournalUnavailable, StartRefused) as error:
            _LOG.error("journal still not usable: %s", error)
            return
        old.close()
        _LOG.warning("journal opened again")

    def _close_journal(self) -> None:
        self._publish(0)
        self._writer.close(_JOURNAL_CLOSE_S)
        self._page.close()

    def _publish(self, loop_lag_ns: int) -> None:
        page, gauges = self._page, self._relay.gauges
        page.in_flight = gauges.in_flight
        page.connections = gauges.connections
        page.refused = gauges.refused
        page.shed = gauges.shed
        page.loop_lag_ns = max(0, loop_lag_ns)
        page.heartbeat_ns = time.time_ns()

    def _ssl_context(self) -> ssl.SSLContext | None:
        if self._upstream.scheme != "https":
            return None
        ca_file = self._settings.upstream_ca_file
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        context.set_alpn_protocols(["http/1.1"])
        return context
