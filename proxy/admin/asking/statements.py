"""Statements of the reader's own, in the sandbox.

POST /v1/sql with {"sql": "SELECT ..."} (application/json) or the statement itself (application/sql).

Answers like a shipped query, from a copy of the tables not older than a minute. `content(ref)` opens sealed
text for those who may and say why (Audit-Reason); it is NULL for all others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.asking.snapshots import Snapshots
from proxy.admin.desk import WAITING_MAX, Busy, Desk, answered, wanted_form
from proxy.admin.guard import REASON_HEADER, needs, reason_of, refused
from proxy.admin.tokens import Reader, Right
from proxy.admin.trail import Told
from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.store.asking.answer import Answer, TooSlow, WrongQuestion
from proxy.store.sandbox.asking import Question, TooMuch, answer_in_sandbox
from proxy.store.vault.reader import VaultReader

AT_ONCE: Final = 1
"""Statements answered at once: so one core at most works for them, and one of the desk's threads is left for
questions that ship with the proxy. The others wait for their turn, which is no part of their time."""
WAITED_MAX_S: Final = 60.0
"""So long a statement waits for its turn, then its reader is told to come again: a client gives up about then. Who left
meanwhile has no place any longer than that either."""
OF_READER_MAX: Final = 4
"""Statements of one reader that wait or are answered: each takes 10.5 s at most on a core of its own, so the next
reader's turn comes within WAITED_MAX_S."""


class _CopySwept(StoreError):
    """An erasure removed the copy, perhaps before the sandbox had opened it (store/erasing/copies.py)."""


class Statements:
    """The handler."""

    def __init__(
        self, desk: Desk, snapshots: Snapshots, open_reader: Callable[[], VaultReader]
    ) -> None:
        self._desk = desk
        self._snapshots = snapshots
        self._open_reader = open_reader
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting: Counter[str] = Counter()

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
        question = partial(
            Question, sql=sql, opened=opened_refs, is_wanted=lambda: request.transport is not None
        )
        response = await self._answer_or_refusal(reader, told, form, question)
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
        self, reader: Reader, told: Told, form: str, ask: Callable[[Path], Question]
    ) -> web.Response:
        try:
            return await self._answer(reader, told, form, ask)
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
        self, reader: Reader, told: Told, form: str, ask: Callable[[Path], Question]
    ) -> web.Response:
        may_open = told.reason is not None
        async with self._in_turn(reader.name):
            if not ask(Path()).is_wanted():  # a copy may be GBs: none for nobody
                raise TooSlow("nobody waits for it any more")
            try:
                found, began_ns = await self._found(ask, may_open=may_open)
            except _CopySwept:
                found, began_ns = await self._found(ask, may_open=may_open)
        response = await self._desk.in_thread(partial(answered, found, form, "answer"))
        told.duration_ms = (self._desk.mono_ns() - began_ns) // 1_000_000
        told.row_count = found.table.num_rows
        return response

    @asynccontextmanager
    async def _in_turn(self, reader: str) -> AsyncIterator[None]:
        """While no other statement is answered.

        Raises:
            Busy: too many wait, or this one did for too long.
        """
        if self._waiting.total() >= WAITING_MAX:
            raise Busy
        if self._waiting[reader] >= OF_READER_MAX:
            raise Busy(f"{OF_READER_MAX} statements of yours wait already: ask one after the other")
        self._waiting[reader] += 1
        try:
            await self._wait_for_turn()
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._waiting[reader] -= 1
            self._waiting += Counter()  # forgets who has none

    async def _wait_for_turn(self) -> None:
        try:
            async with asyncio.timeout(WAITED_MAX_S):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Busy(f"others' statements took {WAITED_MAX_S:g} s: ask again later") from error

    async def _found(
        self, ask: Callable[[Path], Question], *, may_open: bool
    ) -> tuple[Answer, int]:
        """The answer, and when it was begun.

        Raises:
            _CopySwept: what it says of the statement may be wrong.
        """
        async with self._snapshots.newest() as snapshot:
            began_ns = self._desk.mono_ns()
            work = partial(self._work, ask(snapshot), may_open=may_open)
            try:
                return await self._desk.in_thread(work), began_ns
            except WrongQuestion as error:
                if snapshot.exists():
                    raise
                raise _CopySwept(
                    "erasures sweep the copies of the tables away: ask again later"
                ) from error

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
