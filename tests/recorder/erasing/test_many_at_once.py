"""Of one order many interactions go together: as many statements and syncs as for one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journal.written import living
from tests.recorder.erasing.prepared import prepared
from tests.recorder.erasing.test_eraser import asked, erase, is_open
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


async def test_who_passes_over_what_is_unknown_here_has_all_else_go_and_what_goes_on_from_it(
    scene: Scene,
) -> None:
    """As an order of a fleet's other proxy, which names what that one saw."""
    with living(scene.folder) as worker:
        async with serving(scene):
            for more in ({}, {"previous_interaction_id": "v1_elsewhere"}):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence, asked("hi", **more)), *answered(sequence)])
            wish = {"reason": "ordered", "actor": "fleet", "pass_unknown": True}

            told = await erase(scene, **wish, ids=["v1_1", "v1_9"])
            assert told["plan"]["interactions"] == ["v1_1"]
            assert [is_open(scene, each) for each in (1, 2)] == [False, True]

            nothing = wish | {"ids": ["v1_elsewhere", "v1_9"]}
            status, _ = await ask(scene.folder / "run", "POST", "/erase", nothing)
            assert status == 400

            told = await erase(scene, **nothing, reach="descendants")
            assert told["plan"]["interactions"] == ["v1_2"]
            assert not is_open(scene, 2)
