"""The protocol of a disposal, small enough that spin looks at every state of it (a package of Debian).

A model proves nothing of the code; that the same rules hold there is what tests/audit/retention plays. What it adds: three
turns, two holders, one crash and an upstream that may do anything, in every order.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

MODEL: Final = Path(__file__).with_name("retention.pml")
LIMIT_S: Final = 300
"""It takes seconds."""


@pytest.fixture(scope="session")
def spin() -> str:
    """Installed if it is not there: these tests do not skip."""
    if shutil.which("spin") is None and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", "spin", "gcc", "libc6-dev"], check=False)
    found = shutil.which("spin")
    assert found is not None, "install spin: apt-get install spin gcc"
    return found


def checked(spin: str, folder: Path, *seeded: str) -> str:
    """What the verifier says of the model, all of whose states it looked at."""
    subprocess.run(
        [spin, *(f"-D{each}" for each in seeded), "-a", MODEL],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    compiled = ["gcc", "-O1", "-DSAFETY", "-w", "-o", "pan", "pan.c"]
    subprocess.run(compiled, cwd=folder, check=True, timeout=LIMIT_S)
    return subprocess.run(
        ["./pan", "-m1000000"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    ).stdout


def errors_in(said: str) -> int:
    found = re.search(r"errors: (\d+)", said)
    assert found, said
    return int(found[1])


def test_every_state_keeps_the_rules(spin: str, tmp_path: Path) -> None:
    said = checked(spin, tmp_path)

    assert errors_in(said) == 0, said
    assert "max search depth too small" not in said
    states = re.search(r"(\d+) states, stored", said)
    assert states, said
    assert int(states[1]) > 100_000


@pytest.mark.parametrize(
    ("seeded", "broken"),
    [
        ("BLIND", "is_held"),  # holds are not read again behind the intent
        ("HASTY", "is_owed"),  # after a crash what was sending is sent again
        ("UNORDERED", "state"),  # a turn goes before the ones behind it
        ("TRUSTING", "is_there"),  # what upstream says is believed without a look
    ],
)
def test_a_rule_that_is_left_out_is_missed(
    spin: str, tmp_path: Path, seeded: str, broken: str
) -> None:
    said = checked(spin, tmp_path, seeded)

    assert errors_in(said) > 0
    violated = re.search(r"assertion violated (.*)", said)
    assert violated, said
    assert broken in violated[1]
