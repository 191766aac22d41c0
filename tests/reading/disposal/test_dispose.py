"""`dispose`: the wish of a person, as it goes on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proxy.audit.ledger.fold import copy_of
from proxy.audit.retention.cascade import Reach
from proxy.audit.retention.states import Disposal
from proxy.reading.disposal import dispose
from proxy.reading.disposal.dispose import DONE, FOUND_A_PROBLEM, Wish, run
from tests.audit.ledger.rows_made import copy_fields, copy_row, event_row

NOW_NS = 1_800_000_000_000_000_000


class Recorder:
    """Answers queries about a conversation of three turns; keeps the acts."""

    def __init__(self) -> None:
        self.before: dict[str, str | None] = {"v1_a": None, "v1_b": "v1_a", "v1_c": "v1_b"}
        self.holds: list[str] = []
        self.acts: list[dict[str, Any]] = []

    def __call__(self, _folder: Path, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/acts":
            self.acts += body["acts"]
        if path != "/query":
            return {}
        rows = self.rows(body["name"], body["parameters"].get("interactions", []))
        return {"columns": list(rows[0]) if rows else [], "rows": [list(r.values()) for r in rows]}

    def rows(self, name: str, names: list[str]) -> list[dict[str, Any]]:
        if name == "disposal_copies":
            return [copy_fields(each) for each in names if each in self.before]
        if name == "disposal_kin":
            told = self.before.items()
            return [
                {"interaction": turn, "previous": before, "state": None} for turn, before in told
            ]
        if name == "disposal_held":
            return [{"interaction": held} for held in self.holds]
        return []


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(dispose, "asked", made)
    return made


def wish(interaction: str = "v1_b", reach: Reach = Reach.NODE) -> Wish:
    return Wish(interaction, reach, "asked for by the person", "ada")


def test_the_wish_makes_a_duty_that_no_policy_takes_back(
    recorder: Recorder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, wish(reach=Reach.DESCENDANTS), NOW_NS, is_dry=False) == DONE

    assert [act["interaction"] for act in recorder.acts] == ["v1_c", "v1_b"]
    (act, _) = recorder.acts
    row = event_row("disposal", 1, id=act["act"], data=json.dumps(act["data"]))
    copy = copy_of(copy_row(), [row])
    assert (copy.disposal, copy.is_request) == (Disposal.SCHEDULED, True)
    assert (act["actor"], act["detail"]) == ("ada", "asked for by the person")
    assert "v1_b: to be deleted at Google" in capsys.readouterr().out


def test_a_dry_run_puts_nothing_on_record(recorder: Recorder, tmp_path: Path) -> None:
    assert run(tmp_path, wish(reach=Reach.THREAD), NOW_NS, is_dry=True) == DONE
    assert recorder.acts == []


def test_what_a_hold_protects_is_kept_and_what_comes_behind_is_named(
    recorder: Recorder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder.holds = ["v1_b"]

    assert run(tmp_path, wish("v1_a", Reach.NODE), NOW_NS, is_dry=False) == FOUND_A_PROBLEM
    assert recorder.acts == []
    assert "v1_a: kept, a hold protects it" in capsys.readouterr().out


def test_an_id_that_nobody_saw_is_told(recorder: Recorder, tmp_path: Path) -> None:
    assert run(tmp_path, wish("v1_none"), NOW_NS, is_dry=False) == FOUND_A_PROBLEM
    assert recorder.acts == []
