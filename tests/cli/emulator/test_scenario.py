"""The verb about scenarios. Its export is tested where it lives, and end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import DONE, FOUND_A_PROBLEM, WORLD_FAILED, WRONG_USE
from proxy.emulator.scenarios.library import example_names

Captured = pytest.CaptureFixture[str]


def test_examples_are_listed_with_what_they_show(capsys: Captured) -> None:
    assert main(["scenario", "example"]) == DONE

    listed = capsys.readouterr().out
    assert all(name in listed for name in example_names())


@pytest.mark.parametrize("name", example_names())
def test_an_example_printed_into_a_file_is_right(
    name: str, tmp_path: Path, capsys: Captured
) -> None:
    main(["scenario", "example", name])
    file = tmp_path / "mine.yaml"
    file.write_text(capsys.readouterr().out, "utf-8")

    assert main(["scenario", "check", str(file)]) == DONE
    assert capsys.readouterr().out.startswith(f"{file}: right, ")


def test_all_files_are_checked_and_all_problems_told(tmp_path: Path, capsys: Captured) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("scenario: 1\nturns:\n  - {answer: {text: a}}\n")
    bad.write_text("scenario: 1\nturns:\n  - {anser: {text: a}}\n")

    code = main(["scenario", "check", str(bad), str(good), str(tmp_path / "none.yaml")])

    told = capsys.readouterr()
    assert code == FOUND_A_PROBLEM
    assert told.out == f"{good}: right, 1 turn\n"
    assert f"{bad}:3: turns[0].anser: unknown field; did you mean answer?" in told.err
    assert "No such file" in told.err


def test_an_unknown_example_is_wrong_use(capsys: Captured) -> None:
    assert main(["scenario", "example", "tool-loop"]) == WRONG_USE
    assert "did you mean tool_loop" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["--all", "last"]])
def test_an_export_of_nothing_or_of_two_things_is_wrong_use(
    given: list[str], capsys: Captured
) -> None:
    assert main(["scenario", "export", *given]) == WRONG_USE
    assert "or say --all" in capsys.readouterr().err


def test_an_export_of_what_was_never_recorded_is_refused(tmp_path: Path, capsys: Captured) -> None:
    code = main(["scenario", "export", "last", "--data", str(tmp_path / "none")])

    assert code == WORLD_FAILED
    assert "run `interactions-proxy serve` first" in capsys.readouterr().err
