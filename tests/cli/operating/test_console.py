from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import DONE, WORLD_FAILED

TAKEN = ("--set", "admin.port=4711")


def test_the_address_carries_the_owners_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "admin").mkdir()
    (tmp_path / "admin" / "local.token").write_text("ixp_one\n")

    assert main(["console", "--data", str(tmp_path), *TAKEN]) == DONE

    assert capsys.readouterr().out == "http://127.0.0.1:4711/console/#token=ixp_one\n"


def test_others_bring_their_own_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["console", "--data", str(tmp_path), *TAKEN, "--set", "admin.address=10.0.0.7"])
        == DONE
    )

    assert capsys.readouterr().out == "http://10.0.0.7:4711/console/\n"


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["console", "--data", str(tmp_path), *TAKEN]) == WORLD_FAILED
    assert "start the proxy first" in capsys.readouterr().err
    assert main(["console", "--data", str(tmp_path), "--set", "admin.port=0"]) == WORLD_FAILED
    assert "which one it took" in capsys.readouterr().err
