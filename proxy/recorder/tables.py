"""DuckDB follows the vault: one thread owns the database, takes batches, replays after any failure.

What the pipeline offers is a short cut past the disk. It may be dropped at any time: the vault has
it, and the database knows how far it came.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from proxy.errors import PositionUnknown, StoreError
from proxy.heap import trim_heap
from proxy.store.copying import NoCopy
from proxy.store.fact_rows import row_count
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from proxy.store.queries import TablesReader
from proxy.store.vault.reader import VaultReader
from proxy.telemetry.metrics.counts.tally import new_cell
from proxy.telemetry.metrics.declare import STORE_SECONDS

QUEUE_EXCHANGES_MAX: Final = 20_000
"""Offered and not yet in the tables: 5 s of the 3,000 to 4,000 exchanges/s that the recorder makes, as
long as a checkpoint may pause the writer. Beyond it the queue is dropped and replayed from the vault."""
QUEUE_ROWS_MAX: Final = 200_000
"""The same in rows, ten to an ordinary exchange, 500 bytes each: a few hostile exchanges have as many."""
INGEST_ROWS: Final = 50_000
"""Rows of one transaction, or those of one batch if that has more: their columns are built in memory."""
LEAVE_WITHIN_NS: Final = 5_000_000_000
"""For what is queued or replayed, when the recorder stops."""
TICK_S: Final = 1.0
"""How often an idle thread looks whether a checkpoint is due."""
BACK_OFF_S: Final = (0.1, 0.5, 2.0, 4.0)
"""Waits between attempts at a database that fails, the last for ever: a full disk takes its time,
and is noticed within 5 s to have room again."""
SNAPSHOTS_MAX: Final = 4
"""Copies kept for readers in other processes: each is as large as the database."""

_log = logging.getLogger(__name__)


class Tables(Protocol):
    """What this thread needs of proxy.store.database.Database."""

    def position(self) -> VaultPosition: ...
    def ingest(self, batch: FactBatch) -> int: ...
    def checkpoint_if_due(self, mono_ns: int) -> bool: ...
    def snapshot(self, target: Path) -> Path: ...
    def reader(self) -> TablesReader: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class TablesStatus:
    """How far the tables are."""

    position: VaultPosition
    row_count: int
    """Rows added since this recorder started."""
    queued_count: int
    problem: str | None
    """Why the tables do not follow at the moment."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """Somebody waits until the tables reach a position; then perhaps a copy is made."""

    position: VaultPosition
    snapshot: Path | None
    done: Future[VaultPosition]


class TablesFollower:
    """`run` in a thread of its own; everything else from any thread."""

    def __init__(
        self,
        open_tables: Callable[[], Tables],
        remove_tables: Callable[[], None],
        open_reader: Callable[[], VaultReader],
        *,
        batch_rows: int,
        batch_ms: int,
        mono_ns: Callable[[], int],
    ) -> None:
        """`open_tables` raises StoreError; `remove_tables` deletes the closed database's files."""
        self._open_tables = open_tables
        self._remove_tables = remove_tables
        self._open_reader = open_reader
        self._batch_rows = batch_rows
        self._batch_ns = batch_ms * 1_000_000
        self._mono_ns = mono_ns
        self._changed = threading.Condition()
        self._queue: deque[FactBatch] = deque()
        self._queued_count = 0
        self._queued_row_count = 0
        self._queued_since_ns = 0
        self._wishes: list[_Wish] = []
        self._asking: list[Future[TablesReader]] = []
        self._must_replay = True
        self._is_stopping = False
        self._leave_at_ns = 0
        self._tables: Tables | None = None
        self._position = VAULT_START
        self._row_count = 0
        self._problem: str | None = None
        self.write_times = new_cell(STORE_SECONDS)
        """How long each transaction took."""
        self.checkpoint_times = new_cell(STORE_SECONDS)

    def offer(self, batch: FactBatch) -> None:
        """Batches MUST come in the order of their positions, each directly behind the one before."""
        with self._changed:
            if not self._queue:
                self._queued_since_ns = self._mono_ns()
            self._queue.append(batch)
            self._queued_count += len(batch.exchanges)
            self._queued_row_count += rows_of(batch)
            if self._queued_count > QUEUE_EXCHANGES_MAX or self._queued_row_count > QUEUE_ROWS_MAX:
                self._drop_queue()
            if self._wishes or self._must_replay or self._has_enough():
                self._changed.notify()

    def reach(self, position: VaultPosition, snapshot: Path | None = None) -> Future[VaultPosition]:
        """Done when everything up to `position` is visible, and copied to `snapshot` if given.

        The future raises StoreError when the copy failed or the follower stops before.
        """
        wish = _Wish(position, snapshot, Future())
        with self._changed:
            self._wishes.append(wish)
            self._changed.notify()
        return wish.done

    def reader(self) -> Future[TablesReader]:
        """Somebody who can ask the tables from another thread, and MUST be closed.

        The future waits while the tables cannot be opened, and raises StoreError when the follower stops.
        """
        asking: Future[TablesReader] = Future()
        with self._changed:
            self._asking.append(asking)
            self._changed.notify()
        return asking

    def stop(self) -> None:
        """Let `run` take what is queued and its time allows, close the database (which checkpoints) and return."""
        with self._changed:
            self._leave_at_ns = self._mono_ns() + LEAVE_WITHIN_NS
            self._is_stopping = True
            self._changed.notify()

    def status(self) -> TablesStatus:
        return TablesStatus(self._position, self._row_count, self._queued_count, self._problem)

    def run(self) -> None:
        """Follow until `stop`."""
        failures = 0
        try:
            while True:
                try:
                    is_last = self._is_stopping
                    self._follow_once()
                    failures = 0
                except StoreError as error:
                    self._fail(error)
                    is_last = is_last or self._is_stopping
                    failures += 1
                if is_last:
                    return
                self._wait(BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1] if failures else None)
        finally:
            self._close()

    def _follow_once(self) -> None:
        if self._tables is None:
            self._tables = self._open_tables()
            self._position = self._tables.position()
        if self._must_replay:
            self._must_replay = False
            self._replay(self._tables)
        if self._must_replay:
            return  # its time was up: what is queued lies behind what was not replayed
        self._take(self._tables, self._next_batches())
        self._problem = None
        self._grant(self._tables)
        began_ns = self._mono_ns()
        if self._tables.checkpoint_if_due(began_ns):
            self.checkpoint_times.observe(STORE_SECONDS, (self._mono_ns() - began_ns) / 1e9)
            trim_heap()  # mostly the file was opened anew, and all that DuckDB knew of it is free

    def _replay(self, tables: Tables) -> None:
        """Everything the vault has behind the tables' position."""
        reader = self._open_reader()
        try:
            for batch in reader.follow(self._position, self._batch_rows):
                self._ingest(tables, batch)
                if self._must_leave():
                    self._must_replay = True
                    return
        except PositionUnknown as error:
            _log.warning("the tables follow another vault, they are made anew: %s", error)
            self._close()
            self._remove_tables()
            raise
        finally:
            reader.close()

    def _take(self, tables: Tables, batches: list[FactBatch]) -> None:
        fresh = [batch for batch in batches if batch.position > self._position]
        for portion in portions(fresh):
            self._ingest(tables, joined(portion))
            if self._must_leave():
                return

    def _must_leave(self) -> bool:
        """The recorder stops, and the time for it is up: the next one goes on from the tables' position."""
        return self._is_stopping and self._mono_ns() >= self._leave_at_ns

    def _ingest(self, tables: Tables, batch: FactBatch) -> None:
        began_ns = self._mono_ns()
        self._row_count += tables.ingest(batch)
        self.write_times.observe(STORE_SECONDS, (self._mono_ns() - began_ns) / 1e9)
        self._position = batch.position

    def _next_batches(self) -> list[FactBatch]:
        with self._changed:
            batches = list(self._queue)
            self._queue.clear()
            self._queued_count = self._queued_row_count = 0
        return batches

    def _grant(self, tables: Tables) -> None:
        with self._changed:
            asking, self._asking = self._asking, []
            granted = deque(wish for wish in self._wishes if wish.position <= self._position)
            self._wishes = [wish for wish in self._wishes if wish.position > self._position]
        for asked in asking:
            if asked.set_running_or_notify_cancel():
                asked.set_result(tables.reader())
        while granted:
            wish = granted.popleft()
            if not wish.done.set_running_or_notify_cancel():
                continue  # who waited gave up
            try:
                if wish.snapshot is not None:
                    tables.snapshot(wish.snapshot)
                wish.done.set_result(self._position)
            except NoCopy as error:
                wish.done.set_exception(error)
            except StoreError as error:
                wish.done.set_exception(error)
                with self._changed:
                    self._wishes.extend(granted)  # theirs are granted after the next opening
                raise

    def _fail(self, error: StoreError) -> None:
        """Whatever went wrong: replay from what the database says it has."""
        if self._problem is None:
            _log.warning("the tables do not follow: %s", error)
        self._problem = str(error)
        with self._changed:
            self._drop_queue()
        self._close()

    def _drop_queue(self) -> None:
        self._queue.clear()
        self._queued_count = self._queued_row_count = 0
        self._must_replay = True

    def _close(self) -> None:
        tables, self._tables = self._tables, None
        if tables is not None:
            tables.close()
        if self._is_stopping:
            for wish in self._wishes:
                if wish.done.set_running_or_notify_cancel():
                    wish.done.set_exception(StoreError("the recorder is stopping"))
            self._wishes = []
            for asked in self._asking:
                if asked.set_running_or_notify_cancel():
                    asked.set_exception(StoreError("the recorder is stopping"))
            self._asking = []

    def _wait(self, back_off_s: float | None) -> None:
        """Until a batch is full or old enough, or somebody wishes something; or through a back-off."""
        with self._changed:
            if back_off_s is not None:
                self._changed.wait_for(lambda: self._is_stopping, back_off_s)
                return
            while not (self._is_stopping or self._must_replay or self._has_grantable()):
                left_ns = self._queued_since_ns + self._batch_ns - self._mono_ns()
                if self._queue and (left_ns <= 0 or self._wishes or self._has_enough()):
                    return
                if not self._changed.wait(left_ns / 1e9 if self._queue else TICK_S):
                    return

    def _has_enough(self) -> bool:
        """The queue fills a transaction."""
        return self._queued_count >= self._batch_rows or self._queued_row_count >= INGEST_ROWS

    def _has_grantable(self) -> bool:
        return bool(self._asking) or any(wish.position <= self._position for wish in self._wishes)


def rows_of(batch: FactBatch) -> int:
    """How many rows the exchanges of a batch become."""
    return sum(row_count(committed.recording) for committed in batch.exchanges)


def portions(batches: list[FactBatch]) -> Iterator[list[FactBatch]]:
    """Batches in order, in lists of about INGEST_ROWS rows."""
    portion: list[FactBatch] = []
    rows = 0
    for batch in batches:
        portion.append(batch)
        rows += rows_of(batch)
        if rows >= INGEST_ROWS:
            yield portion
            portion, rows = [], 0
    if portion:
        yield portion


def joined(batches: list[FactBatch]) -> FactBatch:
    """Batches in order as one, with the position of the last."""
    return FactBatch(
        tuple(exchange for batch in batches for exchange in batch.exchanges),
        tuple(gap for batch in batches for gap in batch.gaps),
        tuple(act for batch in batches for act in batch.acts),
        batches[-1].position,
    )
