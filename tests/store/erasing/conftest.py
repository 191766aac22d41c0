"""A vault of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.vault.built import VaultFolder


@pytest.fixture
def data(tmp_path: Path) -> VaultFolder:
    folder = VaultFolder(tmp_path)
    folder.make_keys()
    return folder
