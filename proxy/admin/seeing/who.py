"""Who asks, and how the proxy is: what every page of the console shows at its edge.

GET /v1/me       {"name", "role", "rights", "version", "dashboard_url"}
GET /v1/health   workers with their modes, the recorder, the tables, and what is wrong, in sentences
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from proxy import __version__
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs, refused
from proxy.admin.links import Links
from proxy.admin.tokens import RIGHTS, Right
from proxy.errors import StoreError
from proxy.journal.format import Mode
from proxy.journal.page import PageReading, PageView, is_locked, pages
from proxy.journal.segments.space import Space
from proxy.store import queries

SILENT_NS: Final = 5_000_000_000
"""A worker gives a sign of life each second."""
LATE_S: Final = 5.0
"""A recorder that is behind for so long breaks its promise of one second by more than a busy moment."""

LATELY_NS: Final = 3600 * 1_000_000_000
"""A gap is told on every page for so long."""

RecorderState = Callable[[], dict[str, Any]]
"""{"exchange_count", "open_count", "lag_s", "queued_count", "problem", "vault": {"file", "offset"}}."""


class Who:
    """The handlers."""

    def __init__(
        self,
        desk: Desk,
        run_folder: Path,
        recorder_state: RecorderState,
        report_count: Callable[[], int],
        links: Links,
    ) -> None:
        self._desk = desk
        self._run_folder = run_folder
        self._recorder_state = recorder_state
        self._report_count = report_count
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/me", self.me), web.get("/v1/health", self.health)]

    async def me(self, request: web.Request) -> web.Response:
        """Name, role and rights of the token."""
        reader = needs(request, Right.FACTS)
        rights = sorted(str(right) for right in RIGHTS[reader.role])
        told = {"name": reader.name, "role": reader.role, "rights": rights, "version": __version__}
        return web.json_response(told | {"dashboard_url": self._links.dashboard_url})

    async def health(self, request: web.Request) -> web.Response:
        """Not told to the trail: it is asked every few seconds, and says nothing of anybody."""
        needs(request, Right.FACTS)
        try:
            workers, gap = await self._desk.in_thread(lambda: (self._workers(), self._gap()))
        except Busy:
            return refused(503, "too many questions wait already")
        recorder = self._recorder_state()
        problems = _problems(workers, recorder, self._desk.now_ns()) + gap
        told = {
            "workers": workers,
            "recorder": recorder,
            "policy_reports": self._report_count(),
            "problems": problems,
            "is_strict": bool(workers) and all(each["mode"] == "strict" for each in workers),
        }
        return web.json_response(told)

    def _gap(self) -> list[str]:
        """What passed unrecorded and became known lately; nothing where the tables cannot say."""
        since = dt.datetime.fromtimestamp((self._desk.now_ns() - LATELY_NS) / 1e9, dt.UTC)
        try:
            with self._desk.tables.lend() as cursor:
                found = queries.dicts(cursor, "health_gaps", since=since.replace(tzinfo=None))[1][0]
        except StoreError:
            return []
        if not found["gap_count"]:
            return []
        return [
            f"{found['exchange_count']} exchanges passed unrecorded, known within the last hour"
        ]

    def _workers(self) -> list[dict[str, Any]]:
        found = []
        for _, _, path in pages(self._run_folder):
            view = PageView.open(path) if is_locked(path) else None
            if view is None:
                continue
            try:
                found.append(_told(view.reading()))
            finally:
                view.close()
        return found


def _told(page: PageReading) -> dict[str, Any]:
    mode = Mode(page.mode).name.lower() if page.mode in {1, 2} else "starting"
    space = Space(page.space).name.lower() if page.space < len(Space) else "unknown"
    told = {name: value for name, value in asdict(page).items() if not name.endswith("_times")}
    return told | {"boot": f"{page.boot:016x}", "mode": mode, "space": space}


def _problems(workers: list[dict[str, Any]], recorder: dict[str, Any], now_ns: int) -> list[str]:
    found = [] if workers else ["no gateway worker lives: nothing passes"]
    for worker in workers:
        name = f"worker {worker['worker']}"
        if worker["mode"] != "strict":
            found.append(f"{name} is not strict: exchanges may pass unrecorded")
        if worker["is_journal_down"]:
            found.append(f"{name}: its journal takes nothing, see the log")
        if worker["space"] != "ample":
            found.append(f"{name}: the room of its journal is {worker['space']}")
        if worker["heartbeat_ns"] and now_ns - worker["heartbeat_ns"] > SILENT_NS:
            found.append(f"{name} gave no sign of life for a while")
    if recorder.get("lag_s", 0) > LATE_S:
        found.append(f"the recorder is {recorder['lag_s']:.0f} s behind")
    if recorder.get("problem"):
        found.append(f"the tables do not follow the vault: {recorder['problem']}")
    return found
