from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.reading.erasing import erase

COUNTS = {"interactions": 21, "exchanges": 30, "kept": 0, "left": 1, "quoted": 1, "spared": 1}
CARRIER = {"exchange": "x0-0000000000000007-1", "interaction": "v1_one", "how": "quoted"}
PLAN: dict[str, Any] = {
    "interactions": [f"v1_{number}" for number in range(21)],
    "kept": [],
    "left": ["v1_later"],
    "quoted": [CARRIER],
    "spared": [CARRIER],
    "is_partial": True,
    "counts": COUNTS,
}


def test_a_plan_says_what_goes_what_stays_and_what_is_not_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(_folder: Path, _path: str, _told: dict[str, Any]) -> dict[str, Any]:
        return {"plan": PLAN, "elsewhere": ["a tape\x1b[2J"]}

    monkeypatch.setattr(erase, "asked", answer)

    assert erase.run(Path("data"), {}, is_dry=True, is_sure=False) == erase.FOUND_A_PROBLEM

    shown = capsys.readouterr().out
    assert "Erases 21 interactions, by destroying the keys of 30 exchanges:" in shown
    assert "  and 1 more" in shown
    assert "take them with --subtree" in shown
    assert "take them with --quoted" in shown
    assert "\x1b" not in shown
