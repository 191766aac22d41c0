from __future__ import annotations

import fcntl
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.reading.backing import taking
from proxy.reading.backing.taking import IDENTITY, LOCK, MANIFEST, read_manifest, take
from tests.journal.written import MASTER, write_journal
from tests.recorder.played import Scene, whole

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three exchanges in a vault; nobody is at work on it."""
    scene = Scene(tmp_path / "data")
    scene.folder.mkdir()
    write_journal(scene.folder, [whole(number) for number in range(1, 4)])
    scene.settings()
    (scene.folder / "keys" / IDENTITY).write_bytes(b"i" * 32)
    scene.pipeline().catch_up()
    return scene.folder


def test_a_backup_has_everything_but_the_master_key(data: Path, tmp_path: Path) -> None:
    taken = take(data, tmp_path / "backup", now=NOON)

    found = [path for path in (tmp_path / "backup").rglob("*") if path.is_file()]
    assert not [path for path in found if MASTER.secret in path.read_bytes()]
    for path in (data / "vault").iterdir():
        assert (
            tmp_path / "backup" / "data" / "vault" / path.name
        ).read_bytes() == path.read_bytes()
    assert list((tmp_path / "backup" / "keys" / "slots").iterdir())
    assert taken.backup == read_manifest(tmp_path / "backup")
    assert taken.backup.at == "2026-11-23T12:00:00Z"


def test_a_master_key_of_another_name_is_left_out_too(data: Path, tmp_path: Path) -> None:
    elsewhere = (data / "keys" / "master.key").rename(data / "keys" / "ours.key")

    take(data, tmp_path / "backup", master_file=elsewhere)

    assert not (tmp_path / "backup" / "keys" / "ours.key").exists()


@pytest.mark.parametrize("way", ["relative", "link", "second name", "in the vault"])
def test_the_master_key_is_left_out_whatever_it_is_called(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    master = (data / "keys" / "master.key").rename(data / "keys" / "ours.key")
    if way == "relative":
        monkeypatch.chdir(tmp_path)
        master = Path("data/keys/../keys/ours.key")
    elif way == "link":
        (data / "keys" / "link.key").symlink_to(master)
    elif way == "second name":
        (data / "keys" / "second.key").hardlink_to(master)
    else:
        master = master.rename(data / "vault" / "ours.key")

    take(data, tmp_path / "backup", master_file=master)

    found = [path for path in (tmp_path / "backup").rglob("*") if path.is_file()]
    assert not [path for path in found if MASTER.secret in path.read_bytes()]


def test_a_backup_that_is_cut_off_has_no_trail_ahead_of_its_vault(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail, copy = data / "trail", tmp_path / "backup" / "data" / "trail"
    trail.mkdir(exist_ok=True)
    (trail / "checkpoint").write_bytes(b"first")
    (trail / "checkpoints").write_bytes(b"first\n")
    take(data, tmp_path / "backup")
    (trail / "checkpoint").write_bytes(b"second")
    (trail / "checkpoints").write_bytes(b"first\nsecond\n")

    with monkeypatch.context() as patched:
        patched.setattr(taking, "mirror_folder", full)
        with pytest.raises(StoreError):
            take(data, tmp_path / "backup")

    assert (copy / "checkpoint").read_bytes() == b"first"
    assert (copy / "checkpoints").read_bytes() == b"first\n"
    take(data, tmp_path / "backup")
    assert (copy / "checkpoint").read_bytes() == b"second"
    assert (copy / "checkpoints").read_bytes() == b"first\nsecond\n"


def full(source: Path, target: Path, **_: object) -> int:
    raise OSError(28, f"no space for {source.name} in {target.name}")


def test_a_folder_around_the_data_is_no_place_for_a_backup(data: Path) -> None:
    unborn = data / "vault" / "20261123-000002.unborn"
    unborn.touch()

    with pytest.raises(StoreError, match="a folder of its own"):
        take(data, data.parent)

    assert unborn.exists(), "data/ in the backup would have been the data themselves"


def test_a_second_run_writes_what_is_new(data: Path, tmp_path: Path) -> None:
    first = take(data, tmp_path / "backup")
    assert first.written_bytes > 0
    assert take(data, tmp_path / "backup").written_bytes == 0

    newest = max((data / "vault").iterdir())
    with newest.open("ab") as file:
        file.write(b"a commit")

    assert take(data, tmp_path / "backup").written_bytes > 0
    copy = tmp_path / "backup" / "data" / "vault" / newest.name
    assert copy.read_bytes() == newest.read_bytes()


def test_a_key_that_was_destroyed_is_destroyed_in_the_backup(data: Path, tmp_path: Path) -> None:
    take(data, tmp_path / "backup")
    (slots,) = (data / "keys" / "slots").iterdir()
    erased = slots.read_bytes()[:4096] + bytes(slots.stat().st_size - 4096)
    slots.write_bytes(erased)

    take(data, tmp_path / "backup")

    assert (tmp_path / "backup" / "keys" / "slots" / slots.name).read_bytes() == erased


def test_without_a_recorder_it_says_that_journals_are_not_in_it(data: Path, tmp_path: Path) -> None:
    taken = take(data, tmp_path / "backup")

    assert not taken.backup.is_whole
    assert taken.backup.exchange_count is None


@pytest.mark.parametrize("where", ["inside", "nothing", "another", "in use"])
def test_what_cannot_be_a_backup_is_refused(data: Path, tmp_path: Path, where: str) -> None:
    target = tmp_path / "backup"
    if where == "inside":
        with pytest.raises(StoreError, match="lies in the data folder"):
            take(data, data / "backup")
    elif where == "nothing":
        with pytest.raises(StoreError, match="no records in"):
            take(tmp_path / "empty", target)
    elif where == "another":
        take(data, target)
        (data / "keys" / IDENTITY).write_bytes(b"o" * 32)
        with pytest.raises(StoreError, match="another data folder"):
            take(data, target)
    else:
        take(data, target)
        with (target / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(StoreError, match="is being taken"):
                take(data, target)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no finished backup"),
        (b"{", "is damaged"),
        (json.dumps({"format": 2}).encode(), "a newer one"),
    ],
)
def test_what_is_no_finished_backup_says_so(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / MANIFEST).write_bytes(content)

    with pytest.raises(StoreError, match=message):
        read_manifest(tmp_path)
