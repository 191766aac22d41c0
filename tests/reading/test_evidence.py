"""Evidence is asked for by the name of an interaction; end_to_end/test_trail.py has a whole one checked by a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.reading.evidence import evidence_about
from tests.recorder.trail.trodden import Trodden
from tests.store.vault.built import VaultFolder


def test_where_nothing_was_recorded_there_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no trail"):
        evidence_about(tmp_path, tmp_path / "keys" / "master.key", "v1_a")


def test_a_trail_without_tables_is_said(tmp_path: Path) -> None:
    trodden = Trodden(VaultFolder(tmp_path))
    trodden.make_keys()
    trodden.record(1)
    trodden.follow()

    with pytest.raises(StoreError, match="no records"):
        evidence_about(tmp_path, tmp_path / "keys" / "master.key", "v1_a")
