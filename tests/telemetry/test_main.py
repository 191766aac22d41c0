"""`python -m proxy.telemetry` tells every metric."""

from __future__ import annotations

import pytest

from proxy.telemetry.__main__ import main
from proxy.telemetry.instruments import INSTRUMENTS


def test_every_metric_is_a_row_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0

    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(INSTRUMENTS)
