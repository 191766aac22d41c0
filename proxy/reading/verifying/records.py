"""The records of a vault beside the leaves of its trail: present, shredded or pruned, and unchanged. No key is needed."""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proxy.reading.verifying.account import NOBODY, Account, Exchange, Findings, Signed, named

RECORD = struct.Struct("<IIBBBBHIQQ")
"""Header of a vault record: size, crc, kind, codec, version, 0, worker, ordinal, boot, sequence."""
MANIFEST = struct.Struct("<BBIQ32s")
PART = struct.Struct("<BI16sQ32s")
KIND_MANIFEST, KIND_FACTS, KIND_ACTS, KIND_COMMIT = 8, 9, 10, 11
COMMIT_MAGIC = bytes.fromhex("9d1f5ac7e3b8460291c4d7ee30ab5f68")
"""Begins the payload of every commit."""
SLOT_BYTES, SLOTS_OFFSET = 64, 4096
LOOKED_BYTES = 32 * 1024 * 1024
"""Of a mapped file; what lies behind is given back then, or a large vault would count as memory."""
VAULT_NAME = re.compile(r"\d{8}-\d{6}")


class Here(NamedTuple):
    """A record that is in the vault."""

    exchange: Exchange
    """NOBODY: facts or acts."""
    digest: bytes
    place: str
    manifest: bytes


class Vault:
    """The files of a vault, mapped."""

    def __init__(self, folder: Path, pruned_before: str = "") -> None:
        self._pruned_before = pruned_before
        self.names = sorted(
            path.name for path in folder.iterdir() if VAULT_NAME.fullmatch(path.name)
        )
        self._folder = folder
        self._open: dict[str, mmap.mmap] = {}

    def data(self, name: str) -> mmap.mmap:
        """Raises OSError; ValueError: an empty file."""
        if name not in self._open:
            with (self._folder / name).open("rb") as file:
                self._open[name] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._open[name]

    def records(self, name: str, found: Findings) -> Iterator[Here]:
        """Committed manifests, facts and acts of a file, in order."""
        data, at, waiting = self.data(name), 0, list[Here]()
        is_newest = name == self.names[-1]
        unpack = RECORD.unpack_from
        given_back = 0
        while at < len(data):
            if at - given_back > LOOKED_BYTES:
                give_back(data)
                given_back = at
            head = unpack(data, at) if at + RECORD.size <= len(data) else (0,) * 10
            start, end = at + RECORD.size, at + RECORD.size + head[0]
            if not 1 <= head[2] <= KIND_COMMIT or head[4] != 1 or end > len(data):
                commit = data.find(COMMIT_MAGIC, at + RECORD.size + 1) - RECORD.size
                if commit < 0 and is_newest:
                    return  # what was never committed
                found.fault(f"{name} cannot be read from byte {at} on")
                if commit < at:
                    return
                at = commit
                continue
            kind = head[2]
            if kind == KIND_COMMIT:
                yield from waiting
                waiting = []
            elif KIND_MANIFEST <= kind <= KIND_ACTS:
                payload, place = data[start:end], f"{name}:{at}"
                id_ = (head[6], f"{head[8]:016x}", head[9]) if kind == KIND_MANIFEST else NOBODY
                manifest = payload if kind == KIND_MANIFEST else b""
                waiting.append(Here(id_, hashlib.sha256(payload).digest(), place, manifest))
            at = end
        give_back(data)
        if waiting and not is_newest:
            found.fault(f"{name} does not end with a commit")

    def is_changed(self, part: tuple[int, str, int, bytes], found: Findings) -> bool:
        """Whether a sealed record has other bytes than were signed, or none that a record says were dropped."""
        size, name, at, sha = part
        if name not in self.names:
            is_pruned = name < self._pruned_before
            found.counts["pruned parts"] += is_pruned
            return not is_pruned
        start = at + RECORD.size
        return hashlib.sha256(self.data(name)[start : start + size]).digest() != sha


def give_back(data: mmap.mmap) -> None:
    """Keep no page of a file in memory, where the system can be told so."""
    if hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)


def manifest_parts(manifest: bytes) -> list[tuple[int, str, int, bytes]]:
    """(payload bytes, file, offset, SHA-256) of the sealed records of an exchange. Raises struct.error."""
    parts = [
        PART.unpack_from(manifest, at) for at in range(MANIFEST.size, len(manifest), PART.size)
    ]
    return [(size, file.rstrip(b"\0").decode(), at, sha) for _, size, file, at, sha in parts]


class Comparison:
    """Goes through leaves and records side by side: each must stand where the other does."""

    def __init__(self, vault: Vault, keys: Keys, account: Account, found: Findings) -> None:
        self._vault = vault
        self._keys = keys
        self._account = account
        self._found = found
        self._at = 0
        self._places: dict[int, int] | None = None
        """By the beginning of the digest; made where the order is not that of the leaves."""
        self._by_exchange: dict[Exchange, int] | None = None
        """Made where a manifest is not the one that was signed."""
        self.unsigned: list[Here] = []
        """At the end of what was gone through."""

    def take(self, here: Here) -> None:
        """The next record of the vault."""
        expected, at = self._account.records, self._at
        if expected.is_at(at, here.exchange, here.digest):
            self._at += 1
        else:
            place = self._place_of(here)
            if place is None:
                self.unsigned.append(here)
                return
            if place < at:
                self._found.fault(f"{_what(here)} at {here.place} stands there again, or too late")
                return
            self._missing(at, place)
            self._at = place + 1
        for one in self.unsigned:
            self._found.fault(f"{_what(one)} at {one.place} has no leaf, what follows it has")
        self.unsigned = []
        self._status(here, expected[self._at - 1])

    def end(self) -> None:
        """After the last record."""
        self._missing(self._at, len(self._account.records))
        self._found.counts["not signed yet"] = sum(one.exchange != NOBODY for one in self.unsigned)

    def _place_of(self, here: Here) -> int | None:
        """Where the leaves have it."""
        records = self._account.records
        if self._places is None:
            self._places = {}
            for place in range(len(records)):
                self._places[_short(records[place].digest)] = place
        found = self._places.get(_short(here.digest))
        if found is not None and records.is_at(found, here.exchange, here.digest):
            return found
        if here.exchange == NOBODY:
            return None
        if self._by_exchange is None:
            self._by_exchange = {
                records[place].exchange: place
                for place in range(len(records))
                if records[place].exchange != NOBODY
            }
        return self._by_exchange.get(here.exchange)

    def _missing(self, start: int, end: int) -> None:
        """Signed, and not in the vault."""
        signed = [self._account.records[place] for place in range(start, end)]
        absent = [one for one in signed if one.number >= self._account.pruned_leaves]
        if len(absent) < len(signed):
            dropped = signed[: len(signed) - len(absent)]
            self._found.counts["pruned"] += sum(one.exchange != NOBODY for one in dropped)
        if not absent:
            return
        span = f"leaves {absent[0].number} to {absent[-1].number}"
        names = [named(one.exchange) for one in absent if one.exchange != NOBODY]
        whose = f", {names[0]} among them" if names else ""
        text = f"{len(absent)} records of {span} are not in the vault any more{whose}"
        self._found.fault(text, len(absent))

    def _status(self, here: Here, signed: Signed) -> None:
        if here.exchange == NOBODY:
            return
        name = named(here.exchange)
        if here.digest != signed.digest:
            self._found.fault(f"the manifest of {name} is not the one of leaf {signed.number}")
            return
        for part in manifest_parts(here.manifest):
            if self._vault.is_changed(part, self._found):
                self._found.fault(f"sealed bytes of {name} at {part[1]}:{part[2]} have changed")
        is_told = self._account.is_shredded(here.exchange)
        if not signed.has_content and not is_told:
            self._found.counts["kept without content"] += 1
            return
        is_gone = self._keys.is_gone(here.exchange)
        if is_gone is None and self._keys.are_here:
            (self._keys.unseen if is_told else self._keys.lost).append(here.exchange)
            self._found.counts["shredded" if is_told else "key lost"] += 1
            return
        if is_gone is None:
            is_gone = is_told
        if is_told and not is_gone:
            self._found.fault(f"the key of {name} is said to be destroyed, and is there")
        self._found.counts["shredded" if is_told else "key gone" if is_gone else "present"] += 1
        if is_gone and not is_told:
            self._keys.undeclared.append(here.exchange)


class Keys:
    """Slots of keys: whether they are zeros is all that is looked at."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._open: dict[tuple[int, str], int] = {}
        self.undeclared: list[Exchange] = []
        """Overwritten, and no leaf says so."""
        self.lost: list[Exchange] = []
        """Their slots are not here, and no leaf says that they were overwritten."""
        self.unseen: list[Exchange] = []
        """A leaf says that they were overwritten, and their slots are not here."""

    @property
    def are_here(self) -> bool:
        return self._folder is not None

    def is_gone(self, id_: Exchange) -> bool | None:
        """Whether it was overwritten. None: nobody can say, there is no slot of it."""
        if self._folder is None:
            return None
        journal = id_[:2]
        if journal not in self._open:
            try:
                path = self._folder / f"w{id_[0]}-{id_[1]}.slots"
                self._open[journal] = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                self._open[journal] = -1
        descriptor = self._open[journal]
        if descriptor < 0:
            return None
        slot = os.pread(descriptor, SLOT_BYTES, SLOTS_OFFSET + (id_[2] - 1) * SLOT_BYTES)
        return None if len(slot) < SLOT_BYTES else not any(slot)

    def close(self) -> None:
        """Of descriptors."""
        for descriptor in self._open.values():
            if descriptor >= 0:
                os.close(descriptor)


def check_vault(folder: Path, keys: Path | None, account: Account, found: Findings) -> None:
    """Each leaf has its record, each record its leaf, in one order, and the bytes are those that were signed."""
    vault, slots = Vault(folder, account.pruned_before), Keys(keys)
    comparison = Comparison(vault, slots, account, found)
    try:
        for name in vault.names:
            for here in vault.records(name, found):
                comparison.take(here)
    finally:
        slots.close()
    comparison.end()
    _tell_missing(slots, found)
    if not slots.undeclared:
        return
    count, names = len(slots.undeclared), ", ".join(map(named, slots.undeclared[:5]))
    is_told_soon = any(one.exchange == NOBODY for one in comparison.unsigned)
    if account.is_erasing or is_told_soon:
        text = (
            f"the keys of {count} exchanges are gone, and what says so is not signed yet: {names}"
        )
        found.notes.append(f"{text}; verify again in a minute")
    else:
        found.fault(
            f"the keys of {count} exchanges are gone, and no record says so: {names}", count
        )


def _tell_missing(slots: Keys, found: Findings) -> None:
    """An erasure overwrites a slot and leaves it there: one that is not here was not erased."""
    if slots.lost:
        count, names = len(slots.lost), ", ".join(map(named, slots.lost[:5]))
        found.fault(
            f"the slots of {count} exchanges are not here: their keys are lost, and no leaf says that "
            f"they were erased (an erasure may wait for them); put data/keys back from its newest backup: {names}",
            count,
        )
    if slots.unseen:
        count = len(slots.unseen)
        found.notes.append(
            f"the slots of {count} exchanges whose keys are said to be destroyed are not here to be looked at"
        )


def _short(digest: bytes) -> int:
    return int.from_bytes(digest[:8])


def _what(here: Here) -> str:
    return named(here.exchange) if here.exchange != NOBODY else "a record of facts or acts"
