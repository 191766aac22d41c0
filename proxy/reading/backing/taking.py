"""`backup`: a mirror of the record in another folder, brought up to date while the proxy runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from proxy.errors import StoreError
from proxy.journal.disk import make_folder, sync_folder
from proxy.reading.backing.mirror import mirror_file, mirror_folder, write_new
from proxy.reading.erasing.asked import NoRecorder, asked
from proxy.store.erasing.tombstones import FILE as ERASURES

FORMAT: Final = 1
MANIFEST: Final = "backup.json"
LOCK: Final = "backup.lock"
MASTER_KEY: Final = "master.key"
UNBORN: Final = ".unborn"
OF_TRAIL: Final = ("checkpoint", "checkpoints", "trail.vkey")
"""Tiles are functions of the vault; these are not. All but the first only grow."""
IDENTITY: Final = "fingerprint.key"
"""Made once with a data folder, of random bytes: two folders never share it."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What `backup.json` says."""

    at: str
    """ISO 8601, UTC: everything acknowledged before is in it."""
    is_whole: bool
    """False: no recorder ran, so what lay in journals is not in it."""
    exchange_count: int | None
    """None: no recorder ran."""
    vault_bytes: int
    erasures_bytes: int

    def told(self) -> dict[str, Any]:
        return {"format": FORMAT} | {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Taken:
    """One run."""

    backup: Backup
    written_bytes: int


def take(
    data_folder: Path,
    target: Path,
    *,
    master_file: Path | None = None,
    now: datetime | None = None,
) -> Taken:
    """Bring the backup in `target` up to date. `master_file`: never in it, wherever it lies.

    Raises:
        StoreError: nothing was recorded here, `target` is another folder's backup or in use, or a disk refused.
    """
    keys = data_folder / "keys"
    if not (data_folder / "vault").is_dir():
        raise StoreError(f"no records in {data_folder}: run `interactions-proxy serve` first")
    if target.resolve().is_relative_to(data_folder.resolve()):
        raise StoreError(f"{target} lies in the data folder: a backup belongs on another disk")
    if data_folder.resolve().is_relative_to(target.resolve()):
        raise StoreError(
            f"the data folder lies in {target}: give a folder of its own, best on another disk"
        )
    try:
        make_folder(target)
        with _held(target / LOCK):
            _refuse_another(target, keys)
            never = _places(keys / MASTER_KEY) | _places(master_file or keys / MASTER_KEY)
            return _taken(data_folder, target, now or datetime.now(UTC), never)
    except OSError as error:
        raise StoreError(f"the backup in {target} is not up to date: {error}") from error


def read_manifest(target: Path) -> Backup:
    """What a backup says of itself.

    Raises:
        StoreError: there is none, or a newer program took it.
    """
    try:
        told = orjson.loads((target / MANIFEST).read_bytes())
        if told["format"] != FORMAT:
            raise StoreError(
                f"the backup in {target} has format {told['format']}, and this program knows {FORMAT}: "
                "restore it with the version that took it, or a newer one"
            )
        return Backup(**{name: told[name] for name in Backup.__slots__})
    except FileNotFoundError as error:
        raise StoreError(f"{target} holds no finished backup: {MANIFEST} is missing") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{target / MANIFEST} is damaged: {error!r}") from error


def _refuse_another(target: Path, keys: Path) -> None:
    known = target / "keys" / IDENTITY
    if known.exists() and known.read_bytes() != (keys / IDENTITY).read_bytes():
        raise StoreError(f"{target} is the backup of another data folder: take an empty one")


def _places(file: Path) -> set[tuple[int, int]]:
    """Device and inode: whatever a file is called, it is this one. None, if there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return set()
    return {(found.st_dev, found.st_ino)}


def _taken(
    data_folder: Path, target: Path, now: datetime, never: AbstractSet[tuple[int, int]]
) -> Taken:
    def mirrored(source: Path, copy: Path) -> int:
        def is_wanted(name: Path) -> bool:
            return name.suffix != UNBORN and not _places(source / name) & never

        return mirror_folder(source, copy, is_wanted=is_wanted)

    data, keys = target / "data", target / "keys"
    trail = _Trail(data_folder / "trail")
    exchange_count = _flushed(data_folder)
    written = mirrored(data_folder / "vault", data / "vault")
    written += trail.mirror(data / "trail")
    if (data_folder / "admin").is_dir():
        written += mirrored(data_folder / "admin", data / "admin")
    written += mirrored(data_folder / "keys", keys)
    erasures = data_folder / "keys" / ERASURES
    if erasures.exists():
        # Once more: what was erased meanwhile is in it, whichever keys were copied before.
        written += mirror_file(erasures, keys / ERASURES)
    backup = Backup(
        now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        exchange_count is not None,
        exchange_count,
        sum(path.stat().st_size for path in (data / "vault").iterdir()),
        (keys / ERASURES).stat().st_size if (keys / ERASURES).exists() else 0,
    )
    _write_manifest(target, backup)
    return Taken(backup, written)


def _flushed(data_folder: Path) -> int | None:
    """Exchanges in the vault, everything acknowledged until now among them; None: no recorder runs."""
    try:
        return int(asked(data_folder, "/flush", {})["exchanges"])
    except NoRecorder:
        return None


class _Trail:
    """The trail as it is before the vault is read, written behind it: so it is ahead of no vault, nor when it is cut off."""

    def __init__(self, source: Path) -> None:
        self._source = source
        first, *grow = OF_TRAIL
        path = source / first
        self._last = path.read_bytes() if path.exists() else b""
        self._sizes = {
            name: (source / name).stat().st_size for name in grow if (source / name).exists()
        }

    def mirror(self, target: Path) -> int:
        make_folder(target)
        written = 0
        for name, size in self._sizes.items():
            written += mirror_file(self._source / name, target / name, size_max=size)
        last = target / OF_TRAIL[0]
        if self._last and not (last.is_file() and last.read_bytes() == self._last):
            write_new(last, self._last)
            written += len(self._last)
        sync_folder(target)
        return written


def _write_manifest(target: Path, backup: Backup) -> None:
    write_new(target / MANIFEST, orjson.dumps(backup.told(), option=orjson.OPT_INDENT_2) + b"\n")


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"another backup into {lock.parent} is being taken") from error
        yield
    finally:
        os.close(descriptor)
