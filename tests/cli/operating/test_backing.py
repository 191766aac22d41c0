from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import DONE, FOUND_A_PROBLEM, WORLD_FAILED
from proxy.reading.backing.taking import IDENTITY
from tests.journal.written import write_journal
from tests.recorder.played import Scene, whole


@pytest.fixture
def data(tmp_path: Path) -> Path:
    scene = Scene(tmp_path / "data")
    scene.folder.mkdir()
    write_journal(scene.folder, [whole(1)])
    scene.settings()
    (scene.folder / "keys" / IDENTITY).write_bytes(b"i" * 32)
    scene.pipeline().catch_up()
    return scene.folder


def test_there_and_back(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, new = str(tmp_path / "backup"), str(tmp_path / "new")

    # No recorder runs: what is in journals is not in it, and the exit code says so.
    assert main(["backup", "--data", str(data), "--to", target]) == FOUND_A_PROBLEM
    told = capsys.readouterr().out
    assert "The master key is not in it" in told
    assert "what its journals still hold is not in it" in told
    key = str(data / "keys" / "master.key")
    where = ["--from", target, "--data", new, "--master-key", key, "--no-newer-erasures"]
    assert main(["restore", *where]) == DONE
    assert f"interactions-proxy serve --data {new}" in capsys.readouterr().out

    assert (tmp_path / "new" / "vault").is_dir()


def test_programs_are_told_in_json(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["backup", "--data", str(data), "--to", str(tmp_path / "backup"), "--json"])

    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["is_whole"]) == (1, False)
    assert told["written_bytes"] > told["vault_bytes"] > 0


def test_who_restores_says_what_was_erased_since(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--from", str(tmp_path), "--data", str(tmp_path / "new"), "--master-key", "key"]
    with pytest.raises(SystemExit):
        main(["restore", *where])
    assert "--erasures --no-newer-erasures is required" in capsys.readouterr().err

    assert main(["restore", *where, "--no-newer-erasures"]) == WORLD_FAILED
    assert "no finished backup" in capsys.readouterr().err
