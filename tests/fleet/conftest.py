"""A data folder with keys for each test; its vault is not begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.vault.built import VaultFolder


@pytest.fixture
def data(tmp_path: Path) -> VaultFolder:
    made = VaultFolder(tmp_path)
    made.make_keys()
    return made
