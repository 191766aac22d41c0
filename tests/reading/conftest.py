"""A data folder with one conversation in it, and a terminal of 80 columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reading.recorded import ANSWER, CALL, COMPLETED, QUESTION, THOUGHT, record, told


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    record(
        tmp_path,
        told(1, QUESTION, THOUGHT, CALL, **(COMPLETED | {"status": "requires_action"})),
        told(2, QUESTION, ANSWER, interaction="v1_two", seconds=9, **COMPLETED),
        told(3, ANSWER, how="read", interaction="v1_two", seconds=12, **COMPLETED),
        told(4, interaction=None, seconds=15, how="models"),
    )
    return tmp_path
