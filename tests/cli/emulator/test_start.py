"""The verb that starts the emulator."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import DONE, WORLD_FAILED, WRONG_USE

LITTLE = "scenario: 1\nname: Little\nseed: 5\nturns:\n  - {times: any, answer: {text: Hello.}}\n"


@contextmanager
def emulator(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own; ends it as Ctrl-C does, and wants it to end well."""
    command = [sys.executable, "-P", "-m", "proxy", "emulator", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=30)
    assert code == DONE


def test_it_says_what_it_plays(tmp_path: Path) -> None:
    file = tmp_path / "little.yaml"
    file.write_text(LITTLE)

    with emulator("--scenario", str(file)) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]

    assert lines[0].startswith("emulator    http://127.0.0.1:")
    assert lines[1] == "scenario    Little: 1 turn; anything else is refused\n"
    assert lines[2].startswith("record it   ")


def test_it_starts_at_the_time_it_is_told_and_moves_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with emulator("--json", "--clock-start", "2030-01-01T00:00:00Z") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        codes = [
            main(["clock", "--emulator", url]),
            main(["clock", "--emulator", url, "+55d"]),
            main(["clock", "--emulator", url, "2040-06-01T12:00:00Z", "--json"]),
        ]

    told = capsys.readouterr().out.splitlines()
    assert codes == [DONE] * 3
    assert told[0].startswith("2030-01-01T00:0")
    assert told[1].startswith("2030-02-25T00:0")
    assert json.loads(told[2])["now"].startswith("2040-06-01T12:0")


def test_a_wrong_scenario_refuses_the_start_with_all_its_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("scenario: 1\nordr: any\nturns:\n  - {}\n")

    code = main(["emulator", "--port", "0", "--scenario", str(file)])

    lines = capsys.readouterr().err.splitlines()
    assert code == WRONG_USE
    assert len(lines) == 2
    assert "did you mean order?" in lines[0]


def test_a_tier_keeps_only_for_what_it_offers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emulator", "--tier", "free", "--retention-days", "7"]) == WORLD_FAILED
    assert "free tier" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [("--speed", "fast"), ("--speed", "-1"), ("--clock-start", "yesterday")]
)
def test_a_value_that_is_none_is_told(
    wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["emulator", "=".join(wrong)])

    assert left.value.code == WRONG_USE
    assert "is not a" in capsys.readouterr().err


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
