from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.gateway.http.credentials import Redactor
from proxy.journal.keys import FingerprintKey
from proxy.steward.credential import BYTES_MAX, made, read_credential

KEY = FingerprintKey(b"k" * 32)


@pytest.mark.parametrize("secret", [b"an-api-key", b"Bearer ya29.token", b"bearer  spaced"])
def test_the_fingerprint_is_the_gateways_own(secret: bytes) -> None:
    redactor = Redactor(KEY.fingerprint)
    mark = redactor.mark(redactor.header_secret(secret)).decode()

    credential = made(secret, KEY, "")

    assert credential.scope == {mark.removeprefix("fp:")}
    assert list(credential.headers.values()) == [secret.decode()]


def test_a_key_and_a_token_are_sent_in_their_own_headers() -> None:
    assert made(b"key", KEY, "").header == "x-goog-api-key"
    assert made(b"Bearer t", KEY, "").header == "Authorization"


def test_further_fingerprints_belong_to_the_scope() -> None:
    assert made(b"key", KEY, f"{'a' * 16},{'b' * 16}").scope >= {"a" * 16, "b" * 16}


def test_it_is_read_from_memory_before_a_file_and_from_neither_if_there_is_none(
    tmp_path: Path,
) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"from-file\n")
    number = os.memfd_create("test")
    os.pwrite(number, b"from-memory", 0)

    both = read_credential(file, number, KEY, "")
    one = read_credential(file, None, KEY, "")
    os.close(number)

    assert both is not None
    assert one is not None
    assert (both.value, one.value) == ("from-memory", "from-file")
    assert read_credential(None, None, KEY, "") is None


@pytest.mark.parametrize("secret", [b"", b"two\nlines", b"\xff\xfe", b"x" * (BYTES_MAX + 1)])
def test_what_cannot_be_sent_is_refused_and_not_repeated(secret: bytes, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(secret)

    with pytest.raises(StartRefused, match="not usable") as refused:
        read_credential(file, None, KEY, "")

    assert "lines" not in str(refused.value).partition(":")[0]


def test_a_file_that_is_not_there_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="cannot read steward"):
        read_credential(tmp_path / "none", None, KEY, "")


def test_the_secret_is_not_shown() -> None:
    assert "an-api-key" not in repr(made(b"an-api-key", KEY, ""))
