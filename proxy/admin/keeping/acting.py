"""Erasing, holding and releasing, over HTTP. Roles operator and admin; each call needs Audit-Reason.

POST /v1/erase/plan              {"id" | "label" | "pointer" and "value", "reach", "quoted"}: what would go, and what stays
POST /v1/erase                   the same: done, and what came of it; with "plan", a plan's digest, that plan or none;
                                 with "bypass", role admin, also what policies keep and do not lock
POST /v1/holds                   {"id", "conversation"}: placed
POST /v1/holds/{hold}/release    ended; what waited for it is erased before the answer

The recorder tells what was done as acts of its own; here it is told who asked, what came of it, and every plan: a plan
by label says whose labels there are, one by pointer compares content, so that it needs `content`, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.desk import Desk
from proxy.admin.guard import needs, reason_of, refused
from proxy.admin.tokens import Reader, Right
from proxy.admin.trail import Told
from proxy.errors import StoreError
from proxy.recording.secrecy.names import clear_id

Act = Callable[[str, dict[str, Any]], Awaitable[tuple[int, dict[str, Any]]]]
"""What the recorder makes of POST /erase, /hold, /release with that JSON: HTTP status and answer."""

_ERASE: Final = frozenset({"id", "label", "pointer", "value", "reach", "quoted", "plan", "bypass"})
_HOLD: Final = frozenset({"id", "conversation"})
_OUTCOMES: Final = {200: "answered", 400: "refused"}


class Acting:
    """The handlers."""

    def __init__(self, desk: Desk, act: Act) -> None:
        self._desk = desk
        self._act = act

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/erase/plan", self.plan),
            web.post("/v1/erase", self.erase),
            web.post("/v1/holds", self.hold),
            web.post("/v1/holds/{hold}/release", self.release),
        ]

    async def plan(self, request: web.Request) -> web.Response:
        """What an erasure would do now."""
        return await self._erase(request, "erase_plan", is_dry=True)

    async def erase(self, request: web.Request) -> web.Response:
        """Do it."""
        return await self._erase(request, "erase", is_dry=False)

    async def hold(self, request: web.Request) -> web.Response:
        """Answered once nothing that is held can be erased any more."""
        reader = needs(request, Right.HOLD)
        told = Told("hold", reason=reason_of(request))
        wish = await _wish(request, _HOLD)
        return await self._done(reader, told, "/hold", wish)

    async def release(self, request: web.Request) -> web.Response:
        """End one."""
        reader = needs(request, Right.HOLD)
        told = Told("release", reason=reason_of(request))
        return await self._done(reader, told, "/release", {"hold": request.match_info["hold"]})

    async def _erase(self, request: web.Request, query: str, *, is_dry: bool) -> web.Response:
        reader = needs(request, Right.ERASE)
        told = Told(query, reason=reason_of(request))
        wish = await _wish(request, _ERASE)
        if "pointer" in wish:
            needs(request, Right.CONTENT)
        if "bypass" in wish:  # of what a policy keeps: role admin, as for raw content
            needs(request, Right.RAW)
        return await self._done(reader, told, "/erase", wish | {"dry_run": is_dry})

    async def _done(
        self, reader: Reader, told: Told, path: str, wish: dict[str, Any]
    ) -> web.Response:
        """Ask the recorder, and tell the trail whatever came of it."""
        began_ns = self._desk.mono_ns()
        told.outcome = "failed"
        try:
            status, found = await self._act(
                path, wish | {"reason": told.reason, "actor": reader.name}
            )
            told.outcome = _OUTCOMES.get(status, "failed")
            told.row_count = found.get("plan", {}).get("counts", {}).get("interactions", 0)
        finally:
            told.duration_ms = (self._desk.mono_ns() - began_ns) // 1_000_000
            if isinstance(named := wish.get("id"), str):
                told.interaction = clear_id(named)
            if "pointer" not in wish:
                self._desk.trail.asked(reader, told)
        if "pointer" in wish:  # content was read for it
            told.content_count = told.row_count
            try:
                await self._desk.trail.content_shown(reader, told)
            except StoreError as error:
                return later(error)
        if status != 200:
            return refused(status, str(found.get("error", "")))
        return web.Response(body=orjson.dumps(found), content_type="application/json")


async def _wish(request: web.Request, known: frozenset[str]) -> dict[str, Any]:
    """The body, an object of known fields.

    Raises:
        web.HTTPBadRequest: it is another thing.
    """
    try:
        told = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict) or not told.keys() <= known:
        raise web.HTTPBadRequest(reason=f"send a JSON object of {', '.join(sorted(known))}")
    return told
