"""Verbs that start something."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import DONE, WORLD_FAILED


def test_an_unwritable_folder_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")

    code = main(["serve", "--port", "0", "--data", str(tmp_path / "file" / "data")])

    (line,) = capsys.readouterr().err.splitlines()
    assert code == WORLD_FAILED
    assert "cannot write to the data folder" in line
    assert "--data" in line


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short path: the socket below it may have 107 bytes, and test names are long."""
    return tmp_path_factory.mktemp("h")


@pytest.fixture
def serving(home: Path) -> Iterator[subprocess.Popen[str]]:
    """`serve` on a free port, as a process of its own."""
    command = [sys.executable, "-P", "-m", "proxy", "serve", "--port", "0"]
    environment = {**os.environ, "HOME": str(home)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.kill()


def test_serve_says_in_eight_lines_what_to_do_and_stops_when_asked(
    serving: subprocess.Popen[str], home: Path
) -> None:
    assert serving.stdout is not None
    lines = [serving.stdout.readline() for _ in range(8)]
    serving.send_signal(signal.SIGTERM)
    code = serving.wait(timeout=30)

    assert [line.split()[0] for line in lines] == [
        "recording",
        "Python",
        "JavaScript",
        "data",
        "ask",
        "console",
        "audit",
        "note",
    ]
    assert "generativelanguage.googleapis.com" in lines[0]
    assert str(home / ".interactions-proxy") in lines[3]
    assert "/console" in lines[5]
    assert "http://127.0.0.1:" in lines[6]
    assert "master.key" in lines[7]
    assert code == DONE


def test_serve_json_says_where_it_listens_for_programs(home: Path) -> None:
    command = [sys.executable, "-P", "-m", "proxy", "serve", "--json", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data", str(home / "d")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        about = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30)

    assert about["url"].startswith("http://127.0.0.1:")
    assert about["admin"].startswith("http://127.0.0.1:")
    assert about["data"] == str(home / "d")
    assert code == DONE


def test_a_taken_port_is_refused_in_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        code = main(["serve", "--port", str(port), "--data", str(tmp_path / "d")])

    (line,) = capfd.readouterr().err.splitlines()
    assert code == WORLD_FAILED
    assert f"port {port} on 127.0.0.1 is taken" in line
