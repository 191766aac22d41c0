"""Statements of the reader's own, in the sandbox.

POST /v1/sql with {"sql": "SELECT ..."} (application/json) or the statement itself (application/sql).

Answers like a shipped query, from a copy of the tables not older than a minute. `content(ref)` opens sealed
text for those who may and say why (Audit-Reason); it is NULL for all others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.asking.snapshots import Snapshots
from proxy.admin.desk import Busy, Desk, answered, wanted_form
from proxy.admin.guard import REASON_HEADER, needs, reason_of, refused
from proxy.admin.tokens import Right
from proxy.admin.trail import Told
from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.store.asking.answer import Answer, TooSlow, WrongQuestion
from proxy.store.sandbox.asking import Question, TooMuch, answer_in_sandbox
from proxy.store.vault.reader import VaultReader


class Statements:
    """The handler."""

    def __init__(
        self, desk: Desk, snapshots: Snapshots, open_reader: Callable[[], VaultReader]
    ) -> None:
        self._desk = desk
        self._snapshots = snapshots
        self._open_reader = open_reader

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/sql", self.ask)]

    async def ask(self, request: web.Request) -> web.Response:
        """Rows of one SELECT, or the plan of an EXPLAIN."""
        reader = needs(request, Right.FACTS)
        form = wanted_form(request)
        sql = _statement(request.content_type, await request.read())
        if sql is None:
            return refused(415, 'send {"sql": "..."} as application/json, or application/sql')
        told = Told("sql", sql=sql)
        if reader.may(Right.CONTENT) and REASON_HEADER in request.headers:
            told.reason = reason_of(request)
        opened_refs: list[str] = []
        response = await self._answer_or_refusal(told, sql, form, opened_refs)
        told.content_refs = list(dict.fromkeys(opened_refs))  # DuckDB asks twice for a constant
        told.content_count = len(told.content_refs)
        try:
            # Whatever came of it: a sentence of DuckDB about a value shows the value.
            if opened_refs:
                await self._desk.trail.content_shown(reader, told)
            else:
                self._desk.trail.asked(reader, told)
        except StoreError as error:
            return later(error)
        return response

    async def _answer_or_refusal(
        self, told: Told, sql: str, form: str, opened_refs: list[str]
    ) -> web.Response:
        try:
            return await self._answer(told, sql, form, opened_refs)
        except WrongQuestion as error:
            told.outcome = "refused"
            return refused(400, str(error))
        except (TooSlow, TooMuch) as error:
            told.outcome = "failed"
            return refused(504, str(error))
        except (Busy, StoreError) as error:
            told.outcome = "failed"
            return later(error)

    async def _answer(
        self, told: Told, sql: str, form: str, opened_refs: list[str]
    ) -> web.Response:
        async with self._snapshots.newest() as snapshot:
            question = Question(snapshot, sql, opened=opened_refs)
            began_ns = self._desk.mono_ns()
            work = partial(self._work, question, may_open=told.reason is not None)
            found = await self._desk.in_thread(work)
        response = await self._desk.in_thread(partial(answered, found, form, "answer"))
        told.duration_ms = (self._desk.mono_ns() - began_ns) // 1_000_000
        told.row_count = found.table.num_rows
        return response

    def _work(self, question: Question, *, may_open: bool) -> Answer:
        if not may_open:
            return answer_in_sandbox(question)
        vault = self._open_reader()
        try:
            question.open_content = partial(opened, vault)
            return answer_in_sandbox(question)
        finally:
            vault.close()


def opened(vault: VaultReader, ref: str) -> bytes | None:
    """What a reference opens, or None where it was erased, damaged, or never one."""
    try:
        return vault.content(ref)
    except (KeyDestroyed, FormatError):
        return None


def _statement(content_type: str, body: bytes) -> str | None:
    """Both types make a browser ask first before it sends them from another origin."""
    try:
        if content_type == "application/sql":
            return body.decode()
        if content_type == "application/json":
            told = orjson.loads(body)
            sql = told.get("sql") if isinstance(told, dict) else None
            return sql if isinstance(sql, str) else None
    except ValueError:
        return None
    return None
