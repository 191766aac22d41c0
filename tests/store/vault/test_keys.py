from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.errors import KeyDestroyed
from proxy.journal.keys import MasterKey
from proxy.store.vault.keys import FactsKeys
from tests.store.vault.built import MASTER

NONCE = bytes(12)


def test_a_day_keeps_its_key(tmp_path: Path) -> None:
    made = FactsKeys(tmp_path / "facts", MASTER).make("20261118")

    opened = FactsKeys(tmp_path / "facts", MASTER).make("20261118")

    assert opened.decrypt(NONCE, made.encrypt(NONCE, b"rows", None), None) == b"rows"
    assert (tmp_path / "facts" / "20261118.key").stat().st_mode & 0o777 == 0o600


def test_a_day_without_a_key_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyDestroyed, match="20261118"):
        FactsKeys(tmp_path / "facts", MASTER).key("20261118")


def test_a_key_opens_for_its_own_day_and_master_alone(tmp_path: Path) -> None:
    FactsKeys(tmp_path, MASTER).make("20261118")
    (tmp_path / "20261119.key").write_bytes((tmp_path / "20261118.key").read_bytes())

    with pytest.raises(KeyDestroyed):
        FactsKeys(tmp_path, MASTER).key("20261119")
    with pytest.raises(KeyDestroyed):
        FactsKeys(tmp_path, MasterKey(bytes(32))).key("20261118")


def test_a_key_that_an_earlier_recorder_made_gets_a_durable_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FactsKeys(tmp_path, MASTER).make("20261118")
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda number: synced.append(str(Path(f"/proc/self/fd/{number}").readlink()))
    )

    FactsKeys(tmp_path, MASTER).make("20261118")

    assert synced == [str(tmp_path)]


def test_records_of_a_day_compare_by_its_key_until_it_is_gone(tmp_path: Path) -> None:
    keys = FactsKeys(tmp_path, MASTER)
    keys.make("20261118")
    keys.make("20261119")

    told = keys.equality("20261118").mac("body", b"hello")

    assert told == FactsKeys(tmp_path, MASTER).equality("20261118").mac("body", b"hello")
    assert told != keys.equality("20261119").mac("body", b"hello")
    assert keys.equality("20261117").mac("body", b"hello") is None
