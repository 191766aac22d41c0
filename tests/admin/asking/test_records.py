from __future__ import annotations

import json
from pathlib import Path

from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from tests.admin.asking.test_statements import REASON, texts
from tests.admin.served import served


async def test_pages_follow_each_other_without_gap_or_repeat(
    tmp_path: Path, tables: LentTables
) -> None:
    found: list[str] = []
    async with served(tmp_path, tables) as listener:
        query: dict[str, str] | None = {"limit": "1"}
        while query is not None:
            page = (await listener.ask("/v1/interactions", listener.local, params=query)).json()
            found += [row["interaction"] for row in page["rows"]]
            query = page["next"]

    assert found == ["v1_three", "v1_two", "v1_one"]


async def test_a_page_is_narrowed(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = await listener.ask("/v1/interactions?status=completed", listener.local)
        wrong = await listener.ask("/v1/interactions?colour=red", listener.local)

    assert [row["interaction"] for row in told.json()["rows"]] == ["v1_one"]
    assert told.json()["next"] is None
    assert json.loads(listener.acts.told[0].data or "")["row_count"] == 1
    assert wrong.status == 400


async def test_one_is_told_whole_without_content(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = await listener.ask("/v1/interactions/v1_three", listener.token(Role.VIEWER))
        unknown = await listener.ask("/v1/interactions/v1_nobody", listener.local)

    sheet = told.json()
    assert sheet["interaction"]["interaction"] == "v1_three"
    assert [step["type"] for step in sheet["timeline"]] == ["thought"]
    assert "content" not in sheet["timeline"][0]
    assert unknown.status == 404
    assert [(act.kind, act.interaction) for act in listener.acts.told] == [
        ("query", "v1_three"),
        ("query", "v1_nobody"),
    ]
    assert json.loads(listener.acts.told[1].data or "")["outcome"] == "not_found"


async def test_a_key_in_place_of_an_id_is_not_written_down(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        await listener.ask("/v1/interactions/AIza" + "x" * 35, listener.local)
        await listener.ask("/v1/interactions/what%20he%20said", listener.local)

    assert [act.interaction for act in listener.acts.told] == ["(odd)", "(odd)"]


async def test_content_needs_the_role_and_a_reason_and_is_written_down(
    tmp_path: Path, tables: LentTables
) -> None:
    path = "/v1/interactions/v1_three?content=true"
    async with served(tmp_path, tables, texts) as listener:
        auditor = listener.token(Role.AUDITOR)
        by_role = {
            role: (await listener.ask(path, listener.token(role), headers=REASON)).status
            for role in (Role.VIEWER, Role.OPERATOR)
        }
        silent = await listener.ask(path, auditor)
        as_key = {"Audit-Reason": "AIza" + "x" * 35}
        odd = await listener.ask(path, auditor, headers=as_key)
        told = await listener.ask(path, auditor, headers=REASON)

    assert set(by_role.values()) == {403}
    assert silent.status == odd.status == 400
    assert told.status == 200
    (access,) = listener.acts.answered
    assert (access.kind, access.interaction) == ("access", "v1_three")
    assert json.loads(access.data or "")["reason"] == "ticket 7"
