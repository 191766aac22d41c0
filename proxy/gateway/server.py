"""One gateway worker: builds its parts, serves its listening socket, ends in good order.

Stages of the end: stop accepting, let exchanges finish, close what is left, seal the journal, leave.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from proxy.config.certificates import server_context
from proxy.errors import JournalUnavailable, StartRefused
from proxy.gateway.client import ClientConnection
from proxy.gateway.client_socket import Gauges, Places
from proxy.gateway.deadlines import LATE, USUAL, Deadlines, Waiting
from proxy.gateway.door.held import HeldConnection
from proxy.gateway.door.link import DoorLink
from proxy.gateway.forward import Exchange, Relay
from proxy.gateway.http.credentials import Redactor
from proxy.gateway.http.lines import Lines
from proxy.gateway.http.wire import Upstream
from proxy.gateway.limits import (
    BODY_BYTES_MIN,
    HANGUP_LOOK_S,
    LINGER_S,
    ORPHAN_S,
    REOPEN_S,
    SWEEP_S,
    TICK_S,
)
from proxy.gateway.tap import Tap
from proxy.gateway.upstream import UpstreamConnection, tls_context
from proxy.gateway.ways.dial import Way, connect
from proxy.journal.format import Kind, Mode, Outcome, Purpose
from proxy.journal.keys import FingerprintKey, MasterKey
from proxy.journal.page import WorkerPage
from proxy.journal.segments.space import UNLIMITED, Room, Space, SpaceLimits
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
    upstream_proxy: tuple[str, int] | None = None
    """Host and port of a proxy that opens the way (CONNECT); None: straight."""
    certificate_file: Path | None = None
    key_file: Path | None = None
    """Both or neither: clients then speak TLS."""
    connect_timeout_s: float = 10.0
    header_timeout_s: float = 10.0
    keepalive_s: float = 75.0
    connections_max: int = 10_000
    connections_per_address_max: int = 10_000
    finishes: bool = True
    """An answer whose client left is read to its end, unless it is a stream."""
    deadlines: Deadlines = USUAL
    drain_s: float = 12.0
    via: str = ""
    """Our name in Via; empty: none is added."""
    mode: Mode = Mode.STRICT
    reads: Mode | None = None
    """Of methods that change nothing; None: the same mode."""
    intent_deadline_s: float = 0.25
    segment_bytes: int = 32 * 1024 * 1024
    space: SpaceLimits = UNLIMITED
    door: Path | None = None
    """The door's socket; None: no request is asked about."""
    door_deadline_s: float = 0.05


class Worker:
    """The composition root: nothing in this room reaches for a global."""

    def __init__(self, settings: WorkerSettings, loop: asyncio.AbstractEventLoop) -> None:
        self._settings = settings
        self._loop = loop
        self._connections: set[ClientConnection] = set()
        """Bounded by connections_max and by orphans, which end after ORPHAN_S."""
        self._connection_count = 0
        self._stop = asyncio.Event()
        self._leave = asyncio.Event()
        """Set by a stop, and by a successor that takes over."""
        self._tasks: asyncio.TaskGroup
        self._dials: set[asyncio.Task[None]] = set()
        """At most one per connection; each ends within connect_timeout_s."""
        self._upstream = Upstream.parse(settings.upstream_url)
        tls = tls_context(self._upstream, settings.upstream_ca_file)
        within_s, proxy = settings.connect_timeout_s, settings.upstream_proxy
        self._way = Way(self._upstream, tls, within_s, proxy)
        self._tls = server_context(settings.certificate_file, settings.key_file)
        self._master = MasterKey.load_or_create(settings.master_key_file)
        key = FingerprintKey.load_or_create(settings.data_folder / "keys" / "fingerprint.key")
        self._tap = Tap(
            loop=loop,
            intent_deadline_s=settings.intent_deadline_s,
            on_failure=self._failed,
            on_full=self._full,
            now_ns=time.time_ns,
        )
        gauges = Gauges()
        self._relay = Relay(
            tap=self._tap,
            lines=Lines(Redactor(key.fingerprint), settings.via.encode()),
            upstream=self._upstream,
            dial=self._dial,
            connections=self._connections,
            now=loop.time,
            authority=self._upstream.authority,
            places=Places(gauges, settings.connections_max, settings.connections_per_address_max),
            gauges=gauges,
            finishes=settings.finishes,
            mode=settings.mode,
            reads=settings.reads or settings.mode,
            scheme=b"https" if self._tls else b"http",
        )
        self._page: WorkerPage
        self._writer: JournalWriter
        self._journal_number = 0
        """Counts the journals opened, so that a late word of an earlier one is not taken for this one's."""
        self._journal_failed_at = 0.0
        self._is_reopening = False
        self._retired: list[tuple[JournalWriter, WorkerPage]] = []
        """Failed journals whose thread may still hang in the disk; at most one per REOPEN_S of a failure."""
        self._use_journal(*self._open_journal("started", 1), 1)

    async def run(
        self,
        listener: socket.socket,
        when_ready: asyncio.Event,
        private: Mapping[Purpose, socket.socket] | None = None,
    ) -> None:
        """Serve until `stop()`; returns when everything is sealed. `private`: Unix sockets of our own."""
        path, deadline_s = self._settings.door, self._settings.door_deadline_s
        door = DoorLink(path, self._loop, deadline_s) if path else None
        accept = partial(self._accept, self._relay, door)
        handshake_s = self._settings.header_timeout_s if self._tls else None
        servers = [
            await self._loop.create_server(
                accept,
                sock=listener,
                backlog=1024,
                ssl=self._tls,
                ssl_handshake_timeout=handshake_s,
            )
        ]
        for purpose, own in (private or {}).items():
            relay = replace(self._relay, purpose=purpose, scheme=b"http")
            accept = partial(self._accept, relay)
            servers.append(await self._loop.create_unix_server(accept, sock=own))
        async with asyncio.TaskGroup() as self._tasks:
            sweeper = self._tasks.create_task(self._sweep(), name="sweep")
            hangups = self._tasks.create_task(self._look_for_hangups(), name="hang-ups")
            linking = [self._tasks.create_task(door.keep(), name="door")] if door else []
            when_ready.set()
            await self._leave.wait()
            for server in servers:
                server.close()
            await self._drain()
            for task in (sweeper, hangups, *linking, *self._dials):
                task.cancel()
        self._close_journal()

    def stop(self) -> None:
        """Begin the end: exchanges have `drain_s` left. Safe to call twice."""
        self._stop.set()
        self._leave.set()

    def retire(self) -> None:
        """Take no new connections; leave when the last exchange has ended, however long it takes."""
        self._leave.set()

    # connections --------------------------------------------------------------------------------

    def _accept(self, relay: Relay, door: DoorLink | None = None) -> ClientConnection:
        self._connection_count += 1
        if door is not None:
            return HeldConnection(relay, self._connection_count, door)
        return ClientConnection(relay, self._connection_count)

    def _dial(self, exchange: Exchange) -> UpstreamConnection:
        connection = UpstreamConnection(exchange)
        task = self._tasks.create_task(connect(self._loop, self._way, connection), name="dial")
        self._dials.add(task)
        task.add_done_callback(self._dials.discard)
        return connection

    async def _drain(self) -> None:
        """Exchanges may finish, until `drain_s` after a stop; what was written may then go out until LINGER_S."""
        deadline = float("inf")
        while self._connections and self._loop.time() < deadline:
            if self._stop.is_set():
                deadline = min(deadline, self._loop.time() + self._settings.drain_s)
            for connection in list(self._connections):
                if connection.exchange is None and not connection.is_closing:
                    connection.close()
            if not any(connection.exchange for connection in self._connections):
                deadline = min(deadline, self._loop.time() + LINGER_S)
            await asyncio.sleep(TICK_S)
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
                self._look_at(connection, now)
            self._writer.look_at_disk()
            self._retire()
            if (
                self._tap.failure
                and not self._is_reopening
                and now - self._journal_failed_at > REOPEN_S
            ):
                self._is_reopening = True
                self._tasks.create_task(self._reopen_journal(), name="reopen journal")

    async def _look_for_hangups(self) -> None:
        while True:
            await asyncio.sleep(HANGUP_LOOK_S)
            for connection in list(self._connections):
                connection.look_for_hangup()

    def _look_at(self, connection: ClientConnection, now: float) -> None:
        age_s = now - connection.since
        if connection.is_gone:
            if age_s > ORPHAN_S:
                connection.abort(Outcome.CLIENT_GONE, "the client left and the answer never ended")
        elif connection.is_lingering:
            if age_s > LINGER_S:
                connection.abort(Outcome.PROXY_ERROR, "lingering")
        elif connection.is_closing:
            if connection.takes_bytes():
                connection.since = now
            elif age_s > self._settings.deadlines.reader_s:
                connection.abort(Outcome.CLIENT_GONE, "the client does not take what is left")
        elif connection.exchange is None:
            self._look_at_waiting(connection, now, age_s)
        else:
            self._look_at_exchange(connection, connection.exchange, now)

    def _look_at_exchange(
        self, connection: ClientConnection, exchange: Exchange, now: float
    ) -> None:
        waiting, amount = connection.waits_for()
        least = BODY_BYTES_MIN if waiting is Waiting.FOR_BODY else 1
        limit_s = self._settings.deadlines.of(waiting)
        if connection.watch.stuck_s(waiting, amount, least, now) > limit_s:
            exchange.time_out(LATE[waiting])

    def _look_at_waiting(self, connection: ClientConnection, now: float, age_s: float) -> None:
        if connection.is_idle:
            if age_s > self._settings.keepalive_s:
                connection.close()
        elif not connection.is_reading_head:
            connection.is_reading_head = True
            connection.since = now  # begun within the last sweep, however long it was idle before
        elif age_s > self._settings.header_timeout_s:
            connection.head_timed_out()

    # journal ------------------------------------------------------------------------------------

    def _open_journal(self, why: str, number: int) -> tuple[WorkerPage, JournalWriter]:
        """A new boot of this worker. Blocks for some syncs of the disk; may run in another thread."""
        settings = self._settings
        page = WorkerPage.create(
            settings.data_folder / "run", worker=settings.worker, boot=secrets.randbits(64)
        )
        page.mode = settings.mode
        calls = LoopCalls(
            self._loop.call_soon_threadsafe,
            partial(self._committed, number),
            partial(self._writer_failed, number),
            partial(self._room_changed, number),
            partial(_LOG.error, "journal: %s"),
        )
        try:
            writer = JournalWriter.open(
                settings.data_folder,
                master=self._master,
                page=page,
                limits=JournalLimits(segment_bytes=settings.segment_bytes, space=settings.space),
                loop=calls,
                now_ns=time.time_ns,
                mono_ns=time.monotonic_ns,
            )
        except JournalUnavailable:
            page.close()
            page.path.unlink(missing_ok=True)  # nothing was counted on it
            raise
        writer.append(0, Kind.MODE, bytes([settings.mode]) + why.encode())
        return page, writer

    def _use_journal(self, page: WorkerPage, writer: JournalWriter, number: int) -> None:
        self._page, self._writer, self._journal_number = page, writer, number
        self._tap.connect(writer, page)
        self._tap.flush()

    def _committed(self, number: int, ticket: int) -> None:
        if number == self._journal_number:
            self._tap.committed(ticket)

    def _writer_failed(self, number: int, reason: str) -> None:
        if number == self._journal_number:
            self._failed(reason)

    def _failed(self, reason: str) -> None:
        _LOG.error("journal failed: %s", reason)
        self._journal_failed_at = self._loop.time()
        self._tap.failed(reason)
        for connection in list(self._connections):
            connection.journal_failed()

    def _full(self) -> None:
        for connection in list(self._connections):
            connection.journal_is_full()
        self._tap.flush()

    def _room_changed(self, number: int, room: Room) -> None:
        """More or less room than before: a record, a line in the log, a word in the page."""
        if number != self._journal_number:
            return
        _LOG.warning(
            "journal: room is %s%s",
            room.space.name.lower(),
            f" ({room.reason})" * bool(room.reason),
        )
        if room.space < Space.SHORT:
            self._tap.is_full = False
            self._tap.tell_missed()
        said = f"room is {room.space.name.lower()}: {room.reason or 'exchanges begin'}"
        self._tap.say(self._settings.mode, said)

    async def _reopen_journal(self) -> None:
        """A new boot: the recorder closes what the failed one left open, and counts what it lost."""
        number = self._journal_number + 1
        try:
            # In a thread: the disk that failed may hang, and the loop must not.
            page, writer = await self._loop.run_in_executor(
                None, self._open_journal, "opened again after a failure", number
            )
        except (JournalUnavailable, StartRefused) as error:
            _LOG.error("journal still not usable: %s", error)
            self._journal_failed_at = self._loop.time()
        else:
            self._writer.close(0)
            self._retired.append((self._writer, self._page))
            self._use_journal(page, writer, number)
            _LOG.warning("journal opened again")
        finally:
            self._is_reopening = False

    def _retire(self) -> None:
        """Let go of the pages of failed journals, once their thread writes no more."""
        retired, self._retired = self._retired, []
        for writer, page in retired:
            if writer.has_ended:
                page.close()
            else:
                self._retired.append((writer, page))

    def _close_journal(self) -> None:
        self._publish(0)
        self._tap.tell_missed()
        self._writer.close(_JOURNAL_CLOSE_S)
        self._retired.append((self._writer, self._page))
        self._retire()

    def _publish(self, loop_lag_ns: int) -> None:
        page, gauges = self._page, self._relay.gauges
        page.in_flight = gauges.in_flight
        page.connections = gauges.connections
        page.refused = gauges.refused
        page.shed = gauges.shed
        page.cut_heads = gauges.cut_heads
        page.journal_down = int(bool(self._tap.failure))
        page.loop_lag_ns = max(0, loop_lag_ns)
        page.heartbeat_ns = time.time_ns()
