"""Verbs that ask."""

from __future__ import annotations

import pytest

from proxy.cli.app import main
from proxy.cli.verb import DONE


def test_config_prints_each_value_and_where_it_came_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["config", "--port", "9", "--set", "gateway.workers=2"])

    lines = capsys.readouterr().out.splitlines()
    assert code == DONE
    assert "listen.port = 9    [command line --port]" in lines
    assert "gateway.workers = 2 processes    [command line --set]" in lines
    assert "journal.mode = strict    [default]" in lines


def test_config_explain_also_says_what_for(capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "--explain"])

    assert "INTERACTIONS_PROXY_LISTEN_PORT" in capsys.readouterr().out
