"""Spans follow the vault: one thread takes committed facts, makes spans, sends them.

The recording never waits for it and never fails by it: what does not fit the queue is dropped and
counted, what the collector does not take in time is given up and counted.

After a restart it goes on behind the last batch that was dealt with (a small file beside the worker
pages). A kill between sending and writing that file sends a batch twice, with the same ids, which is
the same spans. So a committed exchange is told exactly once, or counted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from proxy.errors import ProxyError
from proxy.store.fact_rows import row_count
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.vault.reader import VaultReader
from proxy.telemetry.traces.mapping.tree import SpanTree
from proxy.telemetry.traces.span import Span

QUEUE_EXCHANGES_MAX: Final = 5_000
"""Offered and not yet taken: a second of the fastest recorder, five of a busy one. 10 KB each."""
QUEUE_ROWS_MAX: Final = 50_000
"""The same in rows, ten to an ordinary exchange, 500 bytes each."""
BATCH_SPANS: Final = 512
"""Of one export, as the specification's own batches: 200 KB."""
GATHER_S: Final = 1.0
"""Wait so long for a batch to fill: an export costs a millisecond however little is in it."""
GATHER_EXCHANGES: Final = 64
"""Or until so many exchanges wait: with 8 spans each they fill a batch."""
AWAY_NS_MAX: Final = 15 * 60 * 1_000_000_000
"""What was recorded while spans were off for longer is not sent afterwards: nobody looks for traces of
last week that appear today."""
PLACE_EACH_NS: Final = 1_000_000_000
"""How often the place is written while there is work; and at the end."""
REST_S: Final = 10.0
"""For sending what is queued once the recorder ends: the supervisor waits 30 s for all of it."""
BREAK_OFF_S: Final = 5.0
"""And then for an export that was broken off: the next recorder tells what is left."""

_log = logging.getLogger(__name__)


class Exported(NamedTuple):
    """What became of one batch."""

    taken: int
    problem: str | None
    """Why not all of it, without foreign words."""


class Exporter(Protocol):
    """Where spans go."""

    def export(self, spans: Sequence[Span]) -> Exported: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class TraceStatus:
    """What became of the spans since this recorder started."""

    exported_spans: int
    failed_spans: int
    """The collector did not take them, or threw them away."""
    dropped_exchanges: int
    """Their spans were never made: the queue was full."""
    unsampled_exchanges: int
    queued_exchanges: int
    problem: str | None
    """Why the last batch did not arrive whole."""


class SpanFollower:
    """A thread of its own between `start` and `stop`; `offer` and `status` from any thread."""

    def __init__(
        self,
        tree: SpanTree,
        exporter: Exporter,
        open_reader: Callable[[], VaultReader],
        *,
        place: Path,
        began: VaultPosition,
        clocks: tuple[Callable[[], int], Callable[[], int]],
    ) -> None:
        """Args.

        place: file that holds how far the spans came.
        began: what the vault had committed when this recorder started.
        clocks: wall and monotonic, ns.
        """
        self._tree = tree
        self._exporter = exporter
        self._open_reader = open_reader
        self._place = place
        self._now_ns, self._mono_ns = clocks
        self._position = began
        self._placed_ns: int | None = None
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._queue: deque[FactBatch] = deque()
        self._queued_exchanges = 0
        self._queued_rows = 0
        self._exported = self._failed = self._dropped = self._unsampled = 0
        self._problem: str | None = None
        self._pending: list[Span] = []
        self._is_ended = False
        self._thread: threading.Thread | None = None

    def offer(self, batch: FactBatch) -> None:
        """Take a committed batch, or drop it: this never waits. In the order of positions."""
        exchanges = len(batch.exchanges)
        rows = sum(row_count(committed.recording) for committed in batch.exchanges)
        with self._changed:
            is_full = (
                self._queued_exchanges + exchanges > QUEUE_EXCHANGES_MAX
                or self._queued_rows + rows > QUEUE_ROWS_MAX
            )
            if self._is_ended or (is_full and self._queue):
                self._dropped += exchanges
                return
            self._queue.append(batch)
            self._queued_exchanges += exchanges
            self._queued_rows += rows
            if len(self._queue) == 1 or self._queued_exchanges >= GATHER_EXCHANGES:
                self._changed.notify()

    def start(self) -> None:
        """Run in a thread of its own, which does not keep a failing process from ending."""
        self._thread = threading.Thread(target=self.run, name="spans", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the thread send what is queued while the collector takes it; return when it ended, or too late."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        if self._thread is None:
            return
        self._thread.join(REST_S if self._problem is None else 0)
        self._exporter.close()  # ends the waits between retries
        self._thread.join(BREAK_OFF_S)
        if self._thread.is_alive():
            _log.warning("the collector holds spans up: the next recorder tells the rest")

    def status(self) -> TraceStatus:
        return TraceStatus(
            self._exported,
            self._failed,
            self._dropped,
            self._unsampled,
            self._queued_exchanges,
            self._problem,
        )

    def run(self) -> None:
        """Catch up from the last place, then follow until `stop`. Never raises.

        An error here that nobody foresaw ends the spans until the next start, and not the recording.
        """
        try:
            self._follow()
        except Exception as error:  # noqa: BLE001  # a crash loop would lose more than it shows
            place = traceback.extract_tb(error.__traceback__)[-1]
            _log.error(
                "no more spans until the next start: %s in %s line %s: please report it",
                type(error).__name__,
                place.name,
                place.lineno,
            )
            self._end()

    def _end(self) -> None:
        """From now on everything is dropped, and counted."""
        self._problem = "ended by a bug"
        with self._changed:
            self._is_ended = True
            self._dropped += self._queued_exchanges
            self._queue.clear()
            self._queued_exchanges = self._queued_rows = 0

    def _follow(self) -> None:
        try:
            self._catch_up()
            while not self._is_given_up():
                self._wait()
                is_last = self._stopping.is_set()
                for batch in self._queued():
                    self._take(batch)
                    if self._is_given_up():
                        return
                self._finish()
                if is_last:
                    return
        finally:
            self._exporter.close()

    def _is_given_up(self) -> bool:
        """The recorder ends and the collector does not answer: the next recorder tells what is left."""
        return self._stopping.is_set() and self._problem is not None

    def _catch_up(self) -> None:
        """What was committed and not told when the last recorder ended."""
        last = self._last_place()
        if last is None or last >= self._position:
            self._write_place()  # a kill before the first batch loses none of it
            return
        began, self._position = self._position, last
        try:
            with contextlib.closing(self._open_reader()) as reader:
                for batch in reader.follow(last):
                    self._take(batch)
                    if batch.position >= began or self._stopping.is_set():
                        break
        except (ProxyError, OSError) as error:
            _log.warning("spans of what was recorded before are not sent: %s", error)
            self._position = max(self._position, began)
        self._finish()

    def _take(self, batch: FactBatch) -> None:
        if batch.position <= self._position:
            return  # told while catching up
        for committed in batch.exchanges:
            try:
                spans = self._tree.spans(committed.recording)
            except Exception as error:  # noqa: BLE001  # a bug of ours here must not end the recording
                place = traceback.extract_tb(error.__traceback__)[-1]
                self._failed += 1
                # The error's own text may quote the exchange: only its name and place are told.
                _log.error(
                    "no spans of %s: %s in %s line %s: please report it",
                    committed.recording.exchange.exchange,
                    type(error).__name__,
                    place.name,
                    place.lineno,
                )
                continue
            self._unsampled += not spans
            self._pending += spans
            while len(self._pending) >= BATCH_SPANS:
                self._send(self._pending[:BATCH_SPANS])
                del self._pending[:BATCH_SPANS]
        self._position = batch.position

    def _finish(self) -> None:
        """Send what is left and note the place: everything before it is dealt with."""
        if self._pending:
            self._send(self._pending)
            self._pending = []
        if not self._is_given_up():
            self._write_place()

    def _send(self, spans: list[Span]) -> None:
        exported = self._exporter.export(spans)
        self._exported += exported.taken
        self._failed += len(spans) - exported.taken
        if exported.problem != self._problem:
            if exported.problem is not None:
                _log.warning("spans are not taken: %s", exported.problem)
            else:
                _log.warning("spans are taken again; %d were given up so far", self._failed)
        self._problem = exported.problem

    def _wait(self) -> None:
        """For the first batch, then a little for more."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._stopping.is_set())
            self._changed.wait_for(
                lambda: self._queued_exchanges >= GATHER_EXCHANGES or self._stopping.is_set(),
                GATHER_S,
            )

    def _queued(self) -> Iterator[FactBatch]:
        """What waits now; each leaves the queue when it is its turn."""
        for _ in range(len(self._queue)):
            with self._changed:
                batch = self._queue.popleft()
                self._queued_exchanges -= len(batch.exchanges)
                self._queued_rows -= sum(row_count(one.recording) for one in batch.exchanges)
            yield batch

    def _last_place(self) -> VaultPosition | None:
        """How far an earlier recorder came; None: nobody told spans lately."""
        try:
            found = json.loads(self._place.read_bytes())
            at, position = found["at"], VaultPosition(found["file"], found["offset"])
            is_fresh = 0 <= self._now_ns() - at <= AWAY_NS_MAX
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return position if is_fresh else None

    def _write_place(self) -> None:
        now = self._mono_ns()
        is_due = self._placed_ns is None or now - self._placed_ns >= PLACE_EACH_NS
        if not (is_due or self._stopping.is_set()):
            return
        self._placed_ns = now
        told = {"file": self._position.file, "offset": self._position.offset}
        new = self._place.with_suffix(".new")
        try:
            new.write_text(json.dumps({**told, "at": self._now_ns()}), "utf-8")
            new.replace(self._place)
        except OSError as error:
            _log.warning("the place of the spans is not kept: %s", error)
