"""What the ops listener says: metrics of the gateways and whatever the recorder adds, liveness, readiness."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.journal.format import Mode
from proxy.journal.page import PageReading
from proxy.journal.segments.space import Space
from proxy.supervise.ops.pages import LOOK_S, Totals, WorkerPages
from proxy.supervise.ops.processes import read_processes
from proxy.supervise.ops.recorder import AskedRecorder
from proxy.supervise.ops.shipper import Shipping
from proxy.telemetry.metrics.counts.tally import Cell
from proxy.telemetry.metrics.declare import Source
from proxy.telemetry.metrics.now import Reading, families_of
from proxy.telemetry.metrics.written import Form, whole, written

SILENT_NS: Final = 5_000_000_000
"""A worker that gave no sign of life for so long (it gives one each second) is not counted on."""
DEAD_NS: Final = 30_000_000_000
"""All workers silent for so long: the proxy is not alive."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall and monotonic, in ns."""

    now_ns: Callable[[], int]
    mono_ns: Callable[[], int]


class Ops:
    """Knows the pages, asks the recorder."""

    def __init__(
        self,
        run_folder: Path,
        clocks: Clocks,
        *,
        segment_bytes: int,
        starts: Mapping[str, int],
        is_stopping: Callable[[], bool],
        has_fleet: bool = False,
    ) -> None:
        """`starts`: of child processes, by kind; it goes on counting."""
        self._clocks = clocks
        self._segment_bytes = segment_bytes
        self._starts = starts
        self._is_stopping = is_stopping
        self._pages = WorkerPages(run_folder)
        self._recorder = AskedRecorder(run_folder / "recorder.sock", clocks.mono_ns())
        self._shipping = Shipping(run_folder, clocks.now_ns()) if has_fleet else None

    async def keep_looking(self) -> None:
        """Notice new workers before they can be gone. Until cancelled."""
        try:
            while True:
                with contextlib.suppress(OSError):  # out of descriptors, say: looked at again soon
                    self._pages.look()
                await asyncio.sleep(LOOK_S)
        finally:
            self._pages.close()

    async def metrics(self, form: Form) -> str:
        """One scrape. Without the recorder it is what the gateways' own pages say."""
        told = await self._recorder.metrics(form)
        self._pages.look()
        read = Reading()
        self._read_recorder(read, is_up=told is not None)
        for worker, totals in self._pages.totals().items():
            _read_totals(read, str(worker), totals)
        self._read_living(read)
        self._read_processes(read)
        if self._shipping is not None:
            self._shipping.read(read, self._clocks.now_ns())
        return whole([told or "", written(families_of(Source.GATEWAY, read), form)], form)

    def not_alive(self) -> str:
        """Why the proxy should be started again; empty: it is alive."""
        self._pages.look()
        living = self._pages.living()
        if living and all(self._silence_ns(page) > DEAD_NS for page in living):
            return f"no gateway worker gave a sign of life for {DEAD_NS // 10**9} s"
        return ""

    def not_ready(self) -> str:
        """Why the data port cannot accept in the mode it is in; empty: it can. The recorder may be away."""
        self._pages.look()
        if self._is_stopping():
            return "the proxy is stopping"
        living = self._pages.living()
        if not living:
            return "no gateway worker lives"
        reasons = [self._refusal(page) for page in living]
        return "" if "" in reasons else "; ".join(sorted(set(reasons)))

    def _refusal(self, page: PageReading) -> str:
        """Why this worker takes nothing; empty: it does."""
        if self._silence_ns(page) > SILENT_NS:
            return f"worker {page.worker} gives no sign of life"
        if page.mode != Mode.STRICT:
            return ""
        if page.is_journal_down:
            return f"worker {page.worker} is strict and its journal takes nothing"
        if page.space >= Space.SHORT:
            return f"worker {page.worker} is strict and its journal has no room"
        return ""

    def _silence_ns(self, page: PageReading) -> int:
        """Since the worker's last sign of life; one that just began has given none."""
        if page.heartbeat_ns == 0:
            return 0
        return max(0, self._clocks.now_ns() - page.heartbeat_ns)

    def _read_recorder(self, read: Reading, *, is_up: bool) -> None:
        known = self._recorder.known
        lag_ns = max(0, self._clocks.mono_ns() - known.caught_up_mono_ns)
        read.set("ixp_recorder_up", int(is_up))
        read.set("ixp_recorder_lag_seconds", lag_ns / 1e9)
        read.set("ixp_recorder_backlog_bytes", self._backlog_bytes())
        if known.exchange_count is not None:
            read.set("ixp_audit_exchanges_total", known.exchange_count)

    def _backlog_bytes(self) -> int:
        taken = self._recorder.known.taken or {}
        size = 0
        for page in self._pages.journals():
            segment, offset = taken.get((page.worker, page.boot), (0, 0))
            ahead = (page.committed_segment - segment) * self._segment_bytes
            size += max(0, ahead + page.committed_offset - offset)
        return size

    def _read_living(self, read: Reading) -> None:
        by_worker: dict[int, list[PageReading]] = {}
        for page in self._pages.living():
            by_worker.setdefault(page.worker, []).append(page)
        for number, pages in by_worker.items():
            worker = (str(number),)
            silence_ns = max(map(self._silence_ns, pages))
            newest = max(pages, key=lambda page: page.heartbeat_ns)
            of_process = {page.pid: page for page in pages}.values()
            in_flight = sum(page.in_flight for page in of_process)
            connections = sum(page.connections for page in of_process)
            read.set("ixp_gateway_requests_in_flight", in_flight, worker)
            read.set("ixp_gateway_connections", connections, worker)
            lag_ns = max(page.loop_lag_ns for page in pages)
            read.set("ixp_gateway_loop_lag_seconds", lag_ns / 1e9, worker)
            read.set("ixp_gateway_heartbeat_age_seconds", silence_ns / 1e9, worker)
            for mode in Mode:
                labels = (*worker, mode.name.lower())
                read.set("ixp_gateway_mode", int(newest.mode == mode), labels)
            room = max(page.space for page in pages)
            for space in Space:
                read.set("ixp_gateway_space", int(room == space), (*worker, space.name.lower()))
            size = sum(page.journal_bytes for page in pages)
            read.set("ixp_gateway_journal_bytes", size, worker)
            read.set("ixp_gateway_journal_free_bytes", newest.free_bytes, worker)

    def _read_processes(self, read: Reading) -> None:
        for child, count in self._starts.items():
            read.set("ixp_child_starts_total", count, (child,))
        pids = {f"gateway-{page.worker}": page.pid for page in self._pages.living()}
        pids |= {"recorder": self._recorder.known.pid, "supervisor": os.getpid()}
        for name, found in read_processes(pids).items():
            read.set("ixp_process_cpu_seconds_total", found.cpu_s, (name,))
            read.set("ixp_process_resident_memory_bytes", found.resident_bytes, (name,))
            read.set("ixp_process_start_time_seconds", found.started_at_s, (name,))


def _read_totals(read: Reading, worker: str, totals: Totals) -> None:
    labels = (worker,)
    read.set("ixp_gateway_exchanges_seen_total", totals.seen, labels)
    read.set("ixp_gateway_exchanges_journaled_total", totals.journaled, labels)
    read.set("ixp_gateway_refused_total", totals.refused, labels)
    read.set("ixp_gateway_shed_total", totals.shed, labels)
    read.set("ixp_gateway_cut_heads_total", totals.cut_heads, labels)
    took = Cell(totals.commit_times, totals.commit_ns / 1e9)
    waited = Cell(totals.wait_times, totals.wait_ns / 1e9)
    read.add_cell("ixp_gateway_commit_duration_seconds", took, labels)
    read.add_cell("ixp_gateway_commit_wait_seconds", waited, labels)
