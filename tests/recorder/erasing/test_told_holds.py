"""Holds and releases that are told as acts: they take their turn with erasures, as the others do."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.journal.written import living
from tests.recorder.erasing.test_eraser import erase, hold, is_open, query
from tests.recorder.played import Scene, answered, begun
from tests.recorder.served import ask, serving


async def tell(scene: Scene, *acts: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    told = [{"detail": "a case", "actor": "bob", **act} for act in acts]
    return await ask(scene.folder / "run", "POST", "/acts", {"acts": told})


async def test_a_hold_that_is_told_as_an_act_waits_for_the_erasure_under_way(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene) as recorder, asyncio.TaskGroup() as tasks:
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            await ask(scene.folder / "run", "POST", "/flush")
            async with recorder.erasing._eraser._turn:
                telling = tasks.create_task(
                    tell(scene, {"kind": "hold", "interaction": "v1_1"}), name="telling"
                )
                plain = await tell(scene, {"kind": "access"})
                flushed, _ = await ask(scene.folder / "run", "POST", "/flush")

                assert (plain[0], flushed) == (200, 200)
                assert not telling.done()
                assert not await query(scene, "holds_listed")

            assert (await telling)[0] == 200
            assert len(await query(scene, "holds_listed")) == 1


async def test_an_act_holds_nothing_that_was_erased_and_releases_no_hold_that_is_not_there(
    scene: Scene,
) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            await erase(scene, id="v1_1")

            late = await tell(scene, {"kind": "hold", "interaction": "v1_1"})
            of_nothing = await tell(scene, {"kind": "hold"})
            unnamed = await tell(scene, {"kind": "release", "interaction": "v1_1"})
            unknown = await tell(scene, {"kind": "release", "data": {"hold": "0" * 32}})

    assert [each[0] for each in (late, of_nothing, unnamed, unknown)] == [400] * 4
    assert "was erased" in late[1]["error"]
    assert "in force" in unknown[1]["error"]


async def test_a_release_that_is_told_as_an_act_does_what_waited_for_it(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            placed = await hold(scene, "v1_1")
            await erase(scene, id="v1_1")
            assert is_open(scene, 1)

            status, _ = await tell(scene, {"kind": "release", "data": {"hold": placed}})

            assert status == 200
            assert not is_open(scene, 1)
