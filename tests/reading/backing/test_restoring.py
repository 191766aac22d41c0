from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import KeyDestroyed, StoreError
from proxy.journal.format import ExchangeId
from proxy.journal.slots import Keystore
from proxy.reading.backing.restoring import BESIDE, restore
from proxy.reading.backing.taking import IDENTITY, take
from proxy.store.erasing.tombstones import FILE, Erasure, Tombstones
from tests.journal.written import BOOT, MASTER, WORKER, write_journal
from tests.recorder.played import Scene, name, whole


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Three exchanges in a vault, and a backup of it."""
    scene = Scene(tmp_path / "data")
    scene.folder.mkdir()
    write_journal(scene.folder, [whole(number) for number in range(1, 4)])
    scene.settings()
    (scene.folder / "keys" / IDENTITY).write_bytes(b"i" * 32)
    scene.pipeline().catch_up()
    take(scene.folder, tmp_path / "backup")
    return scene


def master(scene: Scene) -> Path:
    return scene.folder / "keys" / "master.key"


def erased_after_the_backup(scene: Scene, number: int) -> Path:
    """The log of an erasure that the backup knows nothing of."""
    tombstones = Tombstones.open(scene.folder / "keys")
    erasure = Erasure("0" * 32, 1, (f"v1_{number}",), (name(number),), "asked for", "somebody")
    tombstones.begin(erasure)
    tombstones.settle(erasure.id, erasure.exchanges)
    tombstones.end(erasure.id)
    return scene.folder / "keys" / FILE


def test_what_was_recorded_is_there_and_opens(scene: Scene, tmp_path: Path) -> None:
    restore(tmp_path / "backup", tmp_path / "new", master(scene), None)

    restored = Scene(tmp_path / "new")
    assert restored.told().exchanges == scene.told().exchanges
    for number in (1, 2, 3):
        assert restored.keystore().key(ExchangeId(WORKER, BOOT, number))
    assert not (tmp_path / f"new{BESIDE}").exists()


def test_what_was_erased_since_stays_erased(scene: Scene, tmp_path: Path) -> None:
    log = erased_after_the_backup(scene, 2)

    done = restore(tmp_path / "backup", tmp_path / "new", master(scene), log)

    assert (done.erasure_count, done.exchange_count) == (1, 1)
    keystore = Keystore(tmp_path / "new" / "keys" / "slots", MASTER)
    with pytest.raises(KeyDestroyed):
        keystore.key(ExchangeId(WORKER, BOOT, 2))
    assert keystore.key(ExchangeId(WORKER, BOOT, 1))
    keystore.close()
    assert (tmp_path / "new" / "keys" / FILE).read_bytes() == log.read_bytes()


def test_an_older_log_than_the_backups_takes_nothing_back(scene: Scene, tmp_path: Path) -> None:
    log = erased_after_the_backup(scene, 2)
    take(scene.folder, tmp_path / "backup")
    older = tmp_path / "older.log"
    older.write_bytes(log.read_bytes().splitlines(keepends=True)[0])

    assert restore(tmp_path / "backup", tmp_path / "new", master(scene), older).exchange_count == 1


def test_a_backup_that_lost_its_log_is_not_restored_without_another(
    scene: Scene, tmp_path: Path
) -> None:
    log = erased_after_the_backup(scene, 2)
    take(scene.folder, tmp_path / "backup")
    (tmp_path / "backup" / "keys" / FILE).unlink()

    with pytest.raises(StoreError, match="has lost"):
        restore(tmp_path / "backup", tmp_path / "new", master(scene), None)

    assert restore(tmp_path / "backup", tmp_path / "new", master(scene), log).exchange_count == 1


def test_the_root_of_a_disk_is_no_folder_to_restore_into(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="restore into a folder in it"):
        restore(tmp_path / "backup", Path("/proc"), master(scene), None)


def test_the_folder_that_one_stands_in_can_be_restored_into(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    restore(tmp_path / "backup", Path(), master(scene), None)
    assert Scene(tmp_path / "here").told().exchanges == scene.told().exchanges


def test_a_log_of_another_folder_is_refused(scene: Scene, tmp_path: Path) -> None:
    erased_after_the_backup(scene, 2)
    take(scene.folder, tmp_path / "backup")
    other = tmp_path / "other.log"
    other.write_bytes(b'{"begin":"' + b"1" * 300 + b'"}\n' * 9)

    with pytest.raises(StoreError, match="another data folder"):
        restore(tmp_path / "backup", tmp_path / "new", master(scene), other)


@pytest.mark.usefixtures("scene")
def test_another_master_key_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(b"w" * 32)

    with pytest.raises(StoreError, match="is not the master key"):
        restore(tmp_path / "backup", tmp_path / "new", wrong, None)
    with pytest.raises(StoreError, match="no master key at"):
        restore(tmp_path / "backup", tmp_path / "new", tmp_path / "missing.key", None)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "missing.key").exists()


def test_nothing_is_written_over(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not empty"):
        restore(tmp_path / "backup", scene.folder, master(scene), None)


def test_a_restore_that_was_cut_off_is_begun_anew(scene: Scene, tmp_path: Path) -> None:
    left = tmp_path / f"new{BESIDE}" / "keys" / "slots"
    left.mkdir(parents=True)
    (left / "half").touch()

    restore(tmp_path / "backup", tmp_path / "new", master(scene), None)

    assert not (tmp_path / "new" / "keys" / "slots" / "half").exists()
