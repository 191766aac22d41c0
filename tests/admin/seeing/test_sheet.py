from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from proxy.store.vault.reader import VaultReader
from tests.admin.seeing.test_find import REASON, Steps
from tests.admin.served import served


class Vault(Steps):
    def payload(self, ref: str) -> bytes:
        return ref.encode()


def vault() -> VaultReader:
    return cast("VaultReader", Vault())


async def test_a_viewer_gets_facts_and_an_auditor_what_was_said(
    tmp_path: Path, tables: LentTables
) -> None:
    path = "/v1/interactions/v1_three/sheet"
    async with served(tmp_path, tables, vault) as listener:
        viewer = listener.token(Role.VIEWER)
        facts = (await listener.ask(path, viewer)).json()
        refused = await listener.ask(f"{path}?content=true", viewer, headers=REASON)
        silent = await listener.ask(f"{path}?content=true", listener.local)
        whole = (await listener.ask(f"{path}?content=true", listener.local, headers=REASON)).json()

    assert [step["type"] for step in facts["timeline"]] == ["thought"]
    assert "content" not in facts["timeline"][0]
    assert {"usage", "costs", "exchanges", "problems", "acts", "clocks", "trail"} <= facts.keys()
    assert facts["trail"]["checkpoint"] is None
    assert len(facts["trail"]["leaves"]) == 1
    exchange = facts["exchanges"][0]["exchange"]
    assert facts["trace_url"] == f"https://traces.example/{exchange}"
    assert (refused.status, silent.status) == (403, 400)
    assert whole["timeline"][0]["content"]["type"] == "thought"
    assert [act.kind for act in listener.acts.answered] == ["query", "access"]


async def test_a_reason_may_have_any_letters(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables, vault) as listener:
        await listener.ask(
            "/v1/interactions/v1_three/sheet?content=true",
            listener.local,
            headers={"Audit-Reason": "UTF-8''%C3%9Cberpr%C3%BCfung%207"},
        )

    assert json.loads(listener.acts.told[-1].data or "")["reason"] == "Überprüfung 7"


async def test_its_conversation_is_a_tree(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/interactions/v1_one/tree", listener.local)).json()

    assert told["root"] == "v1_one"
    assert [turn["interaction"] for turn in told["turns"]] == ["v1_one"]


async def test_of_an_unknown_one_nothing_is_said_or_kept(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        for part in ("sheet", "tree"):
            path = f"/v1/interactions/what%20he%20said/{part}"
            assert (await listener.ask(path, listener.local)).status == 404

    assert [act.interaction for act in listener.acts.told] == ["(odd)", "(odd)"]
