"""One recorder: builds the parts, runs their threads, serves the socket, ends in order."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from proxy.admin.listener import AdminListener, AdminSettings, Means
from proxy.errors import StartRefused
from proxy.journal.keys import MasterKey
from proxy.journal.slots import Keystore
from proxy.recorder.api import RecorderApi
from proxy.recorder.erasing.asking import Questions
from proxy.recorder.erasing.eraser import Eraser
from proxy.recorder.erasing.eraser import Means as ErasingMeans
from proxy.recorder.erasing.heeding import heeding
from proxy.recorder.erasing.routes import ErasingRoutes
from proxy.recorder.follow import Follower
from proxy.recorder.keeping.keepings import Keepings
from proxy.recorder.keeping.policies import Keeping
from proxy.recorder.keeping.routes import LabelRoutes
from proxy.recorder.pipeline import Pipeline
from proxy.recorder.reserve import Reserve
from proxy.recorder.tables import TablesFollower
from proxy.recorder.trail.follow import TrailFollower, TrailSettings
from proxy.recorder.trail.giving import Giving
from proxy.recorder.trail.serving import TrailPages
from proxy.recorder.watching.live import LiveBoard, WatchedGroup, state_of
from proxy.recorder.watching.metrics import Metrics
from proxy.recorder.watching.trail import TrailMetrics
from proxy.recording.secrecy.labels import label_mac
from proxy.store.asking.lending import LentTables
from proxy.store.copying import remove_tables
from proxy.store.database import Database
from proxy.store.erasing.label_key import label_index
from proxy.store.erasing.tombstones import Tombstones
from proxy.store.position import VAULT_START, FactBatch
from proxy.store.pricing.books import price_book
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.reader import VaultReader
from proxy.store.vault.writer import Vault
from proxy.telemetry.traces.follow import SpanFollower
from proxy.telemetry.traces.opening import Sources, TraceSettings, open_follower

REQUESTS_WITHIN_S: Final = 1.0
"""How long open requests on the socket may take once the recorder ends."""
RESERVE_EACH_S: Final = 5.0
"""How often to look whether room that was given up can be kept again. Nothing waits for it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderSettings:
    """What a recorder needs to know."""

    data_folder: Path
    master_key_file: Path
    batch_rows: int = 1000
    batch_ms: int = 250
    interpret_bytes_max: int = 16 * 1024 * 1024
    has_classic_metrics: bool = True
    """Metrics also under the names of the OpenTelemetry conventions."""
    price_book_file: Path | None = None
    """None: the newest book of this release."""
    admin: AdminSettings | None = None
    """None: no admin listener."""
    policies_file: Path | None = None
    """Whose content is never stored; None: everybody's is."""
    traces: TraceSettings | None = None
    """None: no spans are sent."""
    trail: TrailSettings | None = field(default_factory=TrailSettings)
    """None: no leaves and no checkpoints."""
    door: Path | None = None
    """Where the door is told of holds; None: there is none."""

    @property
    def run_folder(self) -> Path:
        return self.data_folder / "run"

    @property
    def tables_file(self) -> Path:
        return self.data_folder / "facts.duckdb"


@contextlib.contextmanager
def held_recorder_lock(run_folder: Path) -> Iterator[None]:
    """Only one process writes vault and tables.

    Raises:
        StartRefused: a recorder runs.
    """
    run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(run_folder / "recorder.lock", flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise StartRefused(
            f"a recorder runs on {run_folder.parent} (process {holder}): stop it first"
        ) from error
    finally:
        os.close(descriptor)


def open_reader(settings: RecorderSettings, tombstones: Tombstones | None = None) -> VaultReader:
    """A reader with keys of its own, for one thread. What `tombstones` condemn it does not open."""
    master = MasterKey.load_or_create(settings.master_key_file)
    keys = settings.data_folder / "keys"
    return VaultReader(
        settings.data_folder / "vault",
        Keystore(keys / "slots", master),
        FactsKeys(keys / "facts", master),
        *([] if tombstones is None else [tombstones.is_condemned]),
    )


class Recorder:
    """Vault, pipeline and tables of one data folder. Needs the recorder's lock."""

    def __init__(
        self,
        settings: RecorderSettings,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        mono_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Opens the vault at its last commit.

        Raises:
            OSError: the disk refused.
            ProxyError: keys or vault cannot be used.
        """
        self.settings = settings
        self._mono_ns = mono_ns
        self._reserve = Reserve(settings.data_folder)
        master = MasterKey.load_or_create(settings.master_key_file)
        keys = settings.data_folder / "keys"
        self._keystore = Keystore(keys / "slots", master)
        self._vault = Vault.open(
            settings.data_folder / "vault",
            keystore=self._keystore,
            facts_keys=FactsKeys(keys / "facts", master),
            now_ns=now_ns,
        )
        self.lent = LentTables(lambda: Database.open(settings.tables_file))
        self.tables = TablesFollower(
            self.lent.open,
            lambda: remove_tables(settings.tables_file),
            lambda: open_reader(settings),
            batch_rows=settings.batch_rows,
            batch_ms=settings.batch_ms,
            mono_ns=mono_ns,
        )
        self.board = LiveBoard(WatchedGroup(settings.interpret_bytes_max))
        self.followers: list[Callable[[FactBatch], None]] = [self.tables.offer, self.board.offer]
        """Each takes every batch directly after its commit, in the pipeline's thread: it MUST be quick."""
        self._follower = Follower(settings.data_folder, self._keystore, self._vault.state.cursors)
        self.pipeline = Pipeline(
            vault=self._vault,
            follower=self._follower,
            group=self.board.group,
            hand_on=self._hand_on,
            now_ns=now_ns,
            mono_ns=mono_ns,
        )
        self.pipeline.price_book = price_book(settings.price_book_file)
        self.erasing = self._open_erasing(keys, master, now_ns)
        self.metrics = Metrics(
            self.pipeline,
            self.tables,
            settings.data_folder,
            lambda: open_reader(settings),
            now_ns=now_ns,
            mono_ns=mono_ns,
            has_classic=settings.has_classic_metrics,
        )
        self.followers.append(self.metrics.counts.offer)
        self.traces = self._open_traces(now_ns)
        self._go_on(FactsKeys(keys / "facts", master), now_ns)

    def _go_on(self, facts_keys: FactsKeys, now_ns: Callable[[], int]) -> None:
        self.trail = self._open_trail(facts_keys, now_ns)
        with contextlib.closing(open_reader(self.settings)) as reader:
            self.pipeline.restore(reader, self.settings.interpret_bytes_max)

    def _open_erasing(
        self, keys: Path, master: MasterKey, now_ns: Callable[[], int]
    ) -> ErasingRoutes:
        """Before any exchange is taken: what was erased is not kept again."""
        self._erasing_keystore = Keystore(keys / "slots", master)
        tombstones = self._vault.tombstones = Tombstones.open(keys)
        index = self._vault.label_index = label_index(keys, master)
        file = self.settings.policies_file
        self._vault.never_stored = Keeping(file, index, self._mono_ns).never_stored
        self._vault.destroy_unkept()
        means = ErasingMeans(
            self._erasing_keystore,
            tombstones,
            self._vault.label_index,
            self.pipeline.tell,
            self.pipeline.flush,
            self.tables.reach,
            lambda: open_reader(self.settings, tombstones),
            now_ns,
            Keepings(file, index, now_ns, self._mono_ns),
            heeding(self.settings.door),
        )
        eraser = Eraser(means, Questions(self.tables.reader))
        return ErasingRoutes(eraser, self.settings.data_folder, self.settings.tables_file)

    def _open_trail(self, facts_keys: FactsKeys, now_ns: Callable[[], int]) -> TrailFollower | None:
        settings = self.settings.trail
        if settings is None:
            return None
        giving = self._giving = Giving(
            settings.witness_url,
            has_lines=settings.has_lines,
            mono_ns=self._mono_ns,
            is_printed=settings.is_printed,
        )
        trail = TrailFollower(
            self.settings.data_folder,
            facts_keys,
            self.pipeline.tell,
            giving,
            now_ns=now_ns,
            mono_ns=self._mono_ns,
            began=self._vault.position,
        )
        self.followers.append(trail.offer)
        self.metrics.trail = TrailMetrics(trail.status, giving.status, self._mono_ns)
        return trail

    def _open_traces(self, now_ns: Callable[[], int]) -> SpanFollower | None:
        settings = self.settings
        if settings.traces is None:
            return None
        reader = partial(open_reader, settings, self._vault.tombstones)
        sources = Sources(reader, self.tables.reader, now_ns, self._mono_ns)
        traces = open_follower(settings.traces, sources, settings.run_folder, self._vault.position)
        self.followers.append(traces.offer)
        self.metrics.traces = traces.status
        return traces

    def _hand_on(self, batch: FactBatch) -> None:
        for take in self.followers:
            take(batch)

    def close(self) -> None:
        self._follower.close()
        self._keystore.close()
        self._erasing_keystore.close()
        self._vault.close()

    async def serve(
        self,
        stop: asyncio.Event,
        announce: Callable[[], None],
        admin: socket.socket | None = None,
    ) -> None:
        """Record until `stop`; then take what is durable, commit, checkpoint, leave.

        `admin`: a listening socket for questions of other people.

        Raises:
            StartRefused: the socket cannot be made.
            ExceptionGroup: a thread ended by an error; the process must end, too.
        """
        bound = _bound_socket(self.settings.run_folder / "recorder.sock")
        async with asyncio.TaskGroup() as tasks:
            tables = tasks.create_task(asyncio.to_thread(self.tables.run), name="tables")
            pipeline = tasks.create_task(asyncio.to_thread(self.pipeline.run), name="pipeline")
            keeping = tasks.create_task(self._keep_room(), name="reserve")
            resuming = tasks.create_task(self.erasing.keep_resuming(), name="erasures")
            if self.traces is not None:
                self.traces.start()
            self.metrics.start()
            if self.trail is not None:
                self.trail.start()
            try:
                async with self._served_socket(bound), self._served_admin(admin):
                    announce()
                    await stop.wait()
            finally:
                keeping.cancel()
                resuming.cancel()
                await self._leave(pipeline, tables)

    async def _leave(self, pipeline: asyncio.Task[None], tables: asyncio.Task[None]) -> None:
        """The threads end by themselves, in this order; cancelling would only stop waiting.

        Each is told to end, whatever became of those before: one that was not told would keep the process for ever.
        """
        async with contextlib.AsyncExitStack() as steps:  # from the last to the first
            if self.trail is not None:
                steps.push_async_callback(asyncio.to_thread, self._giving.finish)
                steps.push_async_callback(asyncio.to_thread, self.trail.stop)
            steps.push_async_callback(asyncio.to_thread, self.metrics.stop)
            steps.push_async_callback(asyncio.wait, [tables])
            steps.callback(self.tables.stop)
            if self.traces is not None:
                steps.push_async_callback(asyncio.to_thread, self.traces.stop)
            if self.trail is not None:
                steps.callback(self.trail.end)
            self.pipeline.stop()
            await asyncio.wait([pipeline])

    async def _keep_room(self) -> None:
        while True:
            self._reserve.make()
            await asyncio.sleep(RESERVE_EACH_S)

    @contextlib.asynccontextmanager
    async def _served_admin(self, bound: socket.socket | None) -> AsyncIterator[None]:
        if bound is None or self.settings.admin is None:
            yield
            return
        means = Means(
            tell=self.pipeline.tell,
            copy=lambda target: self.tables.reach(VAULT_START, target),
            open_reader=partial(open_reader, self.settings, self._vault.tombstones),
            board=self.board,
            recorder_state=self._state,
            trail_state=self._trail_state,
            act=self.erasing.ask,
            policies_file=self.settings.policies_file,
            label_mac=partial(label_mac, self._vault.label_index),
        )
        listener = AdminListener(self.settings.admin, self.lent, means)
        async with listener.serving(bound):
            yield

    def _state(self) -> dict[str, Any]:
        return state_of(self.pipeline.status(), self.tables.status(), self._mono_ns())

    def _trail_state(self) -> dict[str, Any] | None:
        if self.trail is None:
            return None
        status = self.trail.status()
        age_s = max(0, self._mono_ns() - status.signed_mono_ns) / 1e9
        return {
            "pending_count": status.pending_count,
            "problem": status.problem,
            "signed_age_s": age_s,
        }

    @contextlib.asynccontextmanager
    async def _served_socket(self, bound: socket.socket) -> AsyncIterator[None]:
        api = RecorderApi(
            self.pipeline,
            self.tables,
            self.settings.run_folder,
            self._mono_ns,
            metrics=self.metrics.answer,
            in_turn=self.erasing.tell,
        )
        application = api.application()
        TrailPages(self.settings.data_folder / "trail").add_to(application)
        self.erasing.add_to(application)
        LabelRoutes(self._vault.label_index).add_to(application)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=REQUESTS_WITHIN_S)
        await runner.setup()
        try:
            await web.SockSite(runner, bound).start()
            yield
        finally:
            await runner.cleanup()


def _bound_socket(path: Path) -> socket.socket:
    """For the owner alone; what a killed recorder left is replaced (we hold its lock)."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    try:
        bound.bind(str(path))
    except OSError as error:
        bound.close()
        raise StartRefused(
            f"cannot make the socket {path} ({error}): a path may have 107 bytes, "
            "choose a shorter data folder with --data"
        ) from error
    path.chmod(0o600)  # nobody can connect before it listens
    return bound
