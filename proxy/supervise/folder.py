"""The data folder before anything runs: made, proven writable, ours alone, with its keys in place."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.config.catalogue import Settings
from proxy.config.load import dump_resolved
from proxy.errors import StartRefused
from proxy.journal.keys import FingerprintKey, MasterKey

_OWNER_ONLY: Final = 0o700


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A data folder that this process holds."""

    settings_file: Path
    """The resolved settings, for the child processes."""
    has_new_master_key: bool
    """The master key was made just now: the operator should hear what it does and does not do."""


@contextlib.contextmanager
def held_data_folder(settings: Settings) -> Iterator[DataFolder]:
    """Make the folder ready and hold it, so that no second supervisor can serve it.

    Raises:
        StartRefused: it cannot be written, or a living process holds it.
    """
    folder = settings.data_folder
    try:
        lock = _open_lock(settings)
    except OSError as error:
        raise _refusal(folder, error) from error
    try:
        _take(lock, folder)
        yield _prepare(settings)
    finally:
        os.close(lock)


def recorder_of(run_folder: Path) -> str | None:
    """Process id of a recorder (or a `rebuild`) that is at work on the folder; None: there is none.

    The recorder of a killed supervisor sees the end of its lifeline, catches up and then leaves.
    """
    try:
        lock = os.open(run_folder / "recorder.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(lock)
    finally:
        os.close(lock)
    return None


def _prepare(settings: Settings) -> DataFolder:
    """Write the keys and the resolved settings: all that the children expect to find."""
    settings_file = settings.run_folder / "settings.json"
    has_master_key = settings.master_key_file.exists()
    try:
        for name in ("journal", "keys", "vault"):
            (settings.data_folder / name).mkdir(mode=_OWNER_ONLY, exist_ok=True)
        settings.master_key_file.parent.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        # Made here, before the children start: two of them would race for it.
        MasterKey.load_or_create(settings.master_key_file)
        FingerprintKey.load_or_create(settings.data_folder / "keys" / "fingerprint.key")
        dump_resolved(settings, settings_file)
    except OSError as error:
        raise _refusal(settings.data_folder, error) from error
    return DataFolder(settings_file, has_new_master_key=not has_master_key)


def _open_lock(settings: Settings) -> int:
    settings.data_folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    settings.run_folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    path = settings.run_folder / "supervisor.lock"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _take(lock: int, folder: Path) -> None:
    """Lock for good: the kernel lets go when this process ends, however it ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartRefused(
            f"the data folder {folder} is already served by process {_holder(lock)}: "
            "stop that one, or choose another folder with --data"
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _holder(lock: int) -> str:
    return os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"


def _refusal(folder: Path, error: OSError) -> StartRefused:
    return StartRefused(
        f"cannot write to the data folder {folder} ({error.filename}: {error.strerror}): "
        "make it writable for this user, or choose another folder with --data"
    )
