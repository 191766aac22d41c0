from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from proxy.admin.asking.statements import opened
from proxy.admin.tokens import Role
from proxy.errors import FormatError, KeyDestroyed
from proxy.store.asking.lending import LentTables
from proxy.store.vault.reader import VaultReader
from tests.admin.served import served

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


async def test_a_form_of_a_page_is_no_statement(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        for more in ({"data": {"sql": "SELECT 1"}}, {"data": "SELECT 1"}, {"json": [1]}):
            told = await listener.ask("/v1/sql", listener.local, method="POST", **more)
            assert told.status == 415
