"""Verbs that look at a running proxy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import FOUND_A_PROBLEM, WORLD_FAILED


def test_status_without_a_proxy_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--data", str(tmp_path), "--json"]) == FOUND_A_PROBLEM

    assert "is the proxy running?" in json.loads(capsys.readouterr().out)["problems"][0]


def test_top_without_a_proxy_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", "--once", "--data", str(tmp_path)]) == WORLD_FAILED

    assert "no proxy with an ops listener" in capsys.readouterr().err
