"""What expires when and where, over HTTP; nothing of it is content.

GET /v1/retention                                        how it stands, days with counts, holds, what waits for them
GET /v1/retention/copies?lane=&since=&until=&limit=&offset=   the copies behind one field
GET /v1/holds?released=&limit=&offset=                   holds in force, or released ones, the latest first
GET /v1/receipts?limit=&offset=                          erasures here, and signed receipts of deletions at Google
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs, refused
from proxy.admin.keeping.duties import MacOf, duties_by_day, noticed, policies_in
from proxy.admin.tokens import Right
from proxy.admin.trail import Told
from proxy.audit.retention.policy import Policy
from proxy.audit.retention.states import FINAL
from proxy.errors import ConfigError, StoreError
from proxy.store import queries
from proxy.store.asking.forms import json_value
from proxy.store.asking.shipped import Parameter, WrongParameter, instant_of

LANES: Final = ("may_expire", "gone_by", "due")
DAYS_BEFORE: Final = 7
DAYS_AHEAD: Final = 62
"""Google keeps 55 days at most, and a day of grace; beyond it a policy of ours alone says anything."""
PAGE_MAX: Final = 200
OFFSET_MAX: Final = 1_000_000
HOLDS_MAX: Final = 500
GROUPS_MAX: Final = 100_000
"""Subjects of policies by hour; beyond it the days of erasures here are not told."""
TOOLS_MAX: Final = 63
"""That policies name; beyond it neither. Each is a bit of a number."""
_FINALS: Final = sorted(str(state) for state in FINAL)


class Calendar:
    """The handlers."""

    def __init__(
        self, desk: Desk, policies_file: Path | None, mac_of: MacOf, notice_ns: int
    ) -> None:
        self._desk = desk
        self._policies_file = policies_file
        self._mac_of = mac_of
        self._notice_ns = notice_ns

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/retention", self.days),
            web.get("/v1/retention/copies", self.copies),
            web.get("/v1/receipts", self.receipts),
            web.get("/v1/holds", self.holds),
        ]

    async def days(self, request: web.Request) -> web.Response:
        """The calendar."""
        return await self._answered(request, "retention", self._days)

    async def copies(self, request: web.Request) -> web.Response:
        """What stands behind one of its fields."""
        return await self._answered(request, "retention_copies", partial(self._copies, request))

    async def receipts(self, request: web.Request) -> web.Response:
        """What was erased here and deleted there."""
        return await self._answered(request, "receipts", partial(self._receipts, request))

    async def holds(self, request: web.Request) -> web.Response:
        """A page of holds."""
        return await self._answered(request, "holds", partial(self._holds, request))

    async def _answered(
        self, request: web.Request, query: str, work: Callable[[], dict[str, Any]]
    ) -> web.Response:
        reader = needs(request, Right.FACTS)
        told = Told(query)
        try:
            found = await self._desk.in_thread(work)
            told.row_count = len(found.get("rows", ()))
        except WrongParameter as error:
            told.outcome = "refused"
            return refused(400, str(error))
        except (Busy, StoreError) as error:
            told.outcome = "failed"
            return later(error)
        finally:
            self._desk.trail.asked(reader, told)
        return web.Response(body=orjson.dumps(json_value(found)), content_type="application/json")

    def _days(self) -> dict[str, Any]:
        now = dt.datetime.fromtimestamp(self._desk.now_ns() / 1e9, dt.UTC).replace(tzinfo=None)
        since = (now - dt.timedelta(days=DAYS_BEFORE)).date()
        until = (now + dt.timedelta(days=DAYS_AHEAD)).date()
        policies, problem = self._policies()
        with self._desk.tables.lend() as cursor:
            ask = partial(queries.dicts, cursor)
            span = {"since": since, "until": until}
            counted = ask("calendar_days", finals=_FINALS, **span)[1]
            stand = ask("calendar_now", finals=_FINALS, now=now)[1][0]
            holds = ask("holds_listed")[1]
            deferred = ask("calendar_deferred", limit=HOLDS_MAX)[1]
            groups: list[dict[str, Any]] = []
            tools = sorted({tool for each in policies for tool in each.tools})
            if len(tools) > TOOLS_MAX:
                problem = "too many different tools to tell the days of erasures here"
            elif any(each.erase_local_after_s is not None for each in policies):
                types = [f"{tool}_{kind}" for tool in tools for kind in ("call", "result")]
                groups = ask("calendar_subjects", types=types, limit=GROUPS_MAX + 1)[1]
                stands = [orjson.loads(row["data"]) for row in ask("policies_told")[1]]
                policies = noticed(policies, stands, self._desk.now_ns(), self._notice_ns)
        if len(groups) > GROUPS_MAX:
            problem, groups = "too many different subjects to tell the days of erasures here", []
        lanes: dict[str, list[dict[str, Any]]] = {lane: [] for lane in LANES}
        for row in counted:
            lanes[row["lane"]].append({"day": row["day"], "count": row["count"]})
        here = sorted(duties_by_day(policies, groups).items())
        return {
            "now": now,
            "since": since,
            "until": until,
            "lanes": lanes,
            "here": [
                {"day": day, "count": found.total(), "policies": dict(found)} for day, found in here
            ],
            "policies": [_told(each) for each in policies],
            "policies_problem": problem,
            "stand": stand,
            "holds": holds[:HOLDS_MAX],
            "deferred": deferred,
        }

    def _policies(self) -> tuple[tuple[Policy, ...], str | None]:
        try:
            return policies_in(self._policies_file, self._mac_of), None
        except ConfigError as error:
            return (), str(error)

    def _copies(self, request: web.Request) -> dict[str, Any]:
        given = request.query
        lane = given.get("lane", "")
        if lane not in LANES:
            raise WrongParameter(f"lane takes {', '.join(LANES)}")
        limit, offset = _range(request)
        span = {
            name: instant_of(
                Parameter(name, "instant", None, ""),
                given.get(name, otherwise),
                self._desk.now_ns(),
            )
            for name, otherwise in (("since", "-4000d"), ("until", "2200-01-01"))
        }
        with self._desk.tables.lend() as cursor:
            rows = queries.dicts(
                cursor,
                "calendar_copies",
                lane=lane,
                finals=_FINALS,
                limit=limit,
                offset=offset,
                **span,
            )[1]
        return {"rows": rows}

    def _receipts(self, request: web.Request) -> dict[str, Any]:
        limit, offset = _range(request)
        page = {"limit": limit, "offset": offset}
        with self._desk.tables.lend() as cursor:
            erasures = queries.dicts(cursor, "calendar_erasures", **page)[1]
            receipts = queries.dicts(cursor, "calendar_receipts", **page)[1]
        return {"erasures": erasures, "receipts": receipts}

    def _holds(self, request: web.Request) -> dict[str, Any]:
        released = request.query.get("released", "false")
        if released not in {"true", "false"}:
            raise WrongParameter("released takes true or false")
        limit, offset = _range(request)
        page = {"is_in_force": released == "false", "limit": limit, "offset": offset}
        with self._desk.tables.lend() as cursor:
            return {"rows": queries.dicts(cursor, "console_holds", **page)[1]}


def _range(request: web.Request) -> tuple[int, int]:
    """How many, from where on. Raises WrongParameter."""
    found = []
    for name, otherwise, most in (("limit", "100", PAGE_MAX), ("offset", "0", OFFSET_MAX)):
        text = request.query.get(name, otherwise)
        if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= most):
            raise WrongParameter(f"{name} takes a whole number up to {most:,}")
        found.append(int(text))
    return found[0], found[1]


def _told(policy: Policy) -> dict[str, Any]:
    """Labels are told by how many there are: they are content."""
    return {
        "name": policy.name,
        "clients": sorted(policy.clients),
        "label_count": len(policy.labels),
        "models": sorted(policy.models),
        "tools": sorted(policy.tools),
        "delete_upstream_after_s": policy.delete_upstream_after_s,
        "erase_local_after_s": policy.erase_local_after_s,
        "keep_local_s": policy.keep_local_s,
        "never_store": policy.never_store,
    }
