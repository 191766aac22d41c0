"""The data folder before anything runs."""

import fcntl
from pathlib import Path

import pytest

from proxy.config.catalogue import Settings
from proxy.config.load import load_resolved
from proxy.errors import StartRefused
from proxy.supervise.folder import held_data_folder, recorder_of


def test_a_new_folder_gets_its_keys_and_settings(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path / "new" / "data")

    with held_data_folder(settings) as folder:
        assert folder.has_new_master_key
        assert load_resolved(folder.settings_file) == settings

    assert settings.master_key_file.stat().st_mode & 0o777 == 0o600
    assert settings.data_folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_was_used_before_keeps_its_master_key(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path)
    with held_data_folder(settings):
        key = settings.master_key_file.read_bytes()

    with held_data_folder(settings) as folder:
        assert not folder.has_new_master_key
        assert settings.master_key_file.read_bytes() == key


def test_the_master_key_may_lie_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "safe" / "m.key"
    settings = Settings(data_folder=tmp_path / "data", keys_master_file=elsewhere)

    with held_data_folder(settings):
        assert elsewhere.exists()
        assert not (settings.data_folder / "keys" / "master.key").exists()


def test_a_folder_that_a_living_process_serves_is_refused(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path)

    with (
        held_data_folder(settings),
        pytest.raises(StartRefused, match=r"already served by process \d+: stop that one"),
        held_data_folder(settings),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(data_folder=tmp_path / "file" / "data")

    with (
        pytest.raises(StartRefused, match=r"cannot write to .* choose another folder with --data"),
        held_data_folder(settings),
    ):
        pass


def test_a_recorder_at_work_is_seen_by_its_lock(tmp_path: Path) -> None:
    assert recorder_of(tmp_path) is None
    with (tmp_path / "recorder.lock").open("w+") as lock:
        lock.write("123\n")
        lock.flush()
        assert recorder_of(tmp_path) is None

        fcntl.flock(lock, fcntl.LOCK_EX)
        assert recorder_of(tmp_path) == "123"
