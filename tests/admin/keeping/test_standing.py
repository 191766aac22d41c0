from __future__ import annotations

import json
from pathlib import Path

from proxy.admin.keeping.standing import trail_in
from proxy.store.asking.lending import LentTables
from tests.admin.served import served

NOTE = "log.example\n7\ncm9vdA==\n\n— log.example c2ln\n— witness.example c2ln\n"


def test_the_trail_is_told_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text(NOTE)
    lines = [json.dumps({"at": f"2026-11-2{day}T00:00:00+00:00"}) for day in (1, 2)]
    (tmp_path / "checkpoints").write_text("\n".join(lines) + "\n")

    told = trail_in(tmp_path)
    assert told["checkpoint"]["size"] == 7
    assert told["checkpoint"]["signers"] == ["log.example", "witness.example"]
    assert told["checkpoint"]["signed_at"] == "2026-11-22T00:00:00+00:00"
    assert told["witnessed"] is None


def test_a_folder_without_a_trail_and_a_note_that_is_none_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text("\x00\n" * 9)

    assert trail_in(tmp_path) == {"checkpoint": None, "witnessed": None, "key": None}


async def test_room_gaps_and_the_steward_are_told(tmp_path: Path, tables: LentTables) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "one").write_bytes(b"x" * 5000)
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/standing", listener.local)).json()

    assert told["sizes"]["vault"]["file_count"] == 1
    assert told["sizes"]["vault"]["bytes"] >= 4096
    assert told["gaps"]["hour"]["gap_count"] == 0
    assert told["steward"] is None
    assert told["disk"]["free_bytes"] > 0
    assert listener.acts.told == []
