from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.reading.erasing.asked import asked


def test_a_recorder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no recorder runs"):
        asked(tmp_path, "/erase", {})
