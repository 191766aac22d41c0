"""How the command calls itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from proxy.cli.naming import command_of_ours


@pytest.mark.parametrize(
    ("path", "called", "shown"),
    [
        ("with it", "/elsewhere/interactions-proxy", "interactions-proxy"),
        ("without", ".venv/bin/interactions-proxy", ".venv/bin/interactions-proxy"),
        ("without", "proxy/__main__.py", f"{sys.executable} -m proxy"),
    ],
)
def test_a_command_is_shown_as_the_reader_can_type_it(
    path: str, called: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "with it" / "interactions-proxy"
    command.parent.mkdir()
    command.write_text("#!/bin/sh")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / path))
    monkeypatch.setattr(sys, "argv", [called])

    assert command_of_ours() == shown
