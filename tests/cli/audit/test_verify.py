"""The verb: a folder without a trail, the one file, and a whole check."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.app import main
from tests.recorder.trail.trodden import Trodden
from tests.store.vault.built import VaultFolder


def test_a_trail_is_checked_with_its_vault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden = Trodden(VaultFolder(tmp_path))
    trodden.make_keys()
    trodden.record(4, is_closed=True)
    trodden.follow()

    assert main(["verify", "--data", str(tmp_path)]) == 0
    assert "4 present" in capsys.readouterr().out


def test_where_nothing_was_recorded_the_verb_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--data", str(tmp_path)]) == 3
    assert "there is no trail" in capsys.readouterr().err


def test_the_verifier_is_written_as_one_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--standalone"]) == 0
    assert "import argparse" in capsys.readouterr().out
