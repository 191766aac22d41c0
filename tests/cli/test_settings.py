"""Settings on the command line."""

from __future__ import annotations

import pytest

from proxy.cli.app import main
from proxy.cli.verb import WRONG_USE


def test_a_flag_made_for_the_purpose_wins_over_set(capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "--port", "9", "--set", "listen.port=8"])

    assert "listen.port = 9 " in capsys.readouterr().out


def test_set_without_a_value_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "listen.port"]) == WRONG_USE
    assert "--set name=value" in capsys.readouterr().err
