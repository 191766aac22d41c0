"""A data folder of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorder.trail.trodden import Trodden
from tests.store.vault.built import VaultFolder


@pytest.fixture
def trodden(tmp_path: Path) -> Trodden:
    made = Trodden(VaultFolder(tmp_path))
    made.make_keys()
    return made
