"""A manifest says what it was told, and its note cannot be taken for anything else."""

from __future__ import annotations

import pytest

from proxy.audit.trail.note import Checkpoint
from proxy.errors import FormatError
from proxy.reading.exporting.manifest import FileMade, Manifest, Scope, named_by, sign
from tests.reading.exporting.exported import FIRST, SIGNER

FILE = FileMade(f"day={FIRST}/erased-7.parquet", "erased", FIRST, 2, 99, "ab" * 32)
MANIFEST = Manifest(
    Scope("parquet", until=FIRST), SIGNER.name, 3, "now", ("f", 9), 1, "cd", 8, {}, (FILE,)
)


def test_a_manifest_is_read_as_it_was_written() -> None:
    text = MANIFEST.encode()

    assert Manifest.decode(text) == MANIFEST
    assert b'"tombstones": [\n    "day=2026-09-21/erased-7.parquet"\n  ]' in text


@pytest.mark.parametrize(
    "text", [b"", b"{}", b'{"format":2}', b'{"format":1,"tombstones":[]}', b"[]"]
)
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(FormatError):
        Manifest.decode(text)


def test_the_note_names_the_manifest_by_its_digest() -> None:
    text = MANIFEST.encode()
    named = named_by(sign(SIGNER, MANIFEST.name, text), SIGNER.verifier)

    named.check(text)
    assert named.manifest == "manifest-000003.json"
    with pytest.raises(FormatError, match="not the manifest that was signed"):
        named.check(text + b" ")


def test_no_checkpoint_is_a_note_of_an_export_nor_the_other_way_round() -> None:
    note = sign(SIGNER, MANIFEST.name, MANIFEST.encode())
    with pytest.raises(FormatError):
        Checkpoint.decode(SIGNER.verifier.opened(note))

    checkpoint = SIGNER.sign(Checkpoint(SIGNER.name, 5, bytes(32)).encode())
    with pytest.raises(FormatError, match="not one of an export"):
        named_by(checkpoint, SIGNER.verifier)
