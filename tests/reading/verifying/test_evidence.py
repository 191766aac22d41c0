"""Evidence is asked for by name; what is not signed yet is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.reading.verifying.evidence import evidence_of
from tests.recorder.trail.trodden import Trodden
from tests.store.vault.built import VaultFolder


def test_an_exchange_without_a_signed_leaf_is_named(tmp_path: Path) -> None:
    trodden = Trodden(VaultFolder(tmp_path))
    trodden.make_keys()
    trodden.record(1)
    trodden.follow()

    with pytest.raises(StoreError, match="x9-0000000000000001-1"):
        evidence_of(trodden.trail, tmp_path / "vault", {"x9-0000000000000001-1"})
