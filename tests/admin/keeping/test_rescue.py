from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from proxy.admin.tokens import Role
from proxy.errors import KeyDestroyed
from proxy.recording.exchange import Exchange
from proxy.store.asking.lending import LentTables
from proxy.store.vault.reader import VaultReader
from tests.admin.served import served
from tests.recording.samples import exchange

REASON = {"Audit-Reason": "ticket 7"}
PATH = "/v1/interactions/v1_one/rescue"
ANSWER = {"type": "model_output", "content": [{"type": "text", "text": "hello"}]}


class Vault:
    """Opens one exchange, whoever asks; None: it was erased."""

    def __init__(self, found: Exchange | None) -> None:
        self._found = found

    def exchange(self, _ref: str, _bytes_max: int) -> Exchange:
        if self._found is None:
            raise KeyDestroyed("it was erased")
        return self._found

    def close(self) -> None:
        pass


def opens(found: Exchange | None) -> Any:
    return lambda: cast("VaultReader", Vault(found))


def told() -> Exchange:
    answer = {"id": "v1_one", "status": "completed", "steps": [ANSWER]}
    return exchange(request={"model": "m", "input": "hi"}, response=answer)


async def test_a_conversation_is_given_to_who_may_open_content_and_it_is_an_access(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables, opens(told())) as listener:
        operator = await listener.ask(
            PATH, listener.token(Role.OPERATOR), method="POST", headers=REASON
        )
        auditor = await listener.ask(
            PATH,
            listener.token(Role.AUDITOR),
            method="POST",
            json={"say": "and?"},
            headers=REASON,
        )

    assert operator.status == 403
    found = auditor.json()
    assert (found["is_whole"], found["turn_count"], found["notes"]) == (True, 1, [])
    assert found["body"]["store"] is False
    assert [step["type"] for step in found["body"]["input"]] == [
        "user_input",
        "model_output",
        "user_input",
    ]
    _refused, act = listener.acts.told
    assert (act.kind, act.actor) == ("access", "the-auditor")
    assert "and?" not in str(act)


async def test_what_cannot_be_opened_is_said_and_shows_nothing(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables, opens(None)) as listener:
        gone = await listener.ask(
            PATH, listener.local, method="POST", json={"model": "m"}, headers=REASON
        )

    assert gone.status == 404
    assert "nothing of this conversation" in gone.json()["error"]
    assert json.loads(listener.acts.told[0].data or "")["outcome"] == "refused"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"say": 1}', b'{"store": "true"}'])
async def test_another_body_is_refused(tmp_path: Path, tables: LentTables, body: bytes) -> None:
    async with served(tmp_path, tables, opens(told())) as listener:
        answer = await listener.ask(PATH, listener.local, method="POST", data=body, headers=REASON)

    assert answer.status == 400
