"""Scenario files, and the examples."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from proxy.emulator.scenarios.library import example, example_names, example_text, load_scenario
from proxy.errors import ConfigError


def test_a_file_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("scenario: 1\nturns:\n  - answer: {text: Grüße}\n", "utf-8")

    assert load_scenario(file).file == str(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the scenario .*: No such file"):
        load_scenario(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", example_names())
def test_every_example_is_right_and_says_what_it_is_for(name: str) -> None:
    read = example(name)

    assert read.description
    assert example_text(name).startswith("#")


def test_an_unknown_example_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean tool_loop"):
        example_text("toolloop")


def test_what_the_format_s_description_shows_is_right(tmp_path: Path) -> None:
    text = (resources.files("proxy.emulator.scenarios") / "FORMAT.md").read_text("utf-8")
    shown = text.split("```yaml\n")[1].split("```")[0]
    file = tmp_path / "shown.yaml"
    file.write_text(shown, "utf-8")

    assert [turn.name for turn in load_scenario(file).turns] == ["question", "answer"]
