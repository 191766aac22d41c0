"""The whole demo, as `make demo` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_demo_ends_well_and_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "proxy", "demo", "--data", str(tmp_path / "d")]
    nowhere = {**os.environ, "PATH": str(tmp_path)}

    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=nowhere
    )

    assert done.returncode == 0, done.stderr
    assert "requires_action: get_weather(" in done.stdout
    assert "deep-research" in done.stdout
    assert "function_call" in done.stdout
    assert f"The records stay in {tmp_path / 'd'}" in done.stdout
    assert f"  {sys.executable} -m proxy sql --data {tmp_path / 'd'}\n" in done.stdout
    assert "Traceback" not in done.stderr
