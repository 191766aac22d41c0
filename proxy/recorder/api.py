"""The recorder's interface on its Unix socket. For this machine's owner alone.

GET  /status    how far everything is
GET  /metrics   this process's part of a scrape, see proxy.telemetry.instruments
POST /flush     answers when what is durable now is in vault and tables
POST /snapshot  a flush, then a copy of the tables -> {"path": ...}
POST /query     {"name": ..., "parameters": {...}} -> {"columns": [...], "rows": [[...], ...], "is_cut": false}
POST /acts      {"acts": [{"kind": ..., ...}, ...]} -> {"acts": [their ids]}, once they are durable
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.errors import FormatError, StoreError
from proxy.recorder.pipeline import Pipeline
from proxy.recorder.tables import SNAPSHOTS_MAX, TablesFollower
from proxy.recording.acts import act_from_json
from proxy.recording.facts import ActFact
from proxy.store.copying import remove_tables
from proxy.store.position import VaultPosition
from proxy.store.queries import Answer, TablesReader

WAIT_S: Final = 60.0
"""Longest a caller waits for a flush or a snapshot; then 504. A replay of a whole journal (1 GiB at
the measured 100 MB/s) takes 10 s, a checkpoint and copy of 4.6 GB some 10 more."""
QUERY_S: Final = 30.0
"""Longest a named query may take, planning and waiting for its turn included; then it is interrupted."""
QUERY_ROWS_MAX: Final = 10_000
"""Rows of one answer: some MB of JSON. Whoever wants more asks in portions, or takes a snapshot."""
NEWS: Final = frozenset({"disposal_news", "door_news", "unfinished_news"})
"""Statements of which callers look, each second, at nothing but whether the answer is another one than last time: while the
tables took nothing it is the same, and not asked for. Where nothing happens these were most of what a recorder did."""
ACTS_MAX: Final = 1000
"""Acts of one call: one commit holds them, as it holds a thousand exchanges."""


@dataclass(frozen=True, slots=True)
class _News:
    """An answer to a statement of NEWS."""

    position: VaultPosition
    """Of the tables when it was asked."""
    parameters: dict[str, Any]
    body: bytes

    def is_of(self, position: VaultPosition, parameters: dict[str, Any]) -> bool:
        """Whether nothing came since, and nobody asks for more than was asked then: windows move on with the clock."""
        since, before = parameters.get("since_us"), self.parameters.get("since_us")
        is_within = isinstance(since, int) and isinstance(before, int) and since >= before
        return position == self.position and is_within and len(parameters) == 1


@dataclass(frozen=True, slots=True)
class RecorderApi:
    """Answers each call; JSON."""

    pipeline: Pipeline
    tables: TablesFollower
    run_folder: Path
    mono_ns: Callable[[], int]
    now_ns: Callable[[], int] = time.time_ns
    metrics: Callable[[web.Request], Awaitable[web.Response]] | None = None
    in_turn: Callable[[Sequence[ActFact]], Awaitable[None]] | None = None
    """Takes acts with holds and releases: no erasure may be under way meanwhile."""
    _news: dict[str, _News] = field(default_factory=dict, init=False)
    """By name of one of NEWS: the last answer."""

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/status", self.status)
        if self.metrics is not None:
            application.router.add_get("/metrics", self.metrics)
        application.router.add_post("/flush", self.flush)
        application.router.add_post("/snapshot", self.snapshot)
        application.router.add_post("/query", self.query)
        application.router.add_post("/acts", self.acts)
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

    async def query(self, request: web.Request) -> web.Response:
        """Rows of a query that ships with the proxy, as the tables have them now."""
        match _given(await request.read()):
            case {"name": str() as name, "parameters": dict() as parameters}:
                pass
            case _:
                return _refused('give {"name": "...", "parameters": {...}}')
        asked_at = self.tables.status().position  # before the rows are looked at
        known = self._news.get(name)
        if known is not None and known.is_of(asked_at, parameters):
            return web.Response(body=known.body, content_type="application/json")
        try:
            async with asyncio.timeout(QUERY_S):
                reader = await asyncio.wrap_future(self.tables.reader())
        except (TimeoutError, StoreError) as error:
            return _late(error)
        watch = asyncio.get_running_loop().call_later(QUERY_S, reader.stop)
        try:
            answer = await asyncio.to_thread(_ask, reader, name, parameters)
        except StoreError as error:
            return _refused(str(error))
        finally:
            watch.cancel()
        told = {"columns": answer.columns, "rows": answer.rows, "is_cut": answer.is_cut}
        body = orjson.dumps(told, default=str, option=orjson.OPT_NAIVE_UTC)
        if name in NEWS:
            self._news[name] = _News(asked_at, parameters, body)
        return web.Response(body=body, content_type="application/json")

    async def acts(self, request: web.Request) -> web.Response:
        """Keep what somebody decided; answered once it is durable."""
        match _given(await request.read()):
            case {"acts": list() as told} if 0 < len(told) <= ACTS_MAX:
                pass
            case _:
                return _refused(f'give {{"acts": [...]}}, 1 to {ACTS_MAX} of them')
        try:
            acts = [act_from_json(one, self.now_ns(), secrets.token_hex(16)) for one in told]
        except FormatError as error:
            return _refused(str(error))
        return await self._tell(acts)

    async def _tell(self, acts: list[ActFact]) -> web.Response:
        if self.in_turn is not None and any(act.kind in {"hold", "release"} for act in acts):
            try:
                await self.in_turn(acts)
            except FormatError as error:
                return _refused(str(error))
            except (TimeoutError, StoreError) as error:
                return _late(error)
            return web.json_response({"acts": [act.act for act in acts]})
        try:
            async with asyncio.timeout(WAIT_S):
                await asyncio.wrap_future(self.pipeline.tell(acts))
        except TimeoutError as error:
            return _late(error)
        return web.json_response({"acts": [act.act for act in acts]})

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
            "caught_up_mono_ns": recorded.caught_up_mono_ns,
            "taken": [[*journal, *place] for journal, place in recorded.taken],
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


def _ask(reader: TablesReader, name: str, parameters: dict[str, Any]) -> Answer:
    """In a thread of its own, which also closes what it used."""
    try:
        return reader.ask(name, parameters, QUERY_ROWS_MAX)
    finally:
        reader.close()


def _given(body: bytes) -> Any:
    """JSON that somebody sent; None: it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _refused(reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=400)


def _late(error: Exception) -> web.Response:
    reason = str(error) or f"not done within {WAIT_S:g} s"
    return web.json_response({"error": reason}, status=504)
