from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from proxy.audit.erasure.plan import Selection
from proxy.recorder.erasing.eraser import Eraser
from proxy.recorder.erasing.planning import Planned
from proxy.recorder.erasing.routes import ErasingRoutes
from proxy.recorder.keeping.keepings import Kept
from tests.journal.written import living
from tests.recorder.erasing.test_eraser import is_open
from tests.recorder.played import Scene, answered, begun
from tests.recorder.served import ask, serving


async def test_what_is_no_json_object_is_refused_with_a_sentence(scene: Scene) -> None:
    async with serving(scene):
        for path in ("/erase", "/hold", "/release"):
            status, told = await ask(scene.folder / "run", "POST", path, [1])
            assert status == 400
            assert told["error"]


async def test_what_was_begun_is_finished_once_the_tables_answer(tmp_path: Path) -> None:
    class Late:
        attempts = 0
        tell = None

        async def resume(self) -> None:
            self.attempts += 1

    late = Late()
    routes = ErasingRoutes(late, tmp_path, tmp_path / "facts.duckdb")  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        await routes.resume()
    assert late.attempts == 1


async def test_another_plan_than_the_one_that_was_shown_is_not_carried_out(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            wish = {"id": "v1_1", "reason": "they asked for it", "actor": "ann"}
            run = scene.folder / "run"
            _, told = await ask(run, "POST", "/erase", wish | {"dry_run": True})
            shown = told["plan"]["digest"]

            status, answer = await ask(run, "POST", "/erase", wish | {"plan": "0" * 32})
            assert (status, answer["error"].partition(":")[0]) == (
                400,
                "the plan is another one by now",
            )
            assert is_open(scene, 1)
            status, _ = await ask(run, "POST", "/erase", wish | {"plan": shown})
            assert status == 200
        assert not is_open(scene, 1)


async def test_a_turn_that_comes_once_the_plan_was_looked_at_stays(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = Eraser._planned
    with living(scene.folder) as worker:
        later = json.dumps({"model": "m", "input": "on", "previous_interaction_id": "v1_1"})

        async def and_then_one_more(eraser: Eraser, selection: Selection, kept: Kept) -> Planned:
            found = await planned(eraser, selection, kept)
            monkeypatch.undo()
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence, later.encode()), *answered(sequence)])
            await eraser._flush()
            return found

        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            wish = {"id": "v1_1", "reach": "thread", "reason": "asked for", "actor": "ann"}
            run = scene.folder / "run"
            _, told = await ask(run, "POST", "/erase", wish | {"dry_run": True})
            monkeypatch.setattr(Eraser, "_planned", and_then_one_more)
            status, done = await ask(run, "POST", "/erase", wish | {"plan": told["plan"]["digest"]})

            assert (status, done["plan"]["interactions"]) == (200, ["v1_1"])
        assert [is_open(scene, sequence) for sequence in (1, 2)] == [False, True]
