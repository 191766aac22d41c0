"""`export` as one types it: what belongs to whom, and what is refused before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import WORLD_FAILED, WRONG_USE
from tests.reading.exporting.exported import SIGNER


@pytest.mark.parametrize(
    "arguments",
    [
        ("--out", "there"),
        ("v1_1", "--to", "there"),
        ("--to", "there", "--content"),
        ("v1_1", "--out", "there", "--since", "2026-11-23"),
    ],
)
def test_what_does_not_belong_together_is_wrong_use(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["export", "--data", str(tmp_path), *arguments]) == WRONG_USE
    assert "--" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [(), ("--to", "a", "--out", "b"), ("--to", "a", "--since", "23.11.")]
)
def test_a_day_and_a_place_are_asked_for(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["export", *arguments])

    assert left.value.code == WRONG_USE


def test_a_folder_without_records_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--data", str(tmp_path), "--to", str(tmp_path / "out")]) == WORLD_FAILED
    assert "no key of a trail" in capsys.readouterr().err


def test_content_needs_somebody_who_writes_down_who_read_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "trail.key").write_text(SIGNER.encode(), "ascii")
    why = ("--content", "--reason", "the court asks")

    code = main(["export", "--data", str(tmp_path), "--to", str(tmp_path / "out"), *why])

    assert code == WORLD_FAILED
    assert "no recorder runs" in capsys.readouterr().err
