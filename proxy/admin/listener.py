"""The admin listener: put together, served on its socket, ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from proxy.admin.arrivals import BACKLOG, take
from proxy.admin.asking.questions import Questions
from proxy.admin.asking.records import Records
from proxy.admin.asking.snapshots import Copy, Snapshots
from proxy.admin.asking.statements import Statements
from proxy.admin.desk import THREADS, Desk
from proxy.admin.guard import Guard, hosts_of
from proxy.admin.keeping.acting import Act, Acting
from proxy.admin.keeping.calendar import Calendar
from proxy.admin.keeping.duties import MacOf
from proxy.admin.keeping.rescue import Rescues
from proxy.admin.keeping.standing import Standing, TrailState
from proxy.admin.links import Links
from proxy.admin.refusals import Refusals
from proxy.admin.seeing.clocks import Period
from proxy.admin.seeing.find import Find
from proxy.admin.seeing.live import Board, Live
from proxy.admin.seeing.pages import Pages
from proxy.admin.seeing.proof import Proofs
from proxy.admin.seeing.raw import Raw
from proxy.admin.seeing.sheet import Sheets
from proxy.admin.seeing.who import RecorderState, Who
from proxy.admin.tokens import TokenFile, ready_tokens
from proxy.admin.trail import Tell, Trail
from proxy.errors import ConfigError
from proxy.store.asking.lending import LentTables
from proxy.store.vault.reader import VaultReader

_log = logging.getLogger(__name__)

BODY_BYTES_MAX: Final = 128 * 1024
"""Of a request: a statement of 64 KiB, written as JSON."""
REQUESTS_WITHIN_S: Final = 1.0
"""How long open requests may take once the recorder ends."""
KEPT_S: Final = 75.0
"""A connection that asks nothing more is closed; aiohttp would keep it for an hour."""
HEADER_BYTES_MAX: Final = 8190


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """What the listener needs to know."""

    data_folder: Path
    tokens_file: Path | None = None
    """None: admin/tokens.json of the data folder."""
    hosts: tuple[str, ...] = ()
    """Further names that Host may say."""
    period: Period = field(default_factory=Period)
    """Of the project at Google."""
    links: Links = field(default_factory=Links)
    """Where the console leads beyond itself."""
    notice_ns: int = 0
    """Before a policy that became stricter reaches what was there already."""
    tls: Callable[[], ssl.SSLContext | None] = lambda: None
    """Reads the certificate; raises ConfigError if it cannot be used. None: plain HTTP."""

    @property
    def tokens_path(self) -> Path:
        return self.tokens_file or self.data_folder / "admin" / "tokens.json"

    @property
    def local_token_path(self) -> Path:
        """The owner's own token."""
        return self.data_folder / "admin" / "local.token"


@dataclass(frozen=True, slots=True)
class Means:
    """What the recorder lends the listener."""

    tell: Tell
    """Acts into the vault."""
    copy: Copy
    """A copy of the tables, for statements of other people."""
    open_reader: Callable[[], VaultReader]
    """For content; each for one thread."""
    board: Board | None = None
    """What passes now; None: nobody can watch."""
    recorder_state: RecorderState = dict
    """How the recorder is."""
    trail_state: TrailState = lambda: None
    """How the trail is."""
    act: Act | None = None
    """Erases, holds and releases; None: nobody can."""
    policies_file: Path | None = None
    """Retention policies; None: there are none."""
    label_mac: MacOf = lambda _: None
    """By which policies meet labels."""


class Part(Protocol):
    """Some of the handlers."""

    def routes(self) -> list[web.RouteDef]: ...


class AdminListener:
    """One listener in the recorder's process."""

    def __init__(
        self,
        settings: AdminSettings,
        tables: LentTables,
        means: Means,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings = settings
        self._tables = tables
        self._means = means
        self._trail = Trail(means.tell, now_ns)
        self._refusals = Refusals(means.tell, now_ns)
        self._now_ns = now_ns

    @contextlib.asynccontextmanager
    async def serving(self, bound: socket.socket) -> AsyncIterator[None]:
        """Answer on a bound socket.

        Without a certificate that can be used there is no listener, and everything else goes on.

        Raises:
            StartRefused: other machines could ask and there are no tokens; or the file is not usable.
        """
        try:
            tls = self._settings.tls()
        except ConfigError as error:
            _log.error("the admin listener does not serve until the next start: %s", error)
            bound.close()
            yield
            return
        address, port = bound.getsockname()[:2]
        tokens = self._tokens(address)
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="admin")
        desk = Desk(self._tables, self._trail, pool, self._now_ns)
        hosts = hosts_of(address, port, self._settings.hosts)
        guard = Guard(tokens, hosts, Pages.OPEN, self._refusals)
        application = web.Application(middlewares=[guard.pass_on], client_max_size=BODY_BYTES_MAX)
        snapshots = Snapshots(
            self._settings.data_folder / "run", self._means.copy, time.monotonic_ns
        )
        snapshots.clear()
        for part in (
            Questions(desk),
            Records(desk, self._means.open_reader),
            Statements(desk, snapshots, self._means.open_reader),
        ):
            application.add_routes(part.routes())
        self._add_seeing(application, desk)
        runner = web.AppRunner(
            application,
            access_log=None,
            shutdown_timeout=REQUESTS_WITHIN_S,
            keepalive_timeout=KEPT_S,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )
        await runner.setup()
        assert runner.server is not None, "set up above"
        server = runner.server
        bound.listen(BACKLOG)
        try:
            async with asyncio.TaskGroup() as tasks:
                taking = tasks.create_task(
                    take(bound, server, lambda: len(server.connections), tls)
                )
                yield
                taking.cancel()
        finally:
            bound.close()
            await runner.cleanup()
            self._trail.close()
            self._refusals.close()
            snapshots.clear()
            pool.shutdown(wait=False, cancel_futures=True)

    def _add_seeing(self, application: web.Application, desk: Desk) -> None:
        """The console, and what its pages ask."""
        settings, means = self._settings, self._means
        pages = Pages()
        state, folder = means.recorder_state, settings.data_folder
        parts: list[Part] = [
            pages,
            Who(desk, folder / "run", state, lambda: pages.report_count, settings.links),
            Find(desk, means.open_reader, means.label_mac),
            Sheets(desk, means.open_reader, folder / "trail", settings.period, settings.links),
            Proofs(desk, means.open_reader, folder / "trail"),
            Raw(desk, means.open_reader),
            Calendar(desk, means.policies_file, means.label_mac, settings.notice_ns),
            Standing(desk, folder, means.trail_state),
            Rescues(desk, means.open_reader),
        ]
        if means.act is not None:
            parts.append(Acting(desk, means.act))
        if means.board is not None:
            parts.append(Live(desk, means.board))
        for part in parts:
            application.add_routes(part.routes())

    def _tokens(self, address: str) -> TokenFile:
        return ready_tokens(
            self._settings.tokens_path,
            self._settings.local_token_path,
            is_loopback=ipaddress.ip_address(address).is_loopback,
            is_named=self._settings.tokens_file is not None,
        )
