"""The verifier says what of an export is not as it was signed, with the public key alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.reading.exporting.checking import check_export
from proxy.reading.exporting.manifest import NOTE, FileMade, Manifest, sign
from proxy.reading.verifying.account import Findings
from proxy.reading.verifying.proofs import Refused
from tests.reading.exporting.exported import FIRST, PARQUET, SIGNER

VKEY = SIGNER.verifier.encode()
NAME = f"day={FIRST}/steps-1.parquet"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return signed(tmp_path, FileMade(NAME, "steps", FIRST, 1, 0, ""), b"rows")


def signed(folder: Path, file: FileMade, data: bytes) -> Path:
    file = replace(file, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    manifest = Manifest(PARQUET, SIGNER.name, 1, "now", ("f", 9), 1, "cd", 2, {}, (file,))
    (folder / f"day={FIRST}").mkdir(exist_ok=True)
    (folder / NAME).write_bytes(data)
    (folder / manifest.name).write_bytes(manifest.encode())
    (folder / NOTE).write_text(sign(SIGNER, manifest.name, manifest.encode()), "utf-8")
    return folder


def found_in(place: Path) -> list[str]:
    found = Findings()
    check_export(place, VKEY, found)
    return found.faults


def test_an_export_as_it_was_signed_has_no_fault(place: Path) -> None:
    assert found_in(place) == []


def test_a_file_that_was_changed_is_named(place: Path) -> None:
    (place / NAME).write_bytes(b"rowz")

    assert found_in(place) == [f"{NAME} is not what was signed"]


def test_a_file_that_is_gone_and_one_that_was_added_are_named(place: Path) -> None:
    (place / NAME).rename(place / f"day={FIRST}/steps-2.parquet")

    gone, added = found_in(place)
    assert gone == f"{NAME} is not there"
    assert added.startswith(f"day={FIRST}/steps-2.parquet is not named by the manifest")


def test_a_manifest_that_was_changed_or_that_nobody_signed_is_refused(place: Path) -> None:
    manifest = place / "manifest-000001.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"rows": 1', b'"rows": 2'))
    with pytest.raises(Refused, match="not the manifest that was signed"):
        found_in(place)

    note = place / NOTE
    note.write_text(note.read_text("utf-8").replace("000001", "000002"), "utf-8")
    with pytest.raises(Refused, match="does not hold"):
        found_in(place)

    note.unlink()
    with pytest.raises(Refused, match=r"export\.note is missing"):
        found_in(place)
