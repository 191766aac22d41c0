"""proxy/journal/keys.py: keys in files, and what derives from keys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import KeyDestroyed, StartRefused
from proxy.journal.keys import (
    WRAPPED_KEY_BYTES,
    FingerprintKey,
    MasterKey,
    journal_key,
    vault_key,
)

MASTER = MasterKey(bytes(range(32)))
KEYS = st.binary(min_size=32, max_size=32)


def test_a_key_file_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"

    first = MasterKey.load_or_create(path)
    second = MasterKey.load_or_create(path)

    assert first == second
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["master.key"]


def test_two_files_hold_two_keys(tmp_path: Path) -> None:
    one = MasterKey.load_or_create(tmp_path / "one")
    two = FingerprintKey.load_or_create(tmp_path / "two")

    assert one.secret != two.secret


def test_a_key_file_of_another_length_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(b"short")

    with pytest.raises(StartRefused, match="has 5 bytes"):
        MasterKey.load_or_create(path)

    assert path.read_bytes() == b"short"


def test_a_key_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="cannot read or make"):
        FingerprintKey.load_or_create(tmp_path)


def test_keys_do_not_show_themselves() -> None:
    assert "secret" not in repr(MASTER)
    assert repr(MASTER.secret)[2:-1] not in repr(FingerprintKey(MASTER.secret))


@given(KEYS, st.binary(max_size=40))
def test_a_wrapped_key_unwraps(key: bytes, aad: bytes) -> None:
    wrapped = MASTER.wrap(key, aad)

    assert len(wrapped) == WRAPPED_KEY_BYTES
    assert MASTER.unwrap(wrapped, aad) == key


@given(st.integers(0, WRAPPED_KEY_BYTES - 1), st.integers(1, 255))
def test_a_wrapped_key_with_one_changed_byte_does_not_unwrap(place: int, change: int) -> None:
    wrapped = bytearray(MASTER.wrap(bytes(32), b""))
    wrapped[place] ^= change

    with pytest.raises(KeyDestroyed):
        MASTER.unwrap(bytes(wrapped), b"")


def test_a_wrapped_key_needs_its_place_and_its_master() -> None:
    wrapped = MASTER.wrap(bytes(32), b"here")

    with pytest.raises(KeyDestroyed):
        MASTER.unwrap(wrapped, b"there")
    with pytest.raises(KeyDestroyed):
        MasterKey(bytes(32)).unwrap(wrapped, b"here")
    with pytest.raises(KeyDestroyed):
        MASTER.unwrap(b"", b"here")


@given(KEYS)
def test_the_vault_key_is_what_another_hkdf_says(key: bytes) -> None:
    witness = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"vault").derive(key)

    assert vault_key(key) == witness
    assert journal_key(key) == key


def test_a_fingerprint_names_a_secret_under_one_key_only() -> None:
    one, two = FingerprintKey(bytes(32)), FingerprintKey(bytes(range(32)))

    assert one.fingerprint(b"secret") == one.fingerprint(b"secret")
    assert one.fingerprint(b"secret") != one.fingerprint(b"secreu")
    assert one.fingerprint(b"secret") != two.fingerprint(b"secret")
    assert len(one.fingerprint(b"")) == 16


def test_a_key_that_somebody_else_made_gets_a_durable_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker may have been killed before: what we seal under it would be lost with it."""
    MasterKey.load_or_create(tmp_path / "master.key")
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda number: synced.append(str(Path(f"/proc/self/fd/{number}").readlink()))
    )

    MasterKey.load_or_create(tmp_path / "master.key")

    assert synced == [str(tmp_path)]
