"""Counts follow the vault: a thread takes each batch after its commit, and keeps counts and position in one file.

So after any kill the next recorder goes on where the file stands and takes the rest from the vault:
nothing is counted twice and nothing is missing. A file that is lost or cannot be read costs a
recount from the beginning, not a number.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from prometheus_client import Metric

from proxy.errors import PositionUnknown, StoreError
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.counts.counting import Counting
from proxy.telemetry.metrics.counts.tally import Counts
from proxy.telemetry.metrics.declare import Source
from proxy.telemetry.metrics.written import TraceOf, cells_family, no_trace, samples_family

QUEUE_EXCHANGES_MAX: Final = 20_000
"""Offered and not counted yet, as many as the tables may be behind; beyond it the vault is read again."""
SAVE_NS: Final = 5_000_000_000
"""How often counts are written down, if there is news. A restart reads what came since: at 1,000
exchanges a second a second's work. Each costs one sync."""
BATCH_EXCHANGES: Final = 1_000
"""Of one batch of a replay; who reads the counts waits as long as one batch takes, some 30 ms."""
BACK_OFF_S: Final = 2.0
"""After a vault or a disk that failed. The recorder itself ends when its disk does."""
STATE_FILE: Final = "metrics.json"

_log = logging.getLogger(__name__)


class Reader(Protocol):
    """What this needs of proxy.store.vault.reader.VaultReader."""

    def follow(self, position: VaultPosition, batch_rows: int, /) -> Iterator[FactBatch]: ...
    def close(self) -> None: ...


class CountsFollower:
    """`run` in a thread of its own; everything else from any thread."""

    def __init__(
        self,
        state_file: Path,
        open_reader: Callable[[], Reader],
        *,
        mono_ns: Callable[[], int],
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        """`hidden`: names of metrics that are counted and not written out."""
        self._state_file = state_file
        self._open_reader = open_reader
        self._mono_ns = mono_ns
        self._hidden = hidden
        self._changed = threading.Condition()
        self._queue: deque[FactBatch] = deque()
        self._queued_count = 0
        self._must_replay = True
        self._is_stopping = False
        self._lock = threading.Lock()
        """Held while counts change and while they are read."""
        self._counting = Counting()
        self._position = VAULT_START
        self._saved = VAULT_START
        self._save_due_ns = 0
        self._has_caught_up = False

    def offer(self, batch: FactBatch) -> None:
        """Batches MUST come in the order of their positions, each directly behind the one before."""
        with self._changed:
            self._queue.append(batch)
            self._queued_count += len(batch.exchanges)
            if self._queued_count > QUEUE_EXCHANGES_MAX:
                self._queue.clear()
                self._queued_count = 0
                self._must_replay = True
            self._changed.notify()

    @property
    def queued_count(self) -> int:
        """Exchanges that were offered and are not counted yet."""
        return self._queued_count

    def stop(self) -> None:
        """Let `run` count what is queued, write it down and return."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Follow until `stop`."""
        self._load()
        while True:
            is_last = self._is_stopping
            has_failed = False
            try:
                self._follow_once()
                if is_last or self._mono_ns() >= self._save_due_ns:
                    self._save()
            except (StoreError, OSError) as error:
                has_failed = True
                _log.warning("metrics do not follow: %s", error)
                self._must_replay = True
            if is_last:
                return
            self._wait(has_failed=has_failed)

    def families(self, now_ns: int, trace_of: TraceOf = no_trace) -> list[Metric]:
        """All counts; nothing before they have caught up with the vault once.

        What is half counted would look like counters that fell and grew.
        """
        if not self._has_caught_up:
            return []
        with self._lock:
            self._counting.now(now_ns)
            series = self._counting.tally.series
            told: list[Metric] = []
            for name, instrument in INSTRUMENTS.items():
                if instrument.source is not Source.FACTS or name in self._hidden:
                    continue
                found = series[name]
                if isinstance(found, Counts):
                    told.append(samples_family(instrument, found.samples()))
                else:
                    cells = list(found.cells.items())
                    told.append(cells_family(instrument, cells, trace_of))
        return told

    def _follow_once(self) -> None:
        while self._must_replay:
            self._must_replay = False
            self._replay()
        self._has_caught_up = True
        with self._changed:
            batches = list(self._queue)
            self._queue.clear()
            self._queued_count = 0
        for batch in batches:
            self._take(batch)

    def _replay(self) -> None:
        reader = self._open_reader()
        try:
            for batch in reader.follow(self._position, BATCH_EXCHANGES):
                self._take(batch)
                if self._mono_ns() >= self._save_due_ns:
                    self._save()
        except PositionUnknown:
            if self._position == VAULT_START:
                raise
            _log.warning("metrics are counted anew: the vault is not the one counted before")
            self._must_replay = True
            with self._lock:
                self._counting = Counting()
                self._position = VAULT_START
        finally:
            reader.close()

    def _take(self, batch: FactBatch) -> None:
        if batch.position <= self._position:
            return  # the replay had it already
        with self._lock:
            self._counting.take(batch)
            self._position = batch.position

    def _load(self) -> None:
        try:
            text = self._state_file.read_text("utf-8")
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("metrics are counted anew: cannot read %s: %s", self._state_file, error)
            return
        counting = Counting()
        try:
            saved = json.loads(text)
            position = VaultPosition(str(saved["file"]), int(saved["offset"]))
            counting.restore(saved["counts"])
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("metrics are counted anew: %s is of no use: %r", self._state_file, error)
            return
        with self._lock:
            self._counting, self._position, self._saved = counting, position, position

    def _save(self) -> None:
        """Counts and position in one file, replaced at once."""
        self._save_due_ns = self._mono_ns() + SAVE_NS
        if self._position == self._saved:
            return
        position = self._position  # both are written by this thread alone
        saved: dict[str, Any] = {
            "file": position.file,
            "offset": position.offset,
            "counts": self._counting.to_json(),
        }
        fresh = self._state_file.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(saved, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._state_file)
        self._saved = position

    def _wait(self, *, has_failed: bool) -> None:
        """For a batch, or until counts are to be written down; or through a back-off."""
        with self._changed:
            if has_failed:
                self._changed.wait_for(lambda: self._is_stopping, BACK_OFF_S)
                return
            is_due = self._position != self._saved
            left_s = max(0.0, (self._save_due_ns - self._mono_ns()) / 1e9) if is_due else None
            self._changed.wait_for(
                lambda: bool(self._queue) or self._must_replay or self._is_stopping, left_s
            )
