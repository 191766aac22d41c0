"""`dispose --key-from-stdin`, up to where a proxy is needed; with one: tests/end_to_end/test_offered.py."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.steward.offering.offered import credential_of

KEY = b"a-key-that-is-offered-0123456789"
DISPOSE = ("dispose", "v1_a", "--reason", "asked for", "--key-from-stdin", "--data")


@pytest.fixture(autouse=True)
def _stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(KEY + b"\n")))


def test_nothing_is_read_or_made_where_no_proxy_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*DISPOSE, str(tmp_path / "none")]) != 0

    assert "no recorder runs on" in capsys.readouterr().err
    assert sys.stdin.buffer.tell() == 0
    assert not (tmp_path / "none").exists()


def test_beside_a_fleet_s_stewards_nobody_acts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = tmp_path / "engine"
    engine.write_text("postgresql://127.0.0.1:9/none")
    fleet = f"--set=fleet.engine_file={engine}"

    assert main([*DISPOSE, str(tmp_path), fleet]) != 0

    assert "give one of them the credential" in capsys.readouterr().err


def test_a_key_reaches_its_own_copies_and_those_of_the_project_it_is_of(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    alone = credential_of(tmp_path, KEY + b"\n", "d" * 16)
    (own,) = alone.scope

    assert credential_of(tmp_path, KEY, "").scope == {own}
    assert credential_of(tmp_path, KEY, f"{own},{'d' * 16}").scope == {own, "d" * 16}
    assert KEY.decode() not in repr(alone)
