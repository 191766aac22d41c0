"""Verbs about copies at Google, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.audit.retention import span
from proxy.cli.verb import DONE, FOUND_A_PROBLEM
from tests.reading.recorded import record, told


def test_each_verb_answers_about_a_folder_without_copies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, told(1, interaction=None, how="models"))
    asked = (
        ["retention", "--all"],
        ["retention", "--dry-run"],
        ["due"],
        ["forecast"],
        ["receipts"],
    )

    codes = [main([*each, "--json", "--data", str(tmp_path)]) for each in asked]

    assert codes == [DONE] * 5
    assert capsys.readouterr().out == ""
    assert main(["retention", "v1_none", "--data", str(tmp_path)]) == FOUND_A_PROBLEM


def test_a_span_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["due", "--within", "soon"])

    assert ended.value.code == 2
    assert "'soon' is no span: give 90m, 36h or 7d" in capsys.readouterr().err
    assert span("36h") == 129_600
