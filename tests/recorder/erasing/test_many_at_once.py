"""Of one order many interactions go together: as many statements and syncs as for one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journal.written import living
from tests.recorder.erasing.prepared import prepared
from tests.recorder.erasing.test_eraser import erase, is_open
from tests.recorder.played import Scene, answered, begun
from tests.recorder.served import ask, serving


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return prepared(tmp_path)


async def test_many_go_with_as_many_syncs_as_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs: Counter[str] = Counter()

    def counted(of: str) -> Callable[[int], None]:
        real = getattr(os, of)

        def sync(descriptor: int) -> None:
            syncs[str(Path(f"/proc/self/fd/{descriptor}").readlink().parent.name)] += 1
            real(descriptor)

        return sync

    with living(scene.folder) as worker:
        async with serving(scene):
            for _ in range(21):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence), *answered(sequence)])
            await ask(scene.folder / "run", "POST", "/flush")
            for of in ("fsync", "fdatasync"):
                monkeypatch.setattr(f"os.{of}", counted(of))

            await erase(scene, id="v1_21")
            alone, syncs = syncs, Counter()
            told = await erase(scene, ids=[f"v1_{number}" for number in range(1, 21)])

            assert told["plan"]["counts"]["interactions"] == 20
        assert not any(is_open(scene, sequence) for sequence in range(1, 22))
    for folder in ("keys", "slots"):
        assert 0 < syncs[folder] <= alone[folder]


async def test_of_several_of_which_one_is_unknown_none_goes(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            wish = {"ids": ["v1_1", "v1_9"], "reason": "they asked for it", "actor": "ann"}

            status, answer = await ask(scene.folder / "run", "POST", "/erase", wish)

            assert (status, answer["error"]) == (400, "1 of them were not recorded here: v1_9")
            assert is_open(scene, 1)
