from __future__ import annotations

import asyncio
import stat
import threading
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.recorder.server import held_recorder_lock
from tests.journal.written import living
from tests.recorder.played import Scene, name, whole
from tests.recorder.served import ask, serving


async def test_a_recorder_that_ends_takes_what_is_durable_and_leaves_whole_tables(
    scene: Scene,
) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            worker.commit(whole(worker.writer.begin()))

    assert scene.outcomes() == {name(1): "complete"}
    assert not (scene.folder / "facts.duckdb.wal").exists()
    assert (scene.folder / "facts.duckdb").exists()


async def test_the_socket_is_for_the_owner_alone_and_replaces_a_left_one(scene: Scene) -> None:
    left = scene.folder / "run" / "recorder.sock"
    left.parent.mkdir(exist_ok=True)
    left.touch()

    async with serving(scene):
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
        assert (await ask(left.parent, "GET", "/status"))[0] == 200


async def test_a_disk_that_refuses_ends_the_recorder(scene: Scene) -> None:
    async def lose_the_vault() -> None:
        async with serving(scene) as recorder:
            (scene.folder / "vault" / recorder.pipeline.status().position.file).unlink()
            worker.commit(whole(worker.writer.begin()))
            await ask(scene.folder / "run", "POST", "/flush")

    with living(scene.folder) as worker:
        with pytest.raises(ExceptionGroup) as caught:
            await lose_the_vault()

        assert caught.group_contains(OSError, match="removed")


async def test_a_last_round_that_fails_leaves_no_thread_behind(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen under 1,000 kills: the process stayed for ever, with the folder locked, its tables waiting for news."""

    def refuse(until_ns: int | None = None) -> None:
        raise OSError(f"refused until {until_ns}")

    async def lose_the_last_round() -> None:
        async with serving(scene) as recorder:
            monkeypatch.setattr(recorder.pipeline, "catch_up", refuse)

    with living(scene.folder):
        with pytest.raises(ExceptionGroup) as caught:
            await lose_the_last_round()

        assert caught.group_contains(OSError, match="refused until")
        async with asyncio.timeout(
            60
        ):  # as the end of a process does: for ever, if one was not told
            await asyncio.get_running_loop().shutdown_default_executor()
    assert not (scene.folder / "facts.duckdb.wal").exists()
    assert not {thread.name for thread in threading.enumerate()} & {"metrics", "trail"}


def test_one_recorder_holds_a_folder(tmp_path: Path) -> None:
    with (
        held_recorder_lock(tmp_path),
        pytest.raises(StartRefused, match="a recorder runs"),
        held_recorder_lock(tmp_path),
    ):
        pass

    with held_recorder_lock(tmp_path):
        pass


async def test_a_folder_too_deep_for_a_socket_is_refused_with_advice(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()

    with pytest.raises(ExceptionGroup) as caught:
        async with serving(Scene(deep)):
            pass

    assert caught.group_contains(StartRefused, match="shorter data folder")
