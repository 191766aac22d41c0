from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from proxy.admin.asking.snapshots import Snapshots
from proxy.admin.asking.statements import OF_READER_MAX, WAITED_MAX_S, opened
from proxy.admin.tokens import Role
from proxy.errors import FormatError, KeyDestroyed
from proxy.store.asking.answer import Answer, TooSlow, WrongQuestion
from proxy.store.asking.lending import LentTables
from proxy.store.erasing.copies import sweep
from proxy.store.sandbox.asking import Question, answer_in_sandbox
from proxy.store.sandbox.limits import DEADLINE_S, KILL_AFTER_S
from proxy.store.vault.reader import VaultReader
from tests.admin.served import Asked, Served, served

REASON = {"Audit-Reason": "ticket 7"}


class Texts:
    """Stands for a reader of the vault."""

    def content(self, ref: str) -> bytes:
        if ref == "gone":
            raise KeyDestroyed("erased")
        if ref == "odd":
            raise FormatError("no such record")
        return f"the text of {ref}".encode()

    def close(self) -> None:
        pass


def texts() -> VaultReader:
    return cast("VaultReader", Texts())


def test_what_cannot_be_opened_is_nothing() -> None:
    assert opened(texts(), "one") == b"the text of one"
    assert opened(texts(), "gone") is None
    assert opened(texts(), "odd") is None


async def test_an_own_statement_is_answered_and_written_down(
    tmp_path: Path, tables: LentTables
) -> None:
    statement = "SELECT count(*) AS n FROM interactions"
    async with served(tmp_path, tables) as listener:
        token = listener.token(Role.VIEWER)
        told = await listener.ask("/v1/sql", token, method="POST", json={"sql": statement})
        text: dict[str, Any] = {"data": statement, "headers": {"Content-Type": "application/sql"}}
        as_csv = await listener.ask("/v1/sql?format=csv", token, method="POST", **text)
        refused = await listener.ask("/v1/sql", token, method="POST", json={"sql": "DROP x"})

    assert told.json()["rows"] == [{"n": 3}]
    assert as_csv.body == b"n\r\n3\r\n"
    assert refused.status == 400
    outcomes = [json.loads(act.data or "")["outcome"] for act in listener.acts.told]
    assert outcomes == ["answered", "answered", "refused"]
    assert {act.kind for act in listener.acts.told} == {"query"}


async def test_content_is_opened_for_an_auditor_with_a_reason_alone(
    tmp_path: Path, tables: LentTables
) -> None:
    body = {"sql": "SELECT content('one') AS text, content('gone') AS gone"}
    async with served(tmp_path, tables, texts) as listener:
        viewer = await listener.ask(
            "/v1/sql", listener.token(Role.VIEWER), method="POST", json=body, headers=REASON
        )
        auditor = listener.token(Role.AUDITOR)
        silent = await listener.ask("/v1/sql", auditor, method="POST", json=body)
        told = await listener.ask("/v1/sql", auditor, method="POST", json=body, headers=REASON)

    nothing = [{"text": None, "gone": None}]
    assert viewer.json()["rows"] == silent.json()["rows"] == nothing
    assert told.json()["rows"] == [{"text": "the text of one", "gone": None}]
    access = listener.acts.told[-1]
    assert (access.kind, access.actor) == ("access", "the-auditor")
    assert json.loads(access.data or "")["content_refs"] == ["one"]
    assert json.loads(access.data or "")["reason"] == "ticket 7"


async def test_content_that_cannot_be_written_down_is_not_shown(
    tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.admin.trail.DURABLE_WITHIN_S", 0.01)
    async with served(tmp_path, tables, texts) as listener:
        listener.acts.refuses = True
        body = {"sql": "SELECT content('one')"}
        told = await listener.ask(
            "/v1/sql", listener.local, method="POST", json=body, headers=REASON
        )

    assert told.status == 503
    assert b"the text" not in told.body


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT CAST(content('one') AS INTEGER)",
        "SELECT error(content('one'))",
        "SELECT strptime(content('one'), '%Y')",
        "SELECT 1 FROM range(2) WHERE content('one')::DATE = DATE '2026-01-01'",
    ],
)
async def test_content_in_a_refusal_is_written_down_or_not_shown(
    tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr("proxy.admin.trail.DURABLE_WITHIN_S", 0.01)
    async with served(tmp_path, tables, texts) as listener:
        ask = partial(
            listener.ask, "/v1/sql", listener.local, method="POST", json={"sql": statement}
        )
        told = await ask(headers=REASON)
        listener.acts.refuses = True
        untold = await ask(headers=REASON)

    assert told.status == 400
    access = listener.acts.told[-1]
    assert access.kind == "access"
    assert json.loads(access.data or "")["content_refs"] == ["one"]
    assert json.loads(access.data or "")["outcome"] == "refused"
    assert untold.status == 503
    assert b"the text" not in untold.body


async def test_one_statement_is_answered_after_the_other(
    tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work = threading.Lock()
    were_alone = []

    def alone(question: Question) -> Answer:
        were_alone.append(at_work.acquire(blocking=False))
        threading.Event().wait(0.02)
        at_work.release()
        raise WrongQuestion(question.sql)

    monkeypatch.setattr("proxy.admin.asking.statements.answer_in_sandbox", alone)
    async with served(tmp_path, tables) as listener:
        body = {"sql": "SELECT 1"}
        ask = partial(listener.ask, "/v1/sql", listener.local, method="POST", json=body)
        found = await asyncio.gather(*[ask() for _ in range(4)])

    assert [each.status for each in found] == [400] * 4
    assert were_alone == [True] * 4


@asynccontextmanager
async def one_is_answered(
    listener: Served, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[str]]:
    """A statement of the owner is answered meanwhile, and then those that wait. Told: all that were answered."""
    begun, may_end = threading.Event(), threading.Event()
    answers: list[str] = []

    def slow(question: Question) -> Answer:
        answers.append(question.sql)
        begun.set()
        may_end.wait(60)
        raise WrongQuestion(question.sql)

    monkeypatch.setattr("proxy.admin.asking.statements.answer_in_sandbox", slow)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(statement_of(listener, listener.local, "the first"))
        try:
            assert await asyncio.to_thread(begun.wait, 60)
            yield answers
        finally:
            may_end.set()


async def statement_of(listener: Served, token: str, sql: str) -> Asked:
    return await listener.ask("/v1/sql", token, method="POST", json={"sql": sql})


async def test_a_statement_waits_for_its_turn_for_so_long_and_is_to_come_again(
    tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.admin.asking.statements.WAITED_MAX_S", 0.05)
    async with served(tmp_path, tables) as listener:
        viewer = listener.token(Role.VIEWER)
        async with one_is_answered(listener, monkeypatch) as answers:
            late = await statement_of(listener, viewer, "too late")
        in_time = await statement_of(listener, viewer, "in time")

    assert (late.status, late.headers["Retry-After"]) == (503, "1")
    assert "ask again later" in late.json()["error"]
    assert in_time.status == 400, "its place is free again"
    assert answers == ["the first", "in time"]


async def test_a_reader_has_a_few_statements_in_the_queue_and_others_theirs(
    tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert OF_READER_MAX * (DEADLINE_S + KILL_AFTER_S) < WAITED_MAX_S
    async with served(tmp_path, tables) as listener:
        viewer = listener.token(Role.VIEWER)
        async with asyncio.TaskGroup() as tasks, one_is_answered(listener, monkeypatch):
            more = [
                tasks.create_task(statement_of(listener, listener.local, "more"))
                for _ in range(OF_READER_MAX)
            ]
            (first,), waiting = await asyncio.wait(more, return_when=asyncio.FIRST_COMPLETED)
            waiting.add(tasks.create_task(statement_of(listener, viewer, "another's")))

    refused, found = first.result(), [each.result() for each in waiting]
    assert refused.status == 503
    assert "of yours" in refused.json()["error"]
    assert [each.status for each in found] == [400] * OF_READER_MAX


async def test_no_copy_is_made_for_who_left_while_waiting(
    tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Snapshots] = []
    newest = Snapshots.newest

    def noted(snapshots: Snapshots) -> AbstractAsyncContextManager[Path]:
        asked.append(snapshots)
        return newest(snapshots)

    monkeypatch.setattr(Snapshots, "newest", noted)
    async with served(tmp_path, tables) as listener:
        async with one_is_answered(listener, monkeypatch) as answers:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await statement_of(listener, listener.token(Role.VIEWER), "left")
        last = await statement_of(listener, listener.local, "the last")

    assert last.status == 400
    assert answers == ["the first", "the last"]
    assert len(asked) == 2


@pytest.mark.parametrize("swept", [1, 2])
async def test_a_statement_whose_copy_an_erasure_swept_away_is_asked_of_another(
    tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch, swept: int
) -> None:
    asked: list[Path] = []

    def starved(question: Question) -> Answer:
        asked.append(question.snapshot)
        if len(asked) <= swept:
            sweep(tmp_path)
        return answer_in_sandbox(question)

    monkeypatch.setattr("proxy.admin.asking.statements.answer_in_sandbox", starved)
    async with served(tmp_path, tables) as listener:
        told = await statement_of(
            listener, listener.local, "SELECT count(*) AS n FROM interactions"
        )

    assert len(set(asked)) == 2
    if swept == 1:
        assert told.json()["rows"] == [{"n": 3}]
    else:
        assert told.status == 503
        assert "ask again" in told.json()["error"]


async def test_a_statement_ends_when_who_asked_it_has_left(
    tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(question: Question) -> Answer:
        begun.set()
        while question.is_wanted():
            threading.Event().wait(0.01)
        ended.set()
        raise TooSlow("nobody waits for it any more")

    monkeypatch.setattr("proxy.admin.asking.statements.answer_in_sandbox", endless)
    async with served(tmp_path, tables) as listener:
        body = {"sql": "SELECT 1"}
        ask = partial(listener.ask, "/v1/sql", listener.local, method="POST", json=body)
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(ask())
            assert await asyncio.to_thread(begun.wait, 60)
            asking.cancel()
        assert await asyncio.to_thread(ended.wait, 60)


async def test_a_form_of_a_page_is_no_statement(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        for more in ({"data": {"sql": "SELECT 1"}}, {"data": "SELECT 1"}, {"json": [1]}):
            told = await listener.ask("/v1/sql", listener.local, method="POST", **more)
            assert told.status == 415
