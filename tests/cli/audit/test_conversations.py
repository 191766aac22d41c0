from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.cli.app import main
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told


@pytest.fixture
def data(tmp_path: Path) -> str:
    record(tmp_path, told(1, QUESTION, ANSWER, **COMPLETED))
    return str(tmp_path)


def test_tree_shows_a_conversation(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", "--data", data, "--json", "last"]) == 0

    assert json.loads(capsys.readouterr().out)["root"] == "v1_one"


def test_tools_shows_calls(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "--data", data, "--conversation", "last"]) == 0

    assert capsys.readouterr().out == "no tool was called\n"
