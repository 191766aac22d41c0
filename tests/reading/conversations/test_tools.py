from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.audit.tool_contract import Contract, Finding, ToolCall
from proxy.reading.conversations import tools
from proxy.reading.show import DONE, WRONG_USE
from tests.reading.recorded import ANSWER, CALL, COMPLETED, QUESTION, record, told
from tests.store.samples import id_hash

Captured = pytest.CaptureFixture[str]
RESULT = {"type": "function_result", "call_id": "k1", "result": "11"}
ASKING = COMPLETED | {"status": "requires_action"}


def with_calls(recording: Any, side: str = "output") -> Any:
    """Steps of tools with the id of the call."""
    steps = tuple(
        replace(each, call_id="k1", side=side if each.type == "function_result" else each.side)
        if each.type.startswith("function_")
        else each
        for each in recording.steps
    )
    (observation,) = recording.observations
    inputs = sum(each.side == "input" for each in steps)
    seen = replace(observation, input_step_count=inputs, output_step_count=len(steps) - inputs)
    return replace(recording, steps=steps, observations=(seen,))


@pytest.fixture
def called(tmp_path: Path) -> Path:
    about: dict[str, Any] = {
        "previous_interaction_id": "v1_one",
        "previous_hash": id_hash("v1_one"),
        "root_hash": id_hash("v1_one"),
    }
    answered = told(2, RESULT, ANSWER, interaction="v1_two", seconds=9, **COMPLETED, **about)
    lonely = told(3, QUESTION, CALL, interaction="v1_x", seconds=20, **ASKING)
    later = told(4, QUESTION, ANSWER, interaction="v1_y", seconds=9000, **COMPLETED)
    record(
        tmp_path,
        with_calls(told(1, QUESTION, CALL, **ASKING)),
        with_calls(answered, side="input"),
        with_calls(lonely),
        later,
    )
    return tmp_path


def test_calls_and_findings_are_told(called: Path, capsys: Captured) -> None:
    assert tools.run(called) == DONE

    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[0].split()) == "interaction tool name call ran at took came of it"
    assert [line.split() for line in lines[2:4]] == [
        ["v1_one", "function", "look", "k1", "client", "8.00", "s", "a", "result"],
        ["v1_x", "function", "look", "k1", "client", "nothing", "yet"],
    ]
    assert lines[4:] == ["", "1 finding", "  look k1 was never answered, in v1_x"]


def test_of_one_conversation(called: Path, capsys: Captured) -> None:
    assert tools.run(called, "v1_two") == DONE

    assert capsys.readouterr().out.splitlines()[-1] == "every client-side call was answered once"


def test_machines_get_one_object(called: Path, capsys: Captured) -> None:
    assert tools.run(called, as_json=True) == DONE

    whole = json.loads(capsys.readouterr().out)
    assert [call["duration_ns"] for call in whole["calls"]] == [8_000_000_000, None]
    assert whole["calls"][0]["called_at"] == "2026-09-21T14:13:20Z"
    assert [found["kind"] for found in whole["findings"]] == ["never_answered"]


def test_an_id_that_names_none_is_said(called: Path, capsys: Captured) -> None:
    assert tools.run(called, "v2_") == WRONG_USE
    assert "v2_" in capsys.readouterr().err


def test_no_tools_is_said(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path, told(1, QUESTION, ANSWER, **COMPLETED))

    assert tools.run(tmp_path) == DONE
    assert capsys.readouterr().out == "no tool was called\n"


def test_hostile_names_move_no_cursor() -> None:
    call = ToolCall(
        "v1_a", 0, "function", "\x1b[2J", "s\nt", "c1", "client", 0, None, None, None, None, 0
    )
    found = Finding("unknown_call", "v1_\x1b", "c1", "\u202e", 0)

    lines = tools.contract_lines(Contract((call,), (found,)), 100)

    assert not any("\x1b" in line.plain or "\u202e" in line.plain for line in lines)
