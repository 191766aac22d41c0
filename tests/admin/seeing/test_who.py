from __future__ import annotations

from pathlib import Path

from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from tests.admin.served import served


async def test_a_reader_is_told_name_role_and_rights(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        viewer = (await listener.ask("/v1/me", listener.token(Role.VIEWER))).json()
        owner = (await listener.ask("/v1/me", listener.local)).json()

    assert (viewer["name"], viewer["role"], viewer["rights"]) == ("the-viewer", "viewer", ["facts"])
    assert set(owner["rights"]) == {"facts", "content", "hold", "erase", "raw"}


async def test_without_a_worker_it_is_said_that_nothing_passes(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/health", listener.local)).json()

    assert told["workers"] == []
    assert told["is_strict"] is False
    assert told["problems"] == ["no gateway worker lives: nothing passes"]
