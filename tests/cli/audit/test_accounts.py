"""Verbs about money and drift, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.audit.accounts import instant
from proxy.cli.verb import DONE
from tests.reading.recorded import record, told


def test_cost_of_a_folder_without_any(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, told(1, interaction=None, how="models"))

    assert main(["cost", "--data", str(tmp_path), "--by", "day", "--csv"]) == DONE
    assert capsys.readouterr().out.startswith("day,interactions,")


def test_drift_of_a_folder_without_any(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, told(1, interaction=None, how="models"))

    assert main(["drift", "--data", str(tmp_path), "--since", "2026-01-01"]) == DONE
    assert capsys.readouterr() == ("", "0 names without a meaning here since 2026-01-01 00:00:00\n")


def test_a_time_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost", "--since", "soon"])

    assert ended.value.code == 2
    assert "--since: 'soon' is no time: write 2026-11-22" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("2026-11-22", "2026-11-22 00:00:00"),
        ("2026-11-22T12:00:00Z", "2026-11-22 12:00:00"),
        ("2026-11-22T12:00:00+02:00", "2026-11-22 10:00:00"),
    ],
)
def test_times_are_utc(text: str, taken: str) -> None:
    assert instant(text) == taken
