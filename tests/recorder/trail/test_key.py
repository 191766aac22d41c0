"""The key is made once, for the recorder alone, and never replaced in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.recorder.trail.key import KEY_FILE, load_or_create_signer


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    made = load_or_create_signer(tmp_path / "keys")

    assert load_or_create_signer(tmp_path / "keys") == made
    assert (tmp_path / "keys" / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_two_logs_have_different_names(tmp_path: Path) -> None:
    assert load_or_create_signer(tmp_path / "a").name != load_or_create_signer(tmp_path / "b").name


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"\xff"])
def test_a_spoilt_key_is_refused_and_kept(content: bytes, tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)

    with pytest.raises(StoreError, match="begin a new log"):
        load_or_create_signer(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == content
