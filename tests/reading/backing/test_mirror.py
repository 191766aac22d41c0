from __future__ import annotations

import os
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.reading.backing import mirror
from proxy.reading.backing.mirror import mirror_file, mirror_folder

CONTENTS = st.binary(max_size=40) | st.binary(min_size=1, max_size=4).map(lambda some: some * 30)


@given(before=st.none() | CONTENTS, after=CONTENTS, block=st.integers(1, 16))
def test_a_file_becomes_as_the_other_whatever_it_was(
    before: bytes | None, after: bytes, block: int
) -> None:
    with TemporaryDirectory() as name:
        source, target = Path(name, "source"), Path(name, "target")
        source.write_bytes(after)
        if before is not None:
            target.write_bytes(before)
        was, mirror.BLOCK_BYTES = mirror.BLOCK_BYTES, block  # type: ignore[misc]  # small, to have many
        try:
            written = mirror_file(source, target)
            again = mirror_file(source, target)
        finally:
            mirror.BLOCK_BYTES = was  # type: ignore[misc]

        assert target.read_bytes() == after
        assert written <= len(after)
        assert again == 0


def test_only_blocks_that_changed_are_written(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    whole = bytes(3 * mirror.BLOCK_BYTES)
    source.write_bytes(whole)
    assert mirror_file(source, target) == len(whole)

    source.write_bytes(
        whole[: mirror.BLOCK_BYTES] + b"x" + whole[mirror.BLOCK_BYTES + 1 :] + b"new"
    )

    assert mirror_file(source, target) == mirror.BLOCK_BYTES + 3
    assert target.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_file_that_is_cut_meanwhile_ends_where_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(3 * mirror.BLOCK_BYTES))
    target.write_bytes(b"x" * (3 * mirror.BLOCK_BYTES))
    read = os.pread

    def cutting(descriptor: int, size: int, offset: int) -> bytes:
        os.truncate(source, mirror.BLOCK_BYTES + 5)
        return read(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", cutting)
    mirror_file(source, target)

    assert target.read_bytes() == bytes(mirror.BLOCK_BYTES + 5)


def test_no_more_is_taken_than_is_wanted(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"line\nlater")
    mirror_file(source, target, size_max=5)
    assert target.read_bytes() == b"line\n"


def test_a_link_in_the_backup_leads_nowhere(tmp_path: Path) -> None:
    source, target, foreign = tmp_path / "source", tmp_path / "target", tmp_path / "foreign"
    source.write_bytes(b"ours")
    foreign.write_bytes(b"theirs")
    target.symlink_to(foreign)

    with pytest.raises(OSError, match="symbolic links"):
        mirror_file(source, target)

    assert foreign.read_bytes() == b"theirs"


def test_a_copy_that_others_could_read_is_the_owners_again(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"ours")
    target.touch(0o644)
    mirror_file(source, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_folder_has_the_wanted_files_and_no_others(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for name in ("kept", "below/kept", "below/left-out"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(name.encode())
    (target / "below").mkdir(parents=True)
    (target / "below" / "old").touch()

    written = mirror_folder(source, target, is_wanted=lambda name: name.name != "left-out")

    found = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert found == ["below/kept", "kept"]
    assert written == len("kept") + len("below/kept")
