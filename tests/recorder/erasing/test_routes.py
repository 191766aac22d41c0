from __future__ import annotations

import asyncio
from pathlib import Path

from proxy.recorder.erasing.routes import ErasingRoutes
from tests.recorder.played import Scene
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
