"""The command line as an operator meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.cli import DONE, WORLD_FAILED, WRONG_USE, command_of_ours, main


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_config_prints_each_value_and_where_it_came_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["config", "--port", "9", "--set", "gateway.workers=2"])

    lines = capsys.readouterr().out.splitlines()
    assert code == DONE
    assert "listen.port = 9    [command line --port]" in lines
    assert "gateway.workers = 2 processes    [command line --set]" in lines
    assert "journal.mode = strict    [default]" in lines


def test_config_explain_also_says_what_for(capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "--explain"])

    assert "INTERACTIONS_PROXY_LISTEN_PORT" in capsys.readouterr().out


def test_a_flag_made_for_the_purpose_wins_over_set(capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "--port", "9", "--set", "listen.port=8"])

    assert "listen.port = 9 " in capsys.readouterr().out


def test_bad_settings_are_wrong_use_and_all_told(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["serve", "--port", "x", "--set", "listen.prt=1", "--upstream", "http://a.example"])

    lines = capsys.readouterr().err.splitlines()
    assert code == WRONG_USE
    assert len(lines) == 3
    assert all(line.startswith("interactions-proxy: ") for line in lines)


def test_set_without_a_value_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "listen.port"]) == WRONG_USE
    assert "--set name=value" in capsys.readouterr().err


def test_an_unwritable_folder_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")

    code = main(["serve", "--port", "0", "--data", str(tmp_path / "file" / "data")])

    (line,) = capsys.readouterr().err.splitlines()
    assert code == WORLD_FAILED
    assert "cannot write to the data folder" in line
    assert "--data" in line


def test_no_verb_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([])

    assert left.value.code == WRONG_USE
    assert "VERB" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["serve", "demo", "emulator", "sql", "show", "tail", "rebuild"])
def test_help_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])

    assert left.value.code == DONE
    assert f"example:\n  interactions-proxy {verb}" in capsys.readouterr().out


def test_asking_for_help_loads_no_database() -> None:
    code = "import sys, proxy.cli as c; c.parser(); print('duckdb' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


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


def test_serve_says_in_five_lines_what_to_do_and_stops_when_asked(
    serving: subprocess.Popen[str], home: Path
) -> None:
    assert serving.stdout is not None
    lines = [serving.stdout.readline() for _ in range(6)]
    serving.send_signal(signal.SIGTERM)
    code = serving.wait(timeout=30)

    assert [line.split()[0] for line in lines] == [
        "recording",
        "Python",
        "JavaScript",
        "data",
        "ask",
        "note",
    ]
    assert "generativelanguage.googleapis.com" in lines[0]
    assert str(home / ".interactions-proxy") in lines[3]
    assert "master.key" in lines[5]
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


@pytest.mark.parametrize("port", ["65536", "-1", "x"])
def test_an_emulator_port_that_is_none_is_wrong_use(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["emulator", f"--port={port}"])

    assert left.value.code == WRONG_USE
    assert "is not a port: 0 to 65,535" in capsys.readouterr().err


def test_a_taken_port_refuses_the_emulator_in_one_sentence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        code = main(["emulator", "--port", str(port)])

    (line,) = capfd.readouterr().err.splitlines()
    assert code == WORLD_FAILED
    assert f"cannot listen on 127.0.0.1 port {port} (Address already in use)" in line


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


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])

    assert left.value.code == DONE
    assert capsys.readouterr().out.startswith("interactions-proxy 0.")
