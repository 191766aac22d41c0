"""`rescue`: what is written, and where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.audit.rescue.history import Turn
from proxy.reading.disposal import rescue
from proxy.reading.disposal.rescue import DONE, FOUND_A_PROBLEM, WRONG_USE, Wish, run
from tests.reading.recorded import ANSWER, QUESTION, record, told


def turn(*faults: str) -> Turn:
    request = {"model": "m", "environment": "env_1"}
    return Turn("v1_one", 0, request, None, (QUESTION,), (ANSWER,), "completed", "m", faults)


def wish(
    folder: Path, name: str = "v1_one", *, as_json: bool = False, to_file: bool = False
) -> Wish:
    return Wish(name, "and?", None, "ada", folder / "next.json" if to_file else None, as_json)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    record(tmp_path, told(1, QUESTION, ANSWER))
    monkeypatch.setattr(rescue, "history", lambda *_: [turn()])
    return tmp_path


def test_the_body_is_written_for_its_owner_alone_and_what_it_lacks_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, wish(folder, to_file=True), 0) == DONE

    written = folder / "next.json"
    assert written.stat().st_mode & 0o077 == 0
    body = json.loads(written.read_text())
    assert [step["type"] for step in body["input"]] == ["user_input", "model_output", "user_input"]
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "note: environment is left out" in shown.err


def test_a_machine_gets_the_notes_with_the_body(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescue, "history", lambda *_: [turn("its record is damaged")])

    assert run(folder, wish(folder, as_json=True), 0) == FOUND_A_PROBLEM

    found = json.loads(capsys.readouterr().out)
    assert found["is_whole"] is False
    assert "v1_one: its record is damaged" in found["notes"]


def test_who_names_nothing_or_a_conversation_that_is_gone_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(folder, wish(folder, "v1_none"), 0) == WRONG_USE
    gone = Turn("v1_one", 0, {}, None, (), (), None, "m", ("it was erased here",))
    monkeypatch.setattr(rescue, "history", lambda *_: [gone])
    assert run(folder, wish(folder), 0) == WRONG_USE

    assert "nothing of this conversation" in capsys.readouterr().err
