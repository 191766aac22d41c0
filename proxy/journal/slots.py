"""Data keys in slots: one per exchange, made durable before it is used, destroyed by zeroing it.

A slot file belongs to one (worker, boot). Its header holds the slot key, wrapped by the master key;
each slot holds one data key, sealed under the slot key with the exchange's sequence as nonce.
Rotating the master key re-wraps headers, not slots.
"""

from __future__ import annotations

import os
import struct
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.errors import KeyDestroyed, SlotsMissing
from proxy.journal.disk import (
    FileLost,
    identity_of,
    make_folder,
    new_file,
    restored,
    sync_folder,
    verify_name,
    write_all,
)
from proxy.journal.format import ExchangeId
from proxy.journal.keys import KEY_BYTES, WRAPPED_KEY_BYTES, MasterKey

SLOT_BYTES: Final = 64
SLOTS_PER_BLOCK: Final = 1024
"""Made and synced together: one sync of about 0.3 ms is 0.3 µs an exchange."""
SLOTS_OFFSET: Final = 4096
"""Slots start behind one page for the header, so that zeroing a slot never rewrites the header."""
SLOT_VERSION: Final = 1
OPEN_FILES_MAX: Final = 64
"""Slot files a keystore keeps open: workers times the boots of a bad day."""

_HEADER: Final = struct.Struct(f"<8sHHIQ{WRAPPED_KEY_BYTES}s")
_MAGIC: Final = b"IPXSLOTS"
_SLOT: Final = struct.Struct("<Q48s8x")
_DESTROYED: Final = bytes(SLOT_BYTES)


def slots_path(folder: Path, worker: int, boot: int) -> Path:
    """Where the slots of (worker, boot) lie; `folder` is data/keys/slots."""
    return folder / f"w{worker}-{boot:016x}.slots"


def slot_offset(sequence: int) -> int:
    """Sequences count from 1."""
    return SLOTS_OFFSET + (sequence - 1) * SLOT_BYTES


def _bound_to(worker: int, boot: int) -> bytes:
    return b"slots" + struct.pack("<HHQ", SLOT_VERSION, worker, boot)


class SlotFile:
    """The gateway's side: makes slots ahead and hands out each data key once. One thread owns it."""

    def __init__(
        self, path: Path, descriptor: int, slot_key: bytes, worker: int, boot: int
    ) -> None:
        self._path = path
        self._descriptor = descriptor
        self._identity = identity_of(descriptor)
        self._seal = AESGCM(slot_key)
        self._bound_to = _bound_to(worker, boot)
        self._keys: dict[int, bytes] = {}
        self.durable_last = 0
        """Sequence of the last exchange whose slot is durable."""

    @classmethod
    def create(cls, folder: Path, master: MasterKey, worker: int, boot: int) -> SlotFile:
        """A new file without slots, durable with its name.

        Raises:
            OSError: the disk refused.
        """
        make_folder(folder)
        path = slots_path(folder, worker, boot)
        slot_key = os.urandom(KEY_BYTES)
        wrapped = master.wrap(slot_key, _bound_to(worker, boot))
        header = _HEADER.pack(_MAGIC, SLOT_VERSION, worker, 0, boot, wrapped)
        descriptor = new_file(path, 0)
        try:
            write_all(descriptor, [header.ljust(SLOTS_OFFSET, b"\0")], 0)
            os.fsync(descriptor)
            sync_folder(folder)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        return cls(path, descriptor, slot_key, worker, boot)

    def verify(self) -> str:
        """Make sure that the keys of durable records can be found again.

        Returns:
            What had to be done for it, in a sentence; empty if nothing.

        Raises:
            OSError: the file was lost and could not be restored.
        """
        try:
            verify_name(self._identity, self._path)
        except FileLost as error:
            lost, end = self._descriptor, slot_offset(self.durable_last + 1)
            self._descriptor = restored(lost, self._path, end, end)
            self._identity = identity_of(self._descriptor)
            os.close(lost)
            return f"{error.args[-1]}: restored"
        return ""

    def ensure(self, sequence: int) -> None:
        """Make whole blocks until the slot of `sequence` is durable. Does nothing if it is.

        Raises:
            OSError: the disk refused; do not use this file for new slots any more.
        """
        while self.durable_last < sequence:
            self._make_block()

    def _make_block(self) -> None:
        first = self.durable_last + 1
        secrets = os.urandom(SLOTS_PER_BLOCK * KEY_BYTES)
        keys = [secrets[at : at + KEY_BYTES] for at in range(0, len(secrets), KEY_BYTES)]
        seal, bound_to, pack = self._seal.encrypt, self._bound_to, _SLOT.pack
        block = b"".join(
            [
                pack(sequence, seal(sequence.to_bytes(12, "little"), key, bound_to))
                for sequence, key in enumerate(keys, first)
            ]
        )
        write_all(self._descriptor, [block], slot_offset(first))
        os.fsync(self._descriptor)
        self._keys.update(enumerate(keys, first))
        self.durable_last += SLOTS_PER_BLOCK

    def take(self, sequence: int) -> bytes:
        """The data key of an exchange: 32 bytes. Once: what is taken is forgotten here."""
        assert sequence in self._keys, f"no durable slot {sequence}, or taken before"
        return self._keys.pop(sequence)

    def close(self) -> None:
        """Forget all keys; the file stays."""
        self._keys.clear()
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class _OpenFile:
    path: str
    identity: tuple[int, int]
    """Device and inode: a file that was lost and restored is another one."""
    descriptor: int
    seal: AESGCM
    bound_to: bytes


class Keystore:
    """The recorder's side: opens data keys, destroys them. Keeps no data key. Not thread-safe."""

    def __init__(self, folder: Path, master: MasterKey) -> None:
        """`folder` is data/keys/slots."""
        self._folder = folder
        self._master = master
        self._open: OrderedDict[tuple[int, int], _OpenFile] = OrderedDict()

    def key(self, exchange: ExchangeId) -> bytes:
        """The data key of an exchange, 32 bytes. Do not keep it longer than the work at hand.

        Raises:
            SlotsMissing: there is no slot file at the moment.
            KeyDestroyed: erased, or never durable, or not under this master key.
        """
        worker, boot, sequence = exchange
        file = self._current(self._open.get((worker, boot))) or self._open_file(worker, boot)
        slot = os.pread(file.descriptor, SLOT_BYTES, slot_offset(sequence))
        if len(slot) < SLOT_BYTES or slot == _DESTROYED:
            raise KeyDestroyed(f"the key of {exchange} was destroyed or never made")
        try:
            return file.seal.decrypt(sequence.to_bytes(12, "little"), slot[8:56], file.bound_to)
        except InvalidTag as error:
            raise KeyDestroyed(f"the slot of {exchange} is damaged") from error

    def is_destroyed(self, exchange: ExchangeId) -> bool:
        """Whether its slot is there, and overwritten. A slot that is missing or damaged may come back from a backup."""
        worker, boot, sequence = exchange
        try:
            descriptor = os.open(slots_path(self._folder, worker, boot), os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            return os.pread(descriptor, SLOT_BYTES, slot_offset(sequence)) == _DESTROYED
        finally:
            os.close(descriptor)

    def destroy(self, exchanges: Iterable[ExchangeId]) -> tuple[ExchangeId, ...]:
        """Zero the slots, make that durable, read them back. Twice is once.

        Overwriting in place erases at the level of files; what a disk keeps below is not in our hands.

        Returns:
            Those that have no slot here: their file is missing, or ends before it. It may come back (its writer restores
            a lost file, a backup of keys is put back), so nothing shows that these keys are destroyed.

        Raises:
            OSError: the disk refused; some of the slots may still be there.
        """
        by_file: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for worker, boot, sequence in exchanges:
            by_file[worker, boot].append(sequence)
        missing: list[ExchangeId] = []
        for (worker, boot), sequences in by_file.items():
            left = self._destroy_in_file(slots_path(self._folder, worker, boot), sequences)
            missing += [ExchangeId(worker, boot, sequence) for sequence in left]
        return tuple(missing)

    @staticmethod
    def _destroy_in_file(path: Path, sequences: list[int]) -> list[int]:
        """Those without a slot in it."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return sequences
        try:
            size = os.fstat(descriptor).st_size
            slots = {sequence: slot_offset(sequence) for sequence in sequences}
            inside = [offset for offset in slots.values() if offset + SLOT_BYTES <= size]
            for offset in inside:
                write_all(descriptor, [_DESTROYED], offset)
            os.fdatasync(descriptor)
            for offset in inside:
                if os.pread(descriptor, SLOT_BYTES, offset) != _DESTROYED:
                    raise OSError(f"a slot of {path.name} at byte {offset} is still there")
            return [sequence for sequence, at in slots.items() if at + SLOT_BYTES > size]
        finally:
            os.close(descriptor)

    @staticmethod
    def _current(file: _OpenFile | None) -> _OpenFile | None:
        """The file, unless another has its name: keys are erased and made in that one."""
        if file is None:
            return None
        try:
            found = os.stat(file.path)  # noqa: PTH116  half the cost of Path.stat, once per exchange
        except FileNotFoundError:
            return file  # what its writer restores is what we have
        return file if (found.st_dev, found.st_ino) == file.identity else None

    def _open_file(self, worker: int, boot: int) -> _OpenFile:
        stale = self._open.pop((worker, boot), None)
        if stale is not None:
            os.close(stale.descriptor)
        path = slots_path(self._folder, worker, boot)
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError as error:
            raise SlotsMissing(f"there is no slot file {path.name}") from error
        try:
            slot_key = self._slot_key(
                os.pread(descriptor, _HEADER.size, 0), path.name, worker, boot
            )
        except KeyDestroyed:
            os.close(descriptor)
            raise
        found = os.fstat(descriptor)
        identity = (found.st_dev, found.st_ino)
        seal, bound_to = AESGCM(slot_key), _bound_to(worker, boot)
        file = _OpenFile(str(path), identity, descriptor, seal, bound_to)
        self._open[worker, boot] = file
        if len(self._open) > OPEN_FILES_MAX:
            _, oldest = self._open.popitem(last=False)
            os.close(oldest.descriptor)
        return file

    def _slot_key(self, header: bytes, name: str, worker: int, boot: int) -> bytes:
        if len(header) < _HEADER.size:
            raise KeyDestroyed(f"slot file {name} has no whole header")
        magic, version, *_, wrapped = _HEADER.unpack(header)
        if magic != _MAGIC or version != SLOT_VERSION:
            raise KeyDestroyed(f"{name} is not a slot file of version {SLOT_VERSION}")
        return self._master.unwrap(wrapped, _bound_to(worker, boot))

    def close(self) -> None:
        for file in self._open.values():
            os.close(file.descriptor)
        self._open.clear()

    def __del__(self) -> None:
        """Who is given up without being closed keeps no file open."""
        self.close()
