"""Who tries is written down, and a flood of tries fills no vault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from proxy.admin.refusals import CALLERS_MAX, MINUTE_NS, Refusals
from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from tests.admin.served import Acts, served


class Clock:
    now_ns = 10**18

    def __call__(self) -> int:
        return self.now_ns


def told(acts: Acts) -> list[tuple[str | None, Any, Any, Any]]:
    data = [json.loads(act.data or "") for act in acts.told]
    return [
        (act.actor, each["from"], each["status"], each["attempts"])
        for act, each in zip(acts.told, data, strict=True)
    ]


def test_the_first_of_a_minute_is_told_at_once_and_the_others_as_a_count() -> None:
    acts, clock = Acts(), Clock()
    refusals = Refusals(acts.tell, clock)

    for _ in range(1000):
        refusals.note("10.0.0.7", 401, None)
    assert told(acts) == [("nobody", "10.0.0.7", 401, 1)]

    clock.now_ns += MINUTE_NS
    refusals.tell_due()
    assert told(acts)[1:] == [("nobody", "10.0.0.7", 401, 999)]

    refusals.note("10.0.0.7", 403, "ada")
    refusals.close()
    assert told(acts)[2:] == [("ada", "10.0.0.7", 403, 1)]


def test_many_callers_are_told_together() -> None:
    acts = Acts()
    refusals = Refusals(acts.tell, Clock())

    for number in range(10_000):
        refusals.note(f"fd00::{number:x}", 401, None)
    refusals.close()

    assert len(acts.told) == CALLERS_MAX + 2
    assert sum(attempts for *_, attempts in told(acts)) == 10_000
    assert told(acts)[-1] == ("nobody", "others", 401, 10_000 - CALLERS_MAX - 1)


async def test_the_listener_tells_who_came_without_a_right(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        viewer = listener.token(Role.VIEWER)
        for _ in range(3):
            assert (await listener.ask("/v1/queries", "ixp_wrong")).status == 401
        assert (await listener.ask("/v1/queries", viewer)).status == 200
        page = {"Origin": "http://evil.example"}
        assert (await listener.ask("/v1/sql", viewer, method="POST", headers=page)).status == 403
        acts = listener.acts

    refused = told(Acts([act for act in acts.told if "refused" in (act.data or "")]))
    assert refused == [
        ("nobody", "127.0.0.1", 401, 1),
        ("nobody", "127.0.0.1", 403, 1),
        ("nobody", "127.0.0.1", 401, 2),
    ]
    assert not any("ixp_" in f"{act.data}{act.detail}" for act in acts.told)
