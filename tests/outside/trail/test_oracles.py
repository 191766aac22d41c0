"""Three implementations that share nothing with ours find what was done to a log before a held checkpoint.

They know trees and notes, not vaults: of the twelve kinds those that leave the trail as it was are not theirs to see.
"""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from proxy.audit.trail.merkle import inclusion_proof, leaf_hash, root_of
from proxy.audit.trail.note import Checkpoint
from proxy.errors import FormatError
from tests.reading.verifying.spoiling import KINDS, entries_of
from tests.recorder.trail.trodden import Trodden
from tests.store.vault.built import VaultFolder

ROOT: Final = Path(__file__).parents[3]
ORACLES: Final = ("aics", "pymerkle", "sigstore")
MUTATIONS: Final = int(os.environ.get("TRAIL_MUTATIONS", "200"))
OF_THE_TRAIL: Final = sorted(set(KINDS) - {"spoil_vault", "drop_from_vault"})
NOT_IN_THE_TREE: Final = frozenset({"forge"})
"""Who holds a checkpoint does not read the newest one; an oracle of trees neither."""


class Oracle:
    """A program of somebody else, asked line by line."""

    def __init__(self, name: str) -> None:
        python = ROOT / ".venvs" / f"oracle-{name}" / "bin" / "python"
        assert python.exists(), f"{python} is not there: make outside installs it"
        script = Path(__file__).with_name(f"asked_{name}.py")
        self._process = subprocess.Popen(
            [str(python), "-I", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def problem(self, asked: dict[str, Any]) -> str:
        """Empty: it is the log of the checkpoint."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def oracles() -> Iterator[dict[str, Oracle]]:
    with ExitStack() as stack:
        made = {name: Oracle(name) for name in ORACLES}
        for each in made.values():
            stack.callback(each.close)
        yield made


@pytest.fixture
def trodden(tmp_path: Path) -> Trodden:
    made = Trodden(VaultFolder(tmp_path / "data"))
    made.make_keys()
    made.record(2, 5, 20, is_closed=True)
    made.follow()
    return made


def asked_about(trail: Path, held: str, vkey: str) -> dict[str, Any]:
    """What each of them is told: a folder, or entries with proofs that come from the folder's own hands."""
    checkpoint = Checkpoint.decode(held.partition("\n\n")[0] + "\n")
    try:
        entries = entries_of(trail)
    except (FormatError, FileNotFoundError):
        entries = []
    known = [leaf_hash(entry) for entry in entries]

    def hashes(level: int, first: int, count: int) -> list[bytes]:
        width = 1 << 8 * level
        return [root_of(known[at * width : (at + 1) * width]) for at in range(first, first + count)]

    size = min(checkpoint.size, len(entries))
    proofs = [[one.hex() for one in inclusion_proof(at, size, hashes)] for at in range(size)]
    return {
        "trail": str(trail),
        "vkey": vkey,
        "held": held,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "entries": [base64.b64encode(one).decode() for one in entries],
        "proofs": proofs,
    }


def found_by(oracles: dict[str, Oracle], asked: dict[str, Any]) -> dict[str, str]:
    return {name: oracle.problem(asked) for name, oracle in oracles.items()}


def test_an_honest_log_is_good_to_all_three_and_stays_so_when_it_grows(
    trodden: Trodden, oracles: dict[str, Oracle]
) -> None:
    held = (trodden.trail / "checkpoint").read_text("utf-8")
    vkey = (trodden.trail / "trail.vkey").read_text("utf-8")
    for count in (0, 1, 400):
        trodden.record(count)
        trodden.follow()

        assert set(found_by(oracles, asked_about(trodden.trail, held, vkey)).values()) == {""}


@pytest.mark.parametrize("kind", [one for one in OF_THE_TRAIL if one not in NOT_IN_THE_TREE])
def test_what_was_done_to_a_log_before_a_held_checkpoint_is_found_by_each(
    kind: str, trodden: Trodden, oracles: dict[str, Oracle], tmp_path: Path
) -> None:
    held = (trodden.trail / "checkpoint").read_text("utf-8")
    vkey = (trodden.trail / "trail.vkey").read_text("utf-8")
    chance, spoil = random.Random(kind), KINDS[kind]
    for _ in range(-(-MUTATIONS // len(KINDS))):
        copy = Path(shutil.copytree(trodden.folder, tmp_path / "copy"))
        spoil(copy, chance)
        if entries_or_tiles_differ(trodden.trail, copy / "trail"):
            problems = found_by(oracles, asked_about(copy / "trail", held, vkey))
            blind = blind_to(kind, copy / "trail", trodden.trail)
            assert {name for name, told in problems.items() if not told} <= blind, problems
        shutil.rmtree(copy)


def entries_or_tiles_differ(one: Path, other: Path) -> bool:
    def whole(trail: Path) -> dict[str, bytes]:
        paths = (path for path in (trail / "tile").rglob("*") if path.is_file())
        return {str(path.relative_to(trail)): path.read_bytes() for path in paths}

    return whole(one) != whole(other)


def blind_to(kind: str, spoilt: Path, whole: Path) -> set[str]:
    """Two of the three are given entries, and read no tiles: where only a tile changed they see nothing."""
    read: Callable[[Path], list[bytes] | None] = _entries
    return (
        {"pymerkle", "sigstore"} if kind == "spoil_tile" and read(spoilt) == read(whole) else set()
    )


def _entries(trail: Path) -> list[bytes] | None:
    try:
        return entries_of(trail)
    except (FormatError, FileNotFoundError):
        return None
