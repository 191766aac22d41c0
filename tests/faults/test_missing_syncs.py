"""The explorer against writers that are broken on purpose: each leaves out one kind of sync, and is found out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from tests.crash_states.explorer import Explorer
from tests.crash_states.run import Spec, traced
from tests.crash_states.shim import Fault
from tests.crash_states.test_crash_states import MEMORY

IMAGES_MAX: Final = 400
TRACES_MAX: Final = 3

MUTANTS: Final[dict[str, str]] = {
    "a commit of the journal is not synced": r"^fdatasync journal/.*\.seg$",
    "the folder of the segments is not synced": r"^fsync journal/w0$",
    "the folder of the journals is not synced": r"^fsync journal$",
    "keys are not synced": r"^fsync keys/slots/.*\.slots$",
    "the folder of the keys is not synced": r"^fsync keys/slots$",
    "the folder of the master key is not synced": r"^fsync keys$",
    "a commit of the vault is not synced": r"^fdatasync vault/",
    "the folder of the vault is not synced": r"^fsync vault$",
    "the folder of the facts keys is not synced": r"^fsync keys/facts$",
    "a file is not synced before it gets its name": r"^fsync .*\.unborn$",
    "the folder that holds everything is not synced": r"^fsync $",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as name:
        yield Path(name)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_writer_without_one_kind_of_sync_is_found_out(folder: Path, mutant: str) -> None:
    wrong: list[str] = []
    explorer = Explorer(folder / "images")
    explorer.folder.mkdir()
    for number in range(TRACES_MAX):
        spec = Spec(f"{mutant} {number}", without=MUTANTS[mutant], steps=25)
        wrong = explorer.explore(mutant, traced(folder / str(number), [spec]), IMAGES_MAX)
        if wrong:
            break
    print(f"after {explorer.coverage.images} images: {wrong[:2]}")

    assert wrong


def test_a_restored_file_that_is_not_synced_is_found_out(folder: Path) -> None:
    explorer = Explorer(folder / "images")
    explorer.folder.mkdir()
    wrong: list[str] = []
    for number in range(TRACES_MAX):
        spec = Spec(f"{number}", without=r"^fsync .*(seg|slots)?\.unborn$", loses_files=True)
        wrong = wrong or explorer.explore("restored", traced(folder / str(number), [spec]), 200)

    assert wrong


def test_a_suspect_segment_that_is_believed_is_found_out(folder: Path) -> None:
    """The next segment is not synced when it takes what the disk refused."""
    faults = (Fault("fdatasync", r"-000000\.seg$", 3),)
    explorer = Explorer(folder / "images")
    explorer.folder.mkdir()
    spec = Spec("suspect", without=r"^fdatasync .*-000001\.seg$", faults=faults, steps=25)
    wrong = explorer.explore("suspect", traced(folder / "run", [spec]), IMAGES_MAX)

    assert wrong
