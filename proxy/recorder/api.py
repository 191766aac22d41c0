"""The recorder's interface on its Unix socket: status, flush, snapshot. For this machine's owner alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from proxy.errors import StoreError
from proxy.recorder.pipeline import Pipeline
from proxy.recorder.tables import SNAPSHOTS_MAX, TablesFollower

WAIT_S: Final = 60.0
"""Longest a caller waits for a flush or a snapshot; then 504. A replay of a whole journal (1 GiB at
the measured 100 MB/s) takes 10 s, a checkpoint and copy of 4.6 GB some 10 more."""


@dataclass(frozen=True, slots=True)
class RecorderApi:
    """GET /status, POST /flush, POST /snapshot; JSON."""

    pipeline: Pipeline
    tables: TablesFollower
    run_folder: Path
    mono_ns: Callable[[], int]

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/status", self.status)
        application.router.add_post("/flush", self.flush)
        application.router.add_post("/snapshot", self.snapshot)
        return application

    async def status(self, _request: web.Request) -> web.Response:
        """How far everything is; answers at once."""
        return web.json_response(self._status())

    async def flush(self, _request: web.Request) -> web.Response:
        """Answers when what is durable in the journals now is in the vault and in the tables."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._flush(None)
        except (TimeoutError, StoreError) as error:
            return _late(error)
        return web.json_response(self._status())

    async def snapshot(self, _request: web.Request) -> web.Response:
        """A flush, then a copy of the tables: {"path": ...}. The caller deletes it."""
        target = self._next_snapshot()
        try:
            async with asyncio.timeout(WAIT_S):
                await self._flush(target)
        except (TimeoutError, StoreError) as error:
            return _late(error)
        return web.json_response({"path": str(target)})

    async def _flush(self, snapshot: Path | None) -> None:
        position = await asyncio.wrap_future(self.pipeline.flush())
        await asyncio.wrap_future(self.tables.reach(position, snapshot))

    def _next_snapshot(self) -> Path:
        """A free name, after the oldest copies that nobody deleted are gone."""
        numbers = sorted(
            int(path.stem.removeprefix("snapshot-"))
            for path in self.run_folder.glob("snapshot-*.duckdb")
            if path.stem.removeprefix("snapshot-").isdecimal()
        )
        for number in numbers[: max(0, len(numbers) - SNAPSHOTS_MAX + 1)]:
            remove_tables(self._snapshot(number))
        return self._snapshot(numbers[-1] + 1 if numbers else 1)

    def _snapshot(self, number: int) -> Path:
        return self.run_folder / f"snapshot-{number}.duckdb"

    def _status(self) -> dict[str, Any]:
        recorded, tables = self.pipeline.status(), self.tables.status()
        lag_ms = (self.mono_ns() - recorded.caught_up_mono_ns) / 1e6
        return {
            "pid": os.getpid(),
            "lag_ms": round(lag_ms, 1),
            "exchanges": recorded.exchange_count,
            "open": recorded.open_count,
            "held_bytes": recorded.held_bytes,
            "journals": recorded.journal_count,
            "vault": {"file": recorded.position.file, "offset": recorded.position.offset},
            "tables": {
                "file": tables.position.file,
                "offset": tables.position.offset,
                "rows": tables.row_count,
                "queued": tables.queued_count,
                "problem": tables.problem,
            },
        }


def remove_tables(path: Path) -> None:
    """Delete a closed DuckDB file and its WAL, whichever are there."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)


def _late(error: Exception) -> web.Response:
    reason = str(error) or f"not done within {WAIT_S:g} s"
    return web.json_response({"error": reason}, status=504)
