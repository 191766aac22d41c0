"""Manifests as the outsider reads them."""

from __future__ import annotations

from proxy.reading.verifying.records import manifest_parts
from proxy.store.vault.format import Manifest, RecordKind, Ref, SealedPart


def test_the_parts_of_a_manifest_are_those_that_were_written() -> None:
    part = SealedPart(RecordKind.EXCHANGE, Ref("20261118-000001", 77), 99, bytes(range(32)))
    manifest = Manifest(
        1, has_lost_frames=False, ended_s=5, key_commitment=bytes(32), parts=(part,)
    )

    assert manifest_parts(manifest.encode()) == [(99, "20261118-000001", 77, bytes(range(32)))]
