from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from tests.admin.served import served

REASON = {"Audit-Reason": "ticket 7"}
CALLS = [
    ("/v1/erase/plan", {"id": "v1_one"}),
    ("/v1/erase", {"id": "v1_one"}),
    ("/v1/holds", {"id": "v1_one"}),
    ("/v1/holds/h1/release", {}),
]


@pytest.mark.parametrize(("path", "body"), CALLS)
async def test_an_operator_with_a_reason_may_and_nobody_else(
    tmp_path: Path, tables: LentTables, path: str, body: dict[str, str]
) -> None:
    async with served(tmp_path, tables) as listener:
        operator = listener.token(Role.OPERATOR)
        for role in (Role.VIEWER, Role.AUDITOR):
            told = await listener.ask(
                path, listener.token(role), method="POST", json=body, headers=REASON
            )
            assert told.status == 403
        assert (await listener.ask(path, operator, method="POST", json=body)).status == 400
        assert listener.wishes == []
        done = await listener.ask(path, operator, method="POST", json=body, headers=REASON)

    assert done.status == 200
    (asked,) = listener.wishes
    assert asked[1]["actor"] == "the-operator"
    assert asked[1]["reason"] == "ticket 7"
    assert asked[1].get("dry_run") is {"/v1/erase/plan": True, "/v1/erase": False}.get(path)


async def test_each_plan_is_told_with_its_reason_and_never_counted_with_another(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        for label in ("user=a", "user=b"):
            await listener.ask(
                "/v1/erase/plan",
                listener.local,
                method="POST",
                json={"label": label},
                headers=REASON,
            )

    told = [json.loads(act.data or "") for act in listener.acts.told]
    assert [(each["query"], each["reason"], each["row_count"]) for each in told] == [
        ("erase_plan", "ticket 7", 2)
    ] * 2
    assert "user=a" not in str(listener.acts.told)


async def test_what_policies_keep_is_set_aside_by_an_admin_alone(
    tmp_path: Path, tables: LentTables
) -> None:
    body = {"id": "v1_one", "bypass": True}
    async with served(tmp_path, tables) as listener:
        answers = [
            await listener.ask(
                "/v1/erase", listener.token(role), method="POST", json=body, headers=REASON
            )
            for role in (Role.OPERATOR, Role.ADMIN)
        ]

    assert [answer.status for answer in answers] == [403, 200]
    assert [wish["bypass"] for _, wish in listener.wishes] == [True]


async def test_what_compares_content_needs_the_right_to_it_and_is_an_access(
    tmp_path: Path, tables: LentTables
) -> None:
    body = {"pointer": "/input", "value": "what he said"}
    async with served(tmp_path, tables) as listener:
        operator = await listener.ask(
            "/v1/erase/plan",
            listener.token(Role.OPERATOR),
            method="POST",
            json=body,
            headers=REASON,
        )
        owner = await listener.ask(
            "/v1/erase/plan", listener.local, method="POST", json=body, headers=REASON
        )

    assert (operator.status, owner.status) == (403, 200)
    assert [act.kind for act in listener.acts.told] == ["query", "access"]  # who was refused, too
    assert "what he said" not in str(listener.acts.told)


async def test_what_the_recorder_refuses_is_said_and_told(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        told = await listener.ask(
            "/v1/holds", listener.local, method="POST", json={"id": "v1_none"}, headers=REASON
        )

    assert told.status == 400
    assert "v1_none" in told.json()["error"]
    assert json.loads(listener.acts.told[0].data or "")["outcome"] == "refused"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"id": "v1_one", "actor": "somebody else"}'])
async def test_another_body_reaches_nothing(
    tmp_path: Path, tables: LentTables, body: bytes
) -> None:
    async with served(tmp_path, tables) as listener:
        told = await listener.ask(
            "/v1/erase", listener.local, method="POST", data=body, headers=REASON
        )

    assert told.status == 400
    assert listener.wishes == []
