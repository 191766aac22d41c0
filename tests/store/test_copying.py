from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.store import copying
from proxy.store.copying import copy_file, remove_tables


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


@pytest.mark.parametrize("is_full_at_once", [False, True])
def test_of_a_copy_that_a_full_disk_cut_off_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_full_at_once: bool
) -> None:
    def fill(_source: int, _target: int) -> bool:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(copying, "_share", lambda _source, _target: False)
    if is_full_at_once:
        monkeypatch.setattr(copying, "LEFT_BYTES", 1 << 60)
        monkeypatch.setattr(copying, "LEFT_PART", 1)
    else:
        monkeypatch.setattr(copying, "_copy_in_kernel", fill)
    (tmp_path / "a").write_bytes(b"new")

    with pytest.raises(OSError, match="a copy of 0 MiB would leave" if is_full_at_once else "full"):
        copy_file(tmp_path / "a", tmp_path / "b")

    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@given(content=st.binary(max_size=2000))
def test_any_content_is_copied(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("copy")
    (folder / "a").write_bytes(content)

    copy_file(folder / "a", folder / "b")

    assert (folder / "b").read_bytes() == content


def test_tables_are_removed_with_their_wal(tmp_path: Path) -> None:
    for name in ("facts.duckdb", "facts.duckdb.wal"):
        (tmp_path / name).touch()

    remove_tables(tmp_path / "facts.duckdb")
    remove_tables(tmp_path / "facts.duckdb")

    assert list(tmp_path.iterdir()) == []
