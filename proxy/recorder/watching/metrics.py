"""GET /metrics on the recorder's socket: what was counted, and how the recorder is. Computed off its loop."""

from __future__ import annotations

import asyncio
import os
import platform
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiohttp import web

from proxy import __version__
from proxy.recorder.pipeline import Pipeline
from proxy.recorder.tables import TablesFollower
from proxy.recorder.watching.retention import RetentionMetrics
from proxy.recorder.watching.trail import TrailMetrics
from proxy.telemetry.instruments import CLASSIC
from proxy.telemetry.metrics.declare import Source
from proxy.telemetry.metrics.follower import STATE_FILE, CountsFollower, Reader
from proxy.telemetry.metrics.now import Reading, families_of
from proxy.telemetry.metrics.written import Form, form_for, no_trace, written
from proxy.telemetry.traces.follow import TraceStatus
from proxy.telemetry.traces.span import own_trace_id

END_WITHIN_S: Final = 10.0
"""How long the counting may take to end; what it does not manage, the next recorder counts."""


class Metrics:
    """The counting thread, and the answer to a scrape."""

    def __init__(
        self,
        pipeline: Pipeline,
        tables: TablesFollower,
        data_folder: Path,
        open_reader: Callable[[], Reader],
        *,
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int],
        has_classic: bool = True,
    ) -> None:
        self._pipeline = pipeline
        self._tables = tables
        self._data_folder = data_folder
        self._now_ns = now_ns
        hidden = frozenset() if has_classic else frozenset(each.name for each in CLASSIC)
        self.counts = CountsFollower(
            data_folder / STATE_FILE, open_reader, mono_ns=mono_ns, hidden=hidden
        )
        self.traces: Callable[[], TraceStatus] | None = None
        """How the spans are, where spans are sent."""
        self.trail: TrailMetrics | None = None
        """Where there is a trail."""
        self._retention = RetentionMetrics(tables.reader, now_ns, mono_ns)
        # Not awaited by anybody: a bug in counting ends this thread, never the recording.
        self._thread = threading.Thread(target=self.counts.run, name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Count what was offered and write it down. Blocks."""
        self.counts.stop()
        self._thread.join(END_WITHIN_S)

    async def answer(self, request: web.Request) -> web.Response:
        """A part of a scrape: the end mark is left to who puts the parts together."""
        form = form_for(request.headers.get("Accept", ""))
        text = await asyncio.to_thread(self._written, form)
        return web.Response(text=text, content_type="text/plain")

    def _written(self, form: Form) -> str:
        read = self._reading()
        trace_of = no_trace if self.traces is None else _own_trace
        counted = self.counts.families(self._now_ns(), trace_of)
        return written([*counted, *families_of(Source.RECORDER, read)], form)

    def _reading(self) -> Reading:
        read = Reading()
        recorded, tables = self._pipeline.status(), self._tables.status()
        file = self._data_folder / "facts.duckdb"
        disk = os.statvfs(self._data_folder)
        read.set("ixp_audit_open_exchanges", recorded.open_count)
        read.set("ixp_audit_held_bytes", recorded.held_bytes)
        read.set("ixp_audit_vault_bytes", _folder_bytes(self._data_folder / "vault"))
        read.set("ixp_audit_tables_bytes", _file_bytes(file))
        read.set("ixp_audit_tables_wal_bytes", _file_bytes(file.with_name(file.name + ".wal")))
        read.set("ixp_audit_disk_free_bytes", disk.f_bavail * disk.f_frsize)
        read.set("ixp_audit_tables_queued_exchanges", tables.queued_count)
        read.set("ixp_audit_tables_up", int(tables.problem is None))
        read.set("ixp_metrics_queued_exchanges", self.counts.queued_count)
        if self.traces is not None:
            _read_traces(read, self.traces())
        if self.trail is not None:
            self.trail.read(read)
        self._retention.read(read)
        read.set("ixp_build_info", 1, (__version__, platform.python_version()))
        read.add_cell("ixp_audit_vault_commit_duration_seconds", self._pipeline.commit_times)
        read.add_cell("ixp_audit_tables_write_duration_seconds", self._tables.write_times)
        read.add_cell("ixp_audit_tables_checkpoint_duration_seconds", self._tables.checkpoint_times)
        return read


def _own_trace(exchange: str) -> str:
    return own_trace_id(exchange).hex()


def _read_traces(read: Reading, status: TraceStatus) -> None:
    read.set("ixp_traces_queued_exchanges", status.queued_exchanges)
    read.set("ixp_traces_spans_exported_total", status.exported_spans)
    read.set("ixp_traces_spans_failed_total", status.failed_spans)
    read.set("ixp_traces_exchanges_dropped_total", status.dropped_exchanges)
    read.set("ixp_traces_exchanges_unsampled_total", status.unsampled_exchanges)


def _folder_bytes(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(_file_bytes(Path(entry.path)) for entry in entries)


def _file_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
