"""The README, done by a machine: its program through `serve`, then its questions."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.programs import PYTHON, ROOT
from tests.end_to_end.stage import Stage
from tests.test_readme import commands

README: Final = (ROOT / "README.md").read_text("utf-8")
PROGRAM: Final = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
ITS_URL: Final = "http://127.0.0.1:8080"
QUESTIONS: Final = [each for each in commands("README.md") if " sql " in each]


def run(data: Path, verb: str, *arguments: str) -> str:
    command = [*PYTHON, "proxy", verb, "--data", str(data), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder after the README's program has run through the proxy."""
    stage = Stage.set_up(tmp_path_factory.mktemp("readme"))
    try:
        assert ITS_URL in PROGRAM
        program = PROGRAM.replace(ITS_URL, stage.proxy.url)
        key = {"GOOGLE_API_KEY": "readme-key"}
        subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, **key})
        while_it_runs = run(stage.proxy.data, "sql", "SELECT model, status FROM interactions")
        assert "gemini-3-flash-preview" in while_it_runs
    finally:
        stage.stop()
    return stage.proxy.data


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_the_readme_is_answered(question: str, data: Path) -> None:
    _, verb, *rest = shlex.split(question)

    assert run(data, verb, *rest).strip()


def test_show_takes_the_beginning_of_an_id(data: Path) -> None:
    asked = run(data, "sql", "--json", "SELECT interaction_id FROM interactions")
    identity = json.loads(asked.splitlines()[0])["interaction_id"]

    assert "model_output" in run(data, "show", identity[:24])


def test_rebuild_gives_the_same_answers(data: Path) -> None:
    question = "SELECT model, status, total_tokens FROM interactions"
    before = run(data, "sql", "--json", question)
    (data / "facts.duckdb").unlink()

    run(data, "rebuild")

    assert run(data, "sql", "--json", question) == before


def test_the_key_of_the_program_is_in_no_file(data: Path) -> None:
    files = [path for path in data.rglob("*") if path.is_file()]

    assert files
    assert [path for path in files if b"readme-key" in path.read_bytes()] == []
