"""Interactions over HTTP.

GET /v1/interactions?status=&model=&from=&to=&before=&limit=   {"rows": [...], "next": {...} or null}
GET /v1/interactions/{id}                                      everything known of one, without content
GET /v1/interactions/{id}?content=true                         with its redacted content; Audit-Reason needed

`next` holds the parameters of the next page. Content is shown once the vault has the access.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.asking.statements import opened
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs, reason_of, refused
from proxy.admin.tokens import Reader, Right
from proxy.admin.trail import Told
from proxy.errors import StoreError
from proxy.recording.secrecy.names import clear_id
from proxy.store import queries
from proxy.store.asking.answer import TooSlow, WrongQuestion, answer_shipped
from proxy.store.asking.forms import json_value, rows
from proxy.store.asking.one import about_one, steps_of
from proxy.store.asking.shipped import WrongParameter, bound, shipped
from proxy.store.vault.reader import VaultReader

PAGE: Final = "interactions_page"
CONTENTS_MAX: Final = 5000
"""Steps of one interaction whose content one answer shows."""
_PARTS: Final = {
    "media": "media_of",
    "usage": "usage_of",
    "exchanges": "exchanges_of",
    "problems": "problems_of",
}


class Records:
    """The handlers."""

    def __init__(self, desk: Desk, open_reader: Callable[[], VaultReader]) -> None:
        self._desk = desk
        self._open_reader = open_reader

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/interactions", self.page),
            web.get("/v1/interactions/{id}", self.one),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """One page, the latest first."""
        reader = needs(request, Right.FACTS)
        told = Told(PAGE)
        question = shipped()[PAGE]
        try:
            values = bound(question, dict(request.query), self._desk.now_ns())
            work = partial(answer_shipped, self._desk.tables, question, values)
            found = await self._desk.in_thread(work)
            told.row_count = found.table.num_rows
        except (WrongParameter, WrongQuestion) as error:
            told.outcome = "refused"
            return refused(400, str(error))
        except (Busy, StoreError, TooSlow) as error:
            told.outcome = "failed"
            return later(error)
        finally:
            self._desk.trail.asked(reader, told)
        lines = list(rows(found.table))
        following = None
        if lines and len(lines) == values["limit"]:
            last = {"to": lines[-1]["created_at"], "before": lines[-1]["interaction"]}
            following = dict(request.query) | last
        return _json({"rows": lines, "next": following})

    async def one(self, request: web.Request) -> web.Response:
        """Everything that is known of one interaction."""
        reader = needs(request, Right.FACTS)
        told = Told("interaction", interaction=request.match_info["id"])
        if request.query.get("content") == "true":
            needs(request, Right.CONTENT)
            told.reason = reason_of(request)
        try:
            sheet = await self._desk.in_thread(partial(self._gather, told))
            if sheet is None:
                told.interaction, told.outcome = clear_id(told.interaction or ""), "not_found"
                self._desk.trail.asked(reader, told)
                return refused(404, "nothing is known of this interaction")
            await self._note(reader, told)
        except (Busy, StoreError) as error:
            return later(error)
        return _json(sheet)

    async def _note(self, reader: Reader, told: Told) -> None:
        if told.reason is not None:
            await self._desk.trail.content_shown(reader, told)
        else:
            self._desk.trail.asked(reader, told)

    def _gather(self, told: Told) -> dict[str, Any] | None:
        with self._desk.tables.lend() as cursor:

            def ask(query: str, **given: object) -> list[dict[str, Any]]:
                return queries.dicts(cursor, query, **given)[1]

            about = about_one(ask, told.interaction or "")
            if about is None:
                return None
            sheet: dict[str, Any] = {"interaction": about, "timeline": steps_of(ask, about)}
            for part, query in _PARTS.items():
                sheet[part] = ask(query, interaction=told.interaction)
        told.row_count = len(sheet["timeline"])
        if told.reason is not None:
            self._open(sheet, told)
        plain: dict[str, Any] = json_value(sheet)
        return plain

    def _open(self, sheet: dict[str, Any], told: Told) -> None:
        """Put content beside its references, and count it."""
        vault = self._open_reader()
        refs: list[str] = []

        def text(ref: str | None) -> Any:
            content = None if ref is None else opened(vault, ref)
            if content is None or ref is None:
                return None
            refs.append(ref)
            try:
                return orjson.loads(content)
            except orjson.JSONDecodeError:
                return None

        try:
            for step in sheet["timeline"][:CONTENTS_MAX]:
                step["content"] = text(step["content_ref"])
            sheet["asked"] = text(sheet["interaction"]["about_ref"])
            sheet["answered"] = text(sheet["interaction"]["answer_ref"])
        finally:
            vault.close()
        told.content_refs, told.content_count = refs, len(refs)


def _json(told: object) -> web.Response:
    return web.Response(body=orjson.dumps(told), content_type="application/json")
