from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.journal.format import Codec
from proxy.store.vault.files import (
    WINDOW_BYTES,
    VaultFile,
    commit_body,
    day_of,
    file_name,
    vault_files,
)
from proxy.store.vault.format import COMMIT_MAGIC, NOBODY, RecordKind, encode_record

WANTED = frozenset({RecordKind.FACTS})
COMMIT = encode_record(RecordKind.COMMIT, Codec.PLAIN, 0, NOBODY, COMMIT_MAGIC + b'{"at":1}')


def record(kind: RecordKind, size: int) -> bytes:
    return encode_record(kind, Codec.PLAIN, 0, NOBODY, b"x" * size)


FACTS = record(RecordKind.FACTS, 100)
PART = record(RecordKind.PART, 200)


def written(folder: Path, *records: bytes) -> VaultFile:
    path = folder / "20261118-000001"
    path.write_bytes(b"".join(records))
    return VaultFile(path)


def test_names_sort_in_the_order_of_writing_and_others_are_left_out(tmp_path: Path) -> None:
    for name in ("20261118-000002", "20261118-000001", "20261117-000003", "x.unborn", "README"):
        (tmp_path / name).touch()

    names = vault_files(tmp_path)

    assert names == ["20261117-000003", "20261118-000001", "20261118-000002"]
    assert file_name("20261118", 2) == names[-1]
    assert day_of(names[-1]) == "20261118"
    assert vault_files(tmp_path / "nothing") == []


def test_a_walk_tells_what_was_asked_for_commit_by_commit(tmp_path: Path) -> None:
    with written(tmp_path, FACTS, PART, FACTS, COMMIT, COMMIT) as file:
        first, second = file.commits(0, WANTED)

    assert [place.offset for place in first.places] == [0, len(FACTS) + len(PART)]
    assert second.places == ()
    assert commit_body(first) == {"at": 1}
    assert second.end == file.size


def test_what_is_not_committed_is_not_told(tmp_path: Path) -> None:
    with written(tmp_path, FACTS, COMMIT, FACTS, PART) as file:
        (commit,) = file.commits(0, WANTED)

    assert commit.end == len(FACTS) + len(COMMIT)


@given(st.integers(0, 400))
@settings(max_examples=60)
def test_a_cut_file_tells_a_prefix(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("cut")
    whole = b"".join([FACTS, COMMIT, PART, COMMIT])

    with written(folder, whole[:cut]) as file:
        ends = [commit.end for commit in file.commits(0, WANTED)]

    first = len(FACTS) + len(COMMIT)
    assert ends == [end for end in (first, len(whole)) if end <= cut]


@given(st.integers(0, 7), st.integers(1, 255))
@settings(max_examples=30)
def test_behind_damage_the_walk_goes_on_at_the_next_commit_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int
) -> None:
    """Places 0 to 7 are length and CRC; only a changed length leads the walk astray."""
    folder = tmp_path_factory.mktemp("damage")
    broken = bytearray(PART)
    broken[place] ^= change

    with written(folder, FACTS, COMMIT, bytes(broken), COMMIT, FACTS, COMMIT) as file:
        commits = list(file.commits(0, WANTED))

    assert commits[0].damage is None
    assert commits[-1].damage is None
    assert [place.offset for place in commits[-1].places] == [file.size - len(COMMIT) - len(FACTS)]
    assert (len(commits) == 3) == (place >= 4 or commits[1].damage is not None)


def test_a_commit_behind_a_long_damage_is_found(tmp_path: Path) -> None:
    with written(tmp_path, b"\xff" * (2 * WINDOW_BYTES + 77), COMMIT) as file:
        (commit,) = file.commits(0, WANTED)

    assert commit.damage is not None
    assert "no vault record" in commit.damage


def test_a_record_is_read_by_its_place(tmp_path: Path) -> None:
    large = record(RecordKind.MEDIA, 3 * WINDOW_BYTES)

    with written(tmp_path, PART, large, PART) as file:
        header, payload = file.record(len(PART))
        again, _ = file.record(0)

    assert (header.kind, len(payload)) == (RecordKind.MEDIA, 3 * WINDOW_BYTES)
    assert again.kind is RecordKind.PART


def test_a_changed_record_is_refused(tmp_path: Path) -> None:
    with (
        written(tmp_path, PART[:-1] + b"y") as file,
        pytest.raises(FormatError, match="20261118-000001:0 is damaged"),
    ):
        file.record(0)


def test_no_record_stands_behind_the_end(tmp_path: Path) -> None:
    with written(tmp_path, PART) as file, pytest.raises(FormatError):
        file.record(len(PART) + 10)
