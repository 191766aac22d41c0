from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proxy.admin.tokens import Role
from proxy.recording.facts import GapFact
from proxy.store.asking.lending import LentTables
from proxy.store.database import Database
from tests.admin.served import NOW_NS, served
from tests.store.samples import SECOND_NS, batch


async def test_a_reader_is_told_name_role_and_rights(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        viewer = (await listener.ask("/v1/me", listener.token(Role.VIEWER))).json()
        owner = (await listener.ask("/v1/me", listener.local)).json()

    assert (viewer["name"], viewer["role"], viewer["rights"]) == ("the-viewer", "viewer", ["facts"])
    assert viewer["dashboard_url"] == "https://boards.example/?from={from}"
    assert set(owner["rights"]) == {"facts", "content", "hold", "erase", "raw"}


async def test_without_a_worker_it_is_said_that_nothing_passes(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/health", listener.local)).json()

    assert told["workers"] == []
    assert told["is_strict"] is False
    assert told["problems"] == ["no gateway worker lives: nothing passes"]


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(59, ["3 exchanges passed unrecorded, known within the last hour"]), (61, [])],
)
async def test_a_gap_is_a_problem_for_an_hour(
    tmp_path: Path, minutes: int, told: list[str]
) -> None:
    at = NOW_NS - minutes * 60 * SECOND_NS
    gap = GapFact(at, 0, "f" * 16, 3, 0, at, at, "the disk was full")
    lent = LentTables(lambda: Database.open(tmp_path / "facts.duckdb")).open()
    lent.ingest(replace(batch(), gaps=(gap,)))
    async with served(tmp_path, lent) as listener:
        found = (await listener.ask("/v1/health", listener.local)).json()["problems"]
    lent.close()

    assert found[1:] == told  # the first one says that nobody serves
