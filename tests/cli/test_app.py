"""The command as an operator meets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from proxy.cli.app import main
from proxy.cli.verb import DONE, WRONG_USE


def test_bad_settings_are_wrong_use_and_all_told(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["serve", "--port", "x", "--set", "listen.prt=1", "--upstream", "http://a.example"])

    lines = capsys.readouterr().err.splitlines()
    assert code == WRONG_USE
    assert len(lines) == 3
    assert all(line.startswith("interactions-proxy: ") for line in lines)


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
    code = "import sys, proxy.cli.app as c; c.parser(); print('duckdb' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])

    assert left.value.code == DONE
    assert capsys.readouterr().out.startswith("interactions-proxy 0.")
