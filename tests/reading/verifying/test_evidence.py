"""Evidence is asked for by name; what is not signed yet is said; what was done to it comes with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.reading.verifying.evidence import acts_about, evidence_of
from tests.recorder.trail.trodden import BOOT, Trodden, verified
from tests.store.vault.built import VaultFolder


def test_an_exchange_without_a_signed_leaf_is_named(tmp_path: Path) -> None:
    trodden = Trodden(VaultFolder(tmp_path))
    trodden.make_keys()
    trodden.record(1)
    trodden.follow()

    with pytest.raises(StoreError, match="x9-0000000000000001-1"):
        evidence_of(trodden.trail, tmp_path / "vault", {"x9-0000000000000001-1"})


def told_of(walked: Trodden, bundle: Path, name: str) -> list[str]:
    """Writes a bundle; returns what the verifier needs to check it."""
    keys = walked.vault.facts_keys()
    vault = walked.folder / "vault"
    acts = acts_about(vault, keys, "v1_someone", {name})
    bundle.write_text(evidence_of(walked.trail, vault, {name}, acts, "v1_someone"), "utf-8")
    return ["--bundle", str(bundle), "--vkey", str(walked.trail / "trail.vkey"), "--json"]


def test_an_erasure_comes_with_the_exchange_it_was_about(
    walked: Trodden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walked.erase(7, 8)
    walked.follow()

    told = verified(told_of(walked, tmp_path / "bundle", f"x0-{BOOT}-7"), capsys)

    assert told["found"] == []
    counts = told["counts"]
    assert (counts["exchanges"], counts["acts"], counts["shredded"]) == (1, 1, 1)


def test_an_act_that_was_put_in_another_record_is_not_the_signed_one(
    walked: Trodden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walked.erase(7)
    walked.follow()
    bundle = tmp_path / "bundle"
    arguments = told_of(walked, bundle, f"x0-{BOOT}-7")
    told = json.loads(bundle.read_text("utf-8"))
    (act,) = (one for one in told["acts"] if "record" in one)
    act["record"] = told["exchanges"][0]["manifest"]
    bundle.write_text(json.dumps(told), "utf-8")

    assert "is not the one that was signed" in verified(arguments, capsys)["found"][0]
