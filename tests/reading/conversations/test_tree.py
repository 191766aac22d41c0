from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.reading.conversations import tree
from proxy.reading.show import DONE, WRONG_USE
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told
from tests.store.samples import id_hash

Captured = pytest.CaptureFixture[str]


def go_on(number: int, name: str, previous: str, **given: Any) -> Any:
    about: dict[str, Any] = {
        "previous_interaction_id": previous,
        "previous_hash": id_hash(previous),
    }
    return told(
        number, QUESTION, ANSWER, interaction=name, seconds=number, **COMPLETED, **about, **given
    )


@pytest.fixture
def forked(tmp_path: Path) -> Path:
    record(
        tmp_path,
        told(1, QUESTION, ANSWER, **COMPLETED, settings_sent="system_instruction"),
        go_on(2, "v1_two", "v1_one", settings_sent="system_instruction"),
        go_on(3, "v1_three", "v1_one", settings_sent=""),
        told(4, QUESTION, ANSWER, interaction="v1_alone", seconds=9, **COMPLETED),
    )
    return tmp_path


def test_the_latest_conversations_are_shown_first(forked: Path, capsys: Captured) -> None:
    assert tree.run(forked) == DONE

    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "1 turn · 1 tip (1 live) · 15 tokens",
        "● v1_alone",
        "",
        "3 turns · 2 tips (2 live) · 45 tokens",
        "○ v1_one",
        "├─ ● v1_two",
        "│",
        "└─ ● v1_three",
        "",
        "",
    ]
    assert lines[-2].strip() == "not sent again: system_instruction"


def test_any_interaction_names_its_conversation(forked: Path, capsys: Captured) -> None:
    assert tree.run(forked, "v1_tw", as_json=True) == DONE

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["root"] == "v1_one"
    assert json.loads(line)["live_tips"] == ["v1_two", "v1_three"]


def test_a_repeated_history_ties_what_no_id_does(tmp_path: Path, capsys: Captured) -> None:
    first = told(1, QUESTION, ANSWER, **COMPLETED)
    second = told(2, QUESTION, ANSWER, interaction="exchange:x", seconds=5, **COMPLETED)
    record(tmp_path, marked(first, None, "one"), marked(second, "today,one", "two"))

    assert tree.run(tmp_path, "exchange:x", as_json=True) == DONE

    turns = json.loads(capsys.readouterr().out)["turns"]
    assert [(one["interaction"], one["how"]) for one in turns] == [
        ("v1_one", "root"),
        ("exchange:x", "repeat"),
    ]


def marked(recording: Any, repeated: str | None, answered: str) -> Any:
    """The question as a repeated answer, say; the answer under a digest."""
    asked, answer = recording.steps
    asked = replace(asked, chain_mac=repeated, type="model_output")
    return replace(recording, steps=(asked, replace(answer, chain_mac=answered)))


@pytest.mark.parametrize("text", ["v2_", "v1_t"])
def test_an_id_that_names_none_or_several_is_said(
    forked: Path, capsys: Captured, text: str
) -> None:
    assert tree.run(forked, text) == WRONG_USE

    out, err = capsys.readouterr()
    assert out == ""
    assert text in err


def test_nothing_recorded_is_no_tree(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path, told(1, interaction=None, how="models"))

    assert tree.run(tmp_path) == DONE
    assert capsys.readouterr().out == ""
