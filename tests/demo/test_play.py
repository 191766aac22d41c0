"""The whole demo, as `make demo` runs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def test_the_demo_ends_well_and_says_how_to_go_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("demo")  # short: the path of a socket is limited
    command = [sys.executable, "-P", "-m", "proxy", "demo", "--data", str(folder / "d")]
    nowhere = {**os.environ, "PATH": str(folder)}

    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=nowhere
    )

    assert done.returncode == 0, done.stderr
    assert "requires_action: get_weather(" in done.stdout
    assert "deep-research" in done.stdout
    assert "function_call" in done.stdout
    assert f"The records stay in {folder / 'd'}" in done.stdout
    assert f"  {sys.executable} -m proxy sql --data {folder / 'd'}\n" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        f"  {sys.executable} -m proxy console --data {folder / 'd'}"
    )
    assert "Traceback" not in done.stderr
