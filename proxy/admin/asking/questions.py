"""Shipped queries over HTTP.

GET /v1/queries                          what there is, with parameters
GET /v1/queries/{name}?from=-7d&...     {"rows": [{...}, ...], "is_cut": false}, or ?format=jsonl, csv, arrow, parquet
GET /v1/views                            the schema audit: views, columns, what they mean

An answer says in `Audit-Rows` how many rows it has, and in `Audit-Truncated` whether there were more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from proxy.admin.desk import Busy, Desk, answered, wanted_form
from proxy.admin.guard import needs, refused
from proxy.admin.tokens import Reader, Right
from proxy.admin.trail import Told
from proxy.errors import StoreError
from proxy.recording.secrecy.names import clear_id
from proxy.store.asking.answer import TooSlow, WrongQuestion, answer_shipped
from proxy.store.asking.documents import AuditView, audit_views
from proxy.store.asking.shipped import Shipped, WrongParameter, bound, shipped


class Questions:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/queries", self.catalogue),
            web.get("/v1/queries/{name}", self.ask),
            web.get("/v1/views", self.views),
        ]

    async def catalogue(self, request: web.Request) -> web.Response:
        """Each query: name, subject, about, parameters."""
        needs(request, Right.FACTS)
        return web.json_response([_told(each) for each in shipped().values()])

    async def views(self, request: web.Request) -> web.Response:
        """Each view: name, about, columns with type and about."""
        needs(request, Right.FACTS)

        def look() -> list[AuditView]:
            with self._desk.tables.lend() as cursor:
                return audit_views(cursor)

        try:
            found = await self._desk.in_thread(look)
        except (Busy, StoreError) as error:
            return later(error)
        return web.json_response([each.to_json() for each in found])

    async def ask(self, request: web.Request) -> web.Response:
        """Rows of one query."""
        reader = needs(request, Right.FACTS)
        question = shipped().get(request.match_info["name"])
        if question is None:
            return refused(404, "there is no such query; GET /v1/queries lists them")
        form = wanted_form(request)
        given = {name: text for name, text in request.query.items() if name != "format"}
        told = Told(question.name)
        if "interaction" in given:  # anything may stand there: a key, or what somebody said
            told.interaction = clear_id(given["interaction"])
        try:
            return await self._answer(question, given, form, told)
        except (WrongParameter, WrongQuestion) as error:
            told.outcome = "refused"
            return refused(400, str(error))
        except TooSlow as error:
            told.outcome = "failed"
            return refused(504, str(error))
        except (Busy, StoreError) as error:
            told.outcome = "failed"
            return later(error)
        finally:
            self._note(reader, told)

    async def _answer(
        self, question: Shipped, given: Mapping[str, str], form: str, told: Told
    ) -> web.Response:
        values = bound(question, given, self._desk.now_ns())
        began_ns = self._desk.mono_ns()

        def work() -> web.Response:
            found = answer_shipped(self._desk.tables, question, values)
            told.row_count = found.table.num_rows
            return answered(found, form, question.name)

        response = await self._desk.in_thread(work)
        told.duration_ms = (self._desk.mono_ns() - began_ns) // 1_000_000
        return response

    def _note(self, reader: Reader, told: Told) -> None:
        self._desk.trail.asked(reader, told)


def later(error: Exception) -> web.Response:
    """503 with a time to come back."""
    response = refused(503, str(error) or "too many questions wait already")
    response.headers["Retry-After"] = "1"
    return response


def _told(question: Shipped) -> dict[str, Any]:
    return {
        "name": question.name,
        "subject": question.subject,
        "about": question.about,
        "parameters": [
            {"name": each.name, "type": each.type, "default": each.default, "about": each.about}
            for each in question.parameters
        ],
    }
