from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import StoreError
from proxy.reading.erasing.export import run
from tests.journal.written import living
from tests.recorder.played import Scene, answered, begun
from tests.recorder.served import serving

ASKED: dict[str, Any] = {"model": "m", "input": "who am I?", "labels": {"user": "alice"}}
WISH = {"label": "user=alice", "actor": "ann"}


async def test_a_subject_gets_every_interaction_and_the_copy_is_on_record(tmp_path: Path) -> None:
    scene, out = Scene(tmp_path / "data"), tmp_path / "alice"
    with living(scene.folder) as worker:
        async with serving(scene):
            for body in (json.dumps(ASKED).encode(), b'{"model":"m","input":"another"}'):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence, body), *answered(sequence)])

            assert await asyncio.to_thread(run, scene.folder, WISH, out) == 0
            with pytest.raises(StoreError, match="cannot make the folder"):
                await asyncio.to_thread(run, scene.folder, WISH, out)

    assert [each.name for each in out.iterdir()] == ["v1_1"]
    told = (out / "v1_1" / "interaction.json").read_text("utf-8")
    assert "who am I?" in told
    assert "reply 1" in told
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    copies = [act for act in scene.told().acts if act.kind == "access"]
    assert [json.loads(act.data or "")["interactions"] for act in copies] == [["v1_1"]]
