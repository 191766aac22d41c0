"""A signed trail of many exchanges is checked, with all their sealed bytes, by a process of its own.

SCALE_EXCHANGES=1000000 makes a measurement of it (2 GB of disk, five minutes to make); SCALE_SEALED: a folder of so many
that `python -m tests.scale.sealed` wrote, instead of making one.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from proxy.reading.verifying.joined import joined_verifier
from tests.scale.sealed import SEALED, make_sealed

VERIFIED_S: Final = 60
"""Of a million."""
MEMORY_KB: Final = 300_000
IS_MEASURED: Final = SEALED >= 1_000_000


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = os.environ.get("SCALE_SEALED")
    folder = Path(made) if made else tmp_path_factory.mktemp("sealed") / "data"
    if not made:
        make_sealed(folder, SEALED)
    return folder


def verified(folder: Path, *program: str) -> tuple[dict[str, Any], float, int]:
    """What it says, its CPU seconds and its most KB of memory (of all children: those that were smaller do not count)."""
    trail = folder / "trail"
    given = ["--trail", str(trail), "--vkey", str(trail / "trail.vkey"), "--json"]
    given += ["--since", str(folder / "held"), "--vault", str(folder / "vault")]
    given += ["--keys", str(folder / "keys" / "slots")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *program, *given], capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), took_s, after.ru_maxrss


@pytest.mark.parametrize("which", ["the verb", "the one file"])
def test_every_exchange_of_many_is_found_there_within_a_minute(
    which: str, sealed: Path, tmp_path: Path
) -> None:
    program = ["-m", "proxy", "verify"]
    if which == "the one file":
        (tmp_path / "verifier.py").write_text(joined_verifier(), "utf-8")
        program = ["-I", str(tmp_path / "verifier.py")]

    told, took_s, peak_kb = verified(sealed, *program)

    print(f"{which}: {took_s:.1f} CPU s, {peak_kb / 1e3:.0f} MB at {SEALED:,}")
    assert (told["faults"], told["counts"]["present"]) == (0, SEALED)
    assert took_s < VERIFIED_S
    assert peak_kb < MEMORY_KB or not IS_MEASURED


def test_one_bit_of_one_exchange_among_many_is_found(sealed: Path) -> None:
    path = max((sealed / "vault").iterdir())
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        (byte,) = file.read(1)
        try:
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
            file.flush()
            told, _, _ = verified(sealed, "-m", "proxy", "verify")
        finally:
            file.seek(path.stat().st_size // 2)
            file.write(bytes([byte]))

    assert told["faults"] > 0
