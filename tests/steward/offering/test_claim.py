from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.steward.offering.claim import FOLDER, Claim

ADA, BEN, EVE = "a" * 16, "b" * 16, "e" * 16
KILLED = """
import os, signal, sys
from pathlib import Path
from proxy.steward.offering.claim import Claim
claim = Claim(Path(sys.argv[1]), [sys.argv[2]])
print(claim.take(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_client_has_one_who_cares(tmp_path: Path) -> None:
    first, second, third = (Claim(tmp_path, scope) for scope in ((ADA, BEN), (BEN, EVE), (EVE,)))

    assert first.take()
    assert first.take()  # it has it
    assert not second.take()  # not even in part
    assert third.take()
    first.close()
    third.close()


def test_what_was_let_go_may_be_taken(tmp_path: Path) -> None:
    first, second = Claim(tmp_path, [ADA]), Claim(tmp_path, [ADA])
    assert first.take()

    first.close()
    assert second.take()
    assert not first.take()
    second.close()
    assert first.take()
    first.close()
    first.close()


def test_a_disk_that_takes_nothing_leaves_no_claim_that_says_nothing(tmp_path: Path) -> None:
    first, second = Claim(tmp_path, [ADA]), Claim(tmp_path, [ADA])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            first.take()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert second.take()
    assert not first.take()
    second.close()


def test_what_a_killed_process_had_may_be_taken_and_leaves_no_file(tmp_path: Path) -> None:
    program = (sys.executable, "-c", KILLED, str(tmp_path), ADA)
    killed = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert killed.stdout == "True\n"

    claim = Claim(tmp_path, [ADA])
    assert claim.take()
    assert len(list((tmp_path / FOLDER).glob("*.json"))) == 1
    claim.close()
    assert not list((tmp_path / FOLDER).glob("*.json"))
