from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.reading.erasing import holds


def test_holds_are_listed_with_who_why_and_until_when(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = ["hold", "interaction", "is_conversation", "placed_at", "actor", "reason"]
    row = ["h1", "v1_one", True, "2026-11-23T02:00:00.1", "ann", "a case"]
    told = {"columns": [*columns, "released_at", "released_by"]}
    rows = [[*row, None, None], [*row, "2026-11-24T02:00:00", "bob"]]

    def answer(_folder: Path, _path: str, _told: dict[str, Any]) -> dict[str, Any]:
        return told | {"rows": rows}

    monkeypatch.setattr(holds, "asked", answer)

    holds.list_all(Path("data"))

    first, second = capsys.readouterr().out.splitlines()
    assert first == "h1 conversation of v1_one since 2026-11-23T02:00:00 by ann: a case"
    assert second.endswith("released 2026-11-24T02:00:00 by bob: a case")
