"""The growing end of the vault: the newest file, its durable writes, its recovery after a crash."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import orjson

from proxy.errors import FormatError, StoreError
from proxy.journal.disk import make_folder, sync_folder, sync_found, write_all
from proxy.journal.format import Codec
from proxy.store.vault.files import Commit, VaultFile, commit_body, day_of, file_name, vault_files
from proxy.store.vault.format import (
    COMMIT_MAGIC,
    NOBODY,
    RECORD_BYTES_MAX,
    RECORD_HEADER_BYTES,
    VAULT_VERSION,
    RecordKind,
    Ref,
    encode_record,
    later_version,
)
from proxy.store.vault.state import VaultState, cursors_from_json, cursors_to_json

WRITE_BYTES: Final = 4 * 1024 * 1024
"""Records gathered before they are written ahead of their commit: bounds memory, not durability."""
_REPLAYED: Final = frozenset({RecordKind.STATE, RecordKind.MANIFEST, RecordKind.OPEN})

Found = list[tuple[str, str]]
"""What recovery found: (kind, detail) of acts to be recorded."""


class VaultTail:
    """Appends to the newest file. Not thread-safe."""

    def __init__(self, folder: Path, name: str, offset: int) -> None:
        """`offset` is the end of its last commit; what lies behind is cut off."""
        self._folder = folder
        self._buffers: list[bytes] = []
        self._buffered_bytes = 0
        self._descriptor = -1
        self._use(name, offset)

    def _use(self, name: str, offset: int) -> None:
        self.name = name
        self._descriptor = os.open(self._folder / name, os.O_RDWR)
        self.committed_offset = offset
        self._written_offset = offset
        self._offset = offset

    @classmethod
    def open(cls, folder: Path, day: str, now_ns: int) -> tuple[VaultTail, VaultState, Found]:
        """The end of the vault in `folder`, what its records add up to, and what was wrong with it.

        Raises:
            OSError: the disk refused.
            StoreError: the newest file has no whole beginning, or a newer release wrote in it.
        """
        make_folder(folder)
        names = vault_files(folder)
        if not names:
            state = VaultState()
            return cls(folder, *_begin_file(folder, day, None, state, now_ns)), state, []
        name = names[-1]
        with VaultFile(folder / name) as file:
            replayed = _replay(file)
            size = file.size
        _refuse_later(folder / name, replayed[1] if replayed else 0)
        if replayed is None:
            raise StoreError(
                f"vault file {name} has no whole beginning: restore it, or move it away"
            )
        state, end, found = replayed
        tail = cls(folder, name, end)
        if size > end:
            os.ftruncate(tail._descriptor, end)
            found.append(
                ("recovery", f"{size - end} bytes behind the last commit of {name} were cut off")
            )
        # From here on it counts: journals are removed because of it, tables follow it.
        os.fsync(tail._descriptor)
        sync_found(folder)
        return tail, state, found

    @property
    def uncommitted_bytes(self) -> int:
        return self._offset - self.committed_offset

    def append(self, record: bytes) -> Ref:
        """Returns where it will stand."""
        ref = Ref(self.name, self._offset)
        self._buffers.append(record)
        self._buffered_bytes += len(record)
        self._offset += len(record)
        if self._buffered_bytes >= WRITE_BYTES:
            self._write()
        return ref

    def commit(self, record: bytes) -> None:
        """Make everything appended durable, then `record`, the commit that says so.

        Two syncs: a disk writes in any order, and with one a power loss could leave the commit
        without what it covers. It would count, the journals behind it go, and nobody have the rest.

        Raises:
            OSError: never use this object again: the kernel may have dropped what it could not write.
        """
        if self._offset > self.committed_offset:
            self._write()
            os.fdatasync(self._descriptor)
        self.append(record)
        self._write()
        os.fdatasync(self._descriptor)
        if os.fstat(self._descriptor).st_nlink == 0:
            raise OSError(f"vault file {self.name} was removed while in use")
        self.committed_offset = self._offset

    def begin_file(self, day: str, state: VaultState, now_ns: int) -> None:
        """Go on in a new file. Directly after a commit only."""
        assert self._offset == self.committed_offset, "a file ends with a commit"
        self.close()
        previous = Ref(self.name, self.committed_offset)
        self._use(*_begin_file(self._folder, day, previous, state, now_ns))

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        """Who is given up without being closed keeps no file open."""
        self.close()

    def _write(self) -> None:
        self._written_offset = write_all(self._descriptor, self._buffers, self._written_offset)
        self._buffers = []
        self._buffered_bytes = 0


def commit_record(state: VaultState, now_ns: int) -> bytes:
    """A commit of this state, whole."""
    body = {
        "at": now_ns,
        "exchange_count": state.exchange_count,
        "cursors": cursors_to_json(state.cursors),
    }
    payload = COMMIT_MAGIC + orjson.dumps(body)
    return encode_record(RecordKind.COMMIT, Codec.PLAIN, 0, NOBODY, payload)


def _begin_file(
    folder: Path, day: str, previous: Ref | None, state: VaultState, now_ns: int
) -> tuple[str, int]:
    """A new file with head, state and a commit: durable, name included, before it has that name."""
    number = 1
    if previous is not None and day_of(previous.file) == day:
        number = int(previous.file.partition("-")[2]) + 1
    name = file_name(day, number)
    head = {
        "format": VAULT_VERSION,
        "file": name,
        "previous": str(previous) if previous else None,
        "at": now_ns,
    }
    records = [
        _clear_record(RecordKind.FILE_HEAD, orjson.dumps(head)),
        _clear_record(RecordKind.STATE, orjson.dumps(state.to_json())),
        commit_record(state, now_ns),
    ]
    unborn = folder / f"{name}.unborn"
    descriptor = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        end = write_all(descriptor, records, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unborn.rename(folder / name)
    sync_folder(folder)
    return name, end


def _clear_record(kind: RecordKind, payload: bytes) -> bytes:
    return encode_record(kind, Codec.PLAIN, 0, NOBODY, payload)


def _replay(file: VaultFile) -> tuple[VaultState, int, Found] | None:
    """The state at the last commit of a file, where that commit ends, and damage on the way; None: there is none."""
    state: VaultState | None = None
    end = 0
    found: Found = []
    for commit in file.commits(0, _REPLAYED):
        if commit.damage is not None:
            found.append(("damage", commit.damage))
        for place in commit.places:
            kind, _, offset = place.header.kind, place.header.id, place.offset
            if kind is RecordKind.STATE:
                state = VaultState.from_json(orjson.loads(file.record(offset)[1]))
            elif state is not None and kind is RecordKind.MANIFEST:
                state.finish(place.header.id)
            elif state is not None and kind is RecordKind.OPEN:
                state.carry(place.header.id, Ref(file.name, offset))
        if state is None:
            raise StoreError(f"vault file {file.name} has no state record at its start")
        _move(state, commit, file.name)
        end = commit.end
    return None if state is None else (state, end, found)


def _refuse_later(path: Path, end: int) -> None:
    """What a newer release wrote behind `end` is not to be cut off as if it were torn.

    Raises:
        StoreError: it wrote there.
    """
    with path.open("rb") as opened:
        opened.seek(end)
        version = later_version(opened.read(RECORD_HEADER_BYTES + RECORD_BYTES_MAX))
    if version is not None:
        raise StoreError(
            f"{path} was written by a newer release (format {version}, this one knows "
            f"{VAULT_VERSION}): start that release, or restore a backup that this one took"
        )


def _move(state: VaultState, commit: Commit, name: str) -> None:
    try:
        body = commit_body(commit)
        state.move(cursors_from_json(body["cursors"]))
        state.exchange_count = body["exchange_count"]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"a commit of {name} before byte {commit.end} is not one") from error
