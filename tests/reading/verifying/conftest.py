"""A data folder whose records are signed and held, for each test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorder.trail.trodden import Trodden
from tests.store.vault.built import VaultFolder


@pytest.fixture
def trodden(tmp_path: Path) -> Trodden:
    made = Trodden(VaultFolder(tmp_path / "data"))
    made.make_keys()
    return made


@pytest.fixture
def walked(trodden: Trodden) -> Trodden:
    """280 exchanges, all signed and held."""
    trodden.record(3, 1, 276, is_closed=True)
    trodden.follow()
    trodden.hold()
    return trodden
