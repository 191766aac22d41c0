"""Vault files on disk: their names, reading records by place, walking from commit to commit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import orjson

from proxy.errors import FormatError
from proxy.store.vault.format import (
    COMMIT_MAGIC,
    RECORD_HEADER_BYTES,
    RecordHeader,
    RecordKind,
    decode_record_header,
    record_is_whole,
)

WINDOW_BYTES: Final = 1024 * 1024
"""One read while walking. Records are a few KB, so a walk costs one system call in hundreds."""
DAY_DIGITS: Final = 8

_NAME: Final = re.compile(r"\d{8}-\d{6}")


def file_name(day: str, number: int) -> str:
    """Names sort in the order of writing."""
    return f"{day}-{number:06d}"


def day_of(name: str) -> str:
    """YYYYMMDD, UTC: also the day of the facts key that seals the file's facts."""
    return name[:DAY_DIGITS]


def vault_files(folder: Path) -> list[str]:
    """Names of the vault's files, oldest first. Each begins with a whole head, state and commit."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))


class Place(NamedTuple):
    """A record that a walk passed."""

    header: RecordHeader
    offset: int


@dataclass(frozen=True, slots=True)
class Commit:
    """What lies between two commits of one file."""

    places: tuple[Place, ...]
    """The records of the kinds that were asked for, in order; only their headers were looked at."""
    payload: bytes
    """Of the commit record, whole."""
    end: int
    """Offset behind the commit record."""
    damage: str | None
    """Set when something before this commit could not be walked; what it was is lost."""


class VaultFile:
    """One vault file, open for reading as far as it was written when it was opened."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError."""
        self.name = path.name
        self._descriptor = -1
        self._descriptor = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self._descriptor).st_size
        self._window = b""
        self._window_offset = 0

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        """Who is given up without being closed keeps no file open."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, offset: int) -> tuple[RecordHeader, bytes]:
        """Header and payload of the record that begins at `offset`.

        Raises:
            FormatError: there is none, or its bytes changed.
        """
        header = decode_record_header(self._read(offset, RECORD_HEADER_BYTES))
        record = self._read(offset, RECORD_HEADER_BYTES + header.payload_bytes)
        if not record_is_whole(header, record):
            raise FormatError(f"the record at {self.name}:{offset} is damaged")
        return header, record[RECORD_HEADER_BYTES:]

    def commits(self, offset: int, wanted: frozenset[RecordKind]) -> Iterator[Commit]:
        """Walk from `offset`, the end of a commit or 0, to the last whole commit.

        What follows the last commit is not committed, or not written yet: it is not told. A place
        that is no record is skipped up to the next commit, which then names the damage.
        """
        places: list[Place] = []
        damage: str | None = None
        committed = offset
        while True:
            try:
                header = self._header(offset)
                end = offset + RECORD_HEADER_BYTES + header.payload_bytes
                if header.kind is RecordKind.COMMIT:
                    _, payload = self.record(offset)
                    yield Commit(tuple(places), payload, end, damage)
                    places, damage, committed = [], None, end
                elif header.kind in wanted:
                    places.append(Place(header, offset))
                offset = end
            except FormatError as error:
                # Not from `offset`: a wrong length may have led past a commit already.
                found = self._next_commit(committed)
                if found is None:
                    return
                damage = f"between {self.name}:{committed} and :{found}: {error}"
                places = [place for place in places if place.offset < found]
                offset = found

    def _header(self, offset: int) -> RecordHeader:
        header = decode_record_header(self._read(offset, RECORD_HEADER_BYTES))
        if offset + RECORD_HEADER_BYTES + header.payload_bytes > self.size:
            raise FormatError(f"the file ends within the record at {self.name}:{offset}")
        return header

    def _next_commit(self, offset: int) -> int | None:
        """Where the first whole commit from `offset` on begins. Reads to the end of the file at most."""
        start = offset
        overlap = RECORD_HEADER_BYTES + len(COMMIT_MAGIC)
        while start < self.size:
            block = self._read(start, WINDOW_BYTES)
            found = block.find(COMMIT_MAGIC, RECORD_HEADER_BYTES)
            while found >= 0:
                candidate = start + found - RECORD_HEADER_BYTES
                if self._is_commit(candidate):
                    return candidate
                found = block.find(COMMIT_MAGIC, found + 1)
            if len(block) < WINDOW_BYTES:
                return None
            start += len(block) - overlap
        return None

    def _is_commit(self, offset: int) -> bool:
        try:
            header, _ = self.record(offset)
        except FormatError:
            return False
        return header.kind is RecordKind.COMMIT

    def _read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes: fewer at the end of the file as it was when opened."""
        size = min(size, self.size - offset)
        start = offset - self._window_offset
        if start < 0 or start + size > len(self._window):
            wanted = min(max(size, WINDOW_BYTES), self.size - offset)
            self._window = os.pread(self._descriptor, max(0, wanted), offset)
            self._window_offset = offset
            start = 0
        return self._window[start : start + max(0, size)]


def commit_body(commit: Commit) -> dict[str, Any]:
    """The JSON of a commit: at, exchange_count, cursors.

    Raises:
        FormatError: the CRC was right and yet this is none.
    """
    try:
        body: dict[str, Any] = orjson.loads(commit.payload[len(COMMIT_MAGIC) :])
    except ValueError as error:
        raise FormatError(f"the commit before byte {commit.end} is not one: {error}") from error
    return body
