"""A file of evidence is checked offline; whatever is no evidence is a fault and never an error of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.reading.verifying.evidence import evidence_of
from tests.recorder.trail.trodden import BOOT, Trodden, verified


def test_evidence_of_an_exchange_is_checked_offline(
    walked: Trodden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "evidence.json"
    names = {f"x0-{BOOT}-7", f"x0-{BOOT}-270"}
    bundle.write_text(evidence_of(walked.trail, walked.folder / "vault", names), "utf-8")
    arguments = ["--bundle", str(bundle), "--vkey", str(walked.trail / "trail.vkey"), "--json"]

    assert verified(arguments, capsys)["counts"]["exchanges"] == 2

    told = json.loads(bundle.read_text("utf-8"))
    told["exchanges"][0]["parts"] = told["exchanges"][1]["parts"]
    bundle.write_text(json.dumps(told), "utf-8")
    assert "is not the one that was signed" in verified(arguments, capsys)["found"][0]


def test_what_is_no_evidence_is_refused_and_never_an_error_of_ours(
    trodden: Trodden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.follow()
    bundle = tmp_path / "evidence.json"
    arguments = ["--bundle", str(bundle), "--vkey", str(trodden.trail / "trail.vkey"), "--json"]
    for text in ("", "{}", "[1]", '{"checkpoint": 5, "exchanges": []}'):
        bundle.write_text(text, "utf-8")

        assert verified(arguments, capsys)["faults"] == 1


@pytest.mark.parametrize("field", ["entry", "manifest", "proof", "parts", "index"])
def test_no_part_of_a_bundle_can_be_another_one(
    field: str, walked: Trodden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "evidence.json"
    names = {f"x0-{BOOT}-7", f"x0-{BOOT}-270"}
    told = json.loads(evidence_of(walked.trail, walked.folder / "vault", names))
    told["exchanges"][0][field] = told["exchanges"][1][field]
    bundle.write_text(json.dumps(told), "utf-8")
    arguments = ["--bundle", str(bundle), "--vkey", str(walked.trail / "trail.vkey"), "--json"]

    assert verified(arguments, capsys)["faults"] > 0
