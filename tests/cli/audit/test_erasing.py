from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import FOUND_A_PROBLEM, WORLD_FAILED, WRONG_USE
from tests.journal.written import living
from tests.recorder.played import Scene, whole
from tests.recorder.served import serving

WHY = ("--reason", "they asked for it", "--by", "ann")


async def run(scene: Scene, *arguments: str) -> int:
    verb, *rest = arguments
    return await asyncio.to_thread(main, [verb, "--data", str(scene.folder), *rest])


async def test_a_hold_an_erasure_and_a_release_as_one_types_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path)
    with living(tmp_path) as worker:
        async with serving(scene):
            worker.commit([*whole(worker.writer.begin()), *whole(worker.writer.begin())])

            assert await run(scene, "hold", "v1_1", "--json", *WHY) == 0
            hold = json.loads(capsys.readouterr().out)["hold"]
            assert await run(scene, "hold", "--list") == 0
            assert f"{hold} v1_1 since" in capsys.readouterr().out

            assert await run(scene, "erase", "v1_1", "--dry-run") == FOUND_A_PROBLEM
            shown = capsys.readouterr().out
            assert (
                f"PARTIAL. Kept, because a hold or a policy protects it:\n  v1_1 (hold {hold})"
                in shown
            )
            assert "Google's own copy" in shown

            monkeypatch.setattr("builtins.input", lambda _question: "no")
            assert await run(scene, "erase", "v1_2", *WHY) == FOUND_A_PROBLEM
            assert "nothing was erased" in capsys.readouterr().err
            assert await run(scene, "erase", "v1_2", "--yes", *WHY) == 0
            assert "Erased 1 interaction: the keys of 1 exchange" in capsys.readouterr().out

            assert await run(scene, "erase", "v1_1", "--yes", "--json", *WHY) == FOUND_A_PROBLEM
            assert json.loads(capsys.readouterr().out)["deferred"] == ["v1_1"]
            assert await run(scene, "release", hold, *WHY) == 0
            assert "deferred erasure done: 1 interaction" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("erase", *WHY),
        ("erase", "v1_1", "--subject", "a=b", *WHY),
        ("erase", "v1_1"),
        ("erase", "v1_1", "--json", *WHY),
        ("hold", "v1_1"),
        ("release", "h"),
    ],
)
async def test_what_is_missing_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert await run(Scene(tmp_path), *arguments) == WRONG_USE


async def test_without_a_recorder_nothing_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(Scene(tmp_path), "erase", "v1_1", "--yes", *WHY) == WORLD_FAILED

    assert "no recorder runs" in capsys.readouterr().err
