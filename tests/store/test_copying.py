from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.store.copying import copy_file


@pytest.mark.parametrize("size", [0, 1, 4096, 3_000_001])
def test_a_copy_has_the_same_bytes_and_one_reader(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)) * (size // 256 + 1))

    copy_file(tmp_path / "a", tmp_path / "b")

    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600


def test_a_copy_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")

    with pytest.raises(FileExistsError):
        copy_file(tmp_path / "a", tmp_path / "b")

    assert (tmp_path / "b").read_bytes() == b"old"


@given(content=st.binary(max_size=2000))
def test_any_content_is_copied(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("copy")
    (folder / "a").write_bytes(content)

    copy_file(folder / "a", folder / "b")

    assert (folder / "b").read_bytes() == content
