"""`restore`: a data folder made from a backup, with everything that was erased since erased again, first."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.errors import FormatError, KeyDestroyed, StartRefused, StoreError
from proxy.journal.disk import sync_folder
from proxy.journal.format import ExchangeId
from proxy.journal.keys import MasterKey
from proxy.journal.slots import Keystore
from proxy.reading.backing.mirror import mirror_file, mirror_folder, write_new
from proxy.reading.backing.taking import MASTER_KEY, Backup, read_manifest
from proxy.store.erasing.tombstones import FILE as ERASURES
from proxy.store.erasing.tombstones import Tombstones
from proxy.store.vault.keys import FactsKeys

BESIDE: Final = ".restoring"
"""Ending of the folder that is filled, and then gets the name."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    backup: Backup
    erasure_count: int
    """Erasures that the log tells of, all of them done in the new folder."""
    exchange_count: int
    """Exchanges whose keys they destroyed."""


def restore(
    source: Path, data_folder: Path, master_file: Path, newer_erasures: Path | None
) -> Restored:
    """Make `data_folder` from the backup in `source`.

    Args:
        source: what `backup` made.
        data_folder: empty, or not there.
        master_file: the 32 bytes of the key it was recorded under; copied to keys/master.key.
        newer_erasures: an erasures.log that is newer than the backup's, or None: there is none.

    Raises:
        StoreError: the folder has something in it, the key is another one, the logs do not fit, a disk refused.
    """
    backup = read_manifest(source)
    data_folder = data_folder.absolute()
    if data_folder.is_mount():
        raise StoreError(
            f"{data_folder} is the root of a disk and cannot be renamed: restore into a folder in it"
        )
    if data_folder.exists() and any(data_folder.iterdir()):
        raise StoreError(f"{data_folder} is not empty: restore into a new folder")
    log = _newest_log(source / "keys" / ERASURES, newer_erasures)
    if len(log) < backup.erasures_bytes:
        raise StoreError(
            f"{source / 'keys' / ERASURES} has lost {backup.erasures_bytes - len(log)} bytes since the backup was taken: "
            "give a whole log of erasures with --erasures"
        )
    master = _master(master_file, source)
    beside = data_folder.with_name(data_folder.name + BESIDE)
    try:
        if beside.exists():
            shutil.rmtree(beside)  # of a restore that was cut off
        restored = _restored(source, beside, backup, log, master)
        mirror_file(master_file, beside / "keys" / MASTER_KEY)
        if data_folder.exists():
            data_folder.rmdir()
        beside.rename(data_folder)
        sync_folder(data_folder.parent)
    except OSError as error:
        raise StoreError(f"not restored to {data_folder}: {error}") from error
    return restored


def _restored(
    source: Path, beside: Path, backup: Backup, log: bytes, master: MasterKey
) -> Restored:
    keys = beside / "keys"
    mirror_folder(source / "keys", keys)
    write_new(keys / ERASURES, log)
    tombstones = Tombstones.open(keys)
    erased = {name for erasure in tombstones.erasures() for name in erasure.exchanges}
    erased.update(tombstones.unkept)
    _destroy(keys / "slots", master, erased)
    mirror_folder(source / "data", beside)
    return Restored(backup, len(tombstones.erasures()), len(erased))


def _destroy(slots: Path, master: MasterKey, exchanges: Iterable[str]) -> None:
    keystore = Keystore(slots, master)
    try:
        keystore.destroy([ExchangeId.parse(name) for name in sorted(exchanges)])
    finally:
        keystore.close()


def _newest_log(of_backup: Path, newer: Path | None) -> bytes:
    """The longer of two logs, of which one begins with the other."""
    own = of_backup.read_bytes() if of_backup.exists() else b""
    if newer is None:
        return own
    try:
        given = newer.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read the log of erasures: {error}") from error
    longer, shorter = (given, own) if len(given) >= len(own) else (own, given)
    if not longer.startswith(shorter[: shorter.rfind(b"\n") + 1]):
        raise StoreError(
            f"{newer} is the log of another data folder: it does not go on from {of_backup}"
        )
    return longer


def _master(path: Path, source: Path) -> MasterKey:
    if not path.exists():
        raise StoreError(f"no master key at {path}: a backup has none, it is kept apart")
    try:
        master = MasterKey.load_or_create(path)
    except StartRefused as error:
        raise StoreError(str(error)) from error
    days = sorted(file.stem for file in (source / "keys" / "facts").glob("*.key"))
    try:
        if days:
            FactsKeys(source / "keys" / "facts", master).key(days[-1])
    except (KeyDestroyed, FormatError) as error:
        raise StoreError(
            f"{path} is not the master key of the backup in {source}: {error}"
        ) from error
    return master
