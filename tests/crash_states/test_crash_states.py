"""The power goes at any moment of a real run: whatever was acknowledged before is there after the next start.

Images are the legal ones of a disk weaker than any we know (disk.py). CRASH_IMAGES says how many are looked at,
CRASH_SEED which; what fails names its image, which follows from that name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from tests.crash_states.disk import Choice, Disk, Mood
from tests.crash_states.explorer import Coverage, Explorer
from tests.crash_states.run import Spec, traced
from tests.crash_states.shim import Fault

IMAGES: Final = int(os.environ.get("CRASH_IMAGES", "420"))
SEED: Final = int(os.environ.get("CRASH_SEED", SystemRandom().getrandbits(32)))
IMAGES_PER_TRACE: Final = 100
"""So many images of one run, then another run: traces of some 400 calls have more moments than that."""
MEMORY: Final = Path("/dev/shm")

REFUSALS: Final = (
    Fault("fdatasync", r"\.seg$", 6),
    Fault("write", r"\.seg$", 25),
    Fault("fdatasync", r"\.seg$", 22),
)
"""A disk that refuses commits three times: their segments are suspect, and written again elsewhere."""

RUNS: Final[dict[str, tuple[Spec, ...]]] = {
    "a writer alone": (Spec("", has_recorder=False),),
    "two writers and a recorder": (Spec("", workers=2),),
    "a disk that refuses": (Spec("", faults=REFUSALS, steps=40),),
    "files that somebody removes": (Spec("", loses_files=True, steps=40),),
    "killed twice before": (Spec("", ends_at=300), Spec("", ends_at=200), Spec("")),
    "killed while beginning": (Spec("", ends_at=60), Spec("", ends_at=50), Spec("", steps=20)),
    "with tables": (Spec("", has_tables=True),),
}
"""Processes, one after the other, each going on where the one before was killed: after so many events at most."""


def seeded(name: str, number: int) -> list[Spec]:
    """The processes of a run, the moments of their deaths drawn."""
    specs = []
    ends_at = 0
    for place, spec in enumerate(RUNS[name]):
        seed = f"{SEED} {name} {number} {place}"
        ends_at = spec.ends_at and ends_at + Random(seed).randint(1, spec.ends_at)
        specs.append(replace(spec, seed=seed, ends_at=ends_at))
    return specs


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: nobody pulls the plug of this machine."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as name:
        yield Path(name)


@pytest.mark.parametrize("name", RUNS)
def test_whatever_was_acknowledged_is_there_after_a_power_loss(folder: Path, name: str) -> None:
    print(f"CRASH_SEED={SEED} CRASH_IMAGES={IMAGES}")
    explorer = Explorer(folder / "images")
    explorer.folder.mkdir()
    wanted = -(-IMAGES // len(RUNS))
    number = 0
    while explorer.coverage.images < wanted:
        run = folder / f"run-{number}"
        trace = traced(run, seeded(name, number))
        count = min(IMAGES_PER_TRACE, wanted - explorer.coverage.images)
        tables = run / "tables" if RUNS[name][0].has_tables else None
        wrong = explorer.explore(f"{name}, seed {SEED}, run {number}", trace, count, tables)
        print(explorer.coverage.told())
        assert wrong == []
        number += 1

    _assert_was_something(explorer.coverage, name)


def _assert_was_something(coverage: Coverage, name: str) -> None:
    """Images without anything at stake would prove nothing."""
    assert coverage.images >= IMAGES // len(RUNS)
    assert len(coverage.distinct) > coverage.images / 2, name
    assert coverage.exchanges > coverage.images, name
    assert coverage.acknowledged > 10 * coverage.images, name
    assert {"Write", "Synced", "Renamed", "FolderSynced", "Resize"} <= coverage.operations.keys()
    assert coverage.followed or name != "with tables"
    assert coverage.operations["SyncRefused"] or name != "a disk that refuses"


def test_a_trace_explains_every_byte_that_lies_there(folder: Path) -> None:
    """Guards the test above: a write that the trace misses would be missing in every image."""
    trace = traced(folder / "run", seeded("two writers and a recorder", 0))
    disk = Disk()
    for event in trace.events:
        disk.apply(event)

    told = disk.image(Choice(Mood.ALL, Mood.ALL, 512, ""))

    data = folder / "run" / "data"
    lying = {
        path.relative_to(data).as_posix(): path.read_bytes() if path.is_file() else None
        for path in data.rglob("*")
    }
    assert told.keys() == lying.keys()
    different = [path for path in told if told[path] != lying[path]]
    # A page is mapped: its words may have changed since the trace looked last.
    assert [path for path in different if not path.endswith(".page")] == []
