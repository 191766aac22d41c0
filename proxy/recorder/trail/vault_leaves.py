"""Leaves from the vault, in its own order, from committed frames only. The same vault gives the same leaves.

Records are walked here a second time after the vault's own reader: this one makes no object for a record, for the
trail may not cost what the recording costs. Where something is damaged, the vault's own reader takes over.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import Final, NamedTuple

import google_crc32c

from proxy.audit.trail.leaves import (
    RecordedExchange,
    act_leaves,
    closed_leaf,
    damaged_leaf,
    exchange_leaf,
    facts_leaf,
    unreadable_leaf,
)
from proxy.errors import FormatError, KeyDestroyed, PositionUnknown
from proxy.store.fact_rows import facts_from_json
from proxy.store.position import VAULT_START, VaultPosition
from proxy.store.vault.files import (
    WINDOW_BYTES,
    Commit,
    VaultFile,
    commit_body,
    day_of,
    vault_files,
)
from proxy.store.vault.format import (
    RECORD_HEADER,
    RECORD_HEADER_BYTES,
    VAULT_VERSION,
    Manifest,
    RecordHeader,
    RecordKind,
    open_record,
)
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.state import cursors_from_json

_LEAVES: Final = frozenset(
    {RecordKind.STATE, RecordKind.MANIFEST, RecordKind.FACTS, RecordKind.ACTS}
)
_STATE: Final = int(RecordKind.STATE)
_MANIFEST: Final = int(RecordKind.MANIFEST)
_FACTS: Final = int(RecordKind.FACTS)
_COMMIT: Final = int(RecordKind.COMMIT)
_READ: Final = frozenset({_STATE, _MANIFEST, _FACTS, int(RecordKind.ACTS), _COMMIT})
_CRC_START: Final = 8
"""What the CRC of a record covers begins behind its size and itself."""


class _Found(NamedTuple):
    """A record that has leaves."""

    kind: int
    id: tuple[int, int, int]
    offset: int
    payload: bytes | None
    """None: damaged, or still to be read."""


class _Group(NamedTuple):
    """What lies between two commits."""

    found: list[_Found]
    commit: Commit


def leaves_behind(
    folder: Path,
    facts_keys: FactsKeys,
    position: VaultPosition = VAULT_START,
    until: VaultPosition | None = None,
) -> Iterator[tuple[list[bytes], VaultPosition]]:
    """The leaves of each commit behind `position`, and the position behind that commit.

    Args:
        folder: data/vault.
        facts_keys: for acts, whose kinds are told.
        position: behind some commit.
        until: the last commit that is durable. What its writer has not synced yet may be gone after a power
            loss, and must not be signed. None: nobody writes.

    Raises:
        PositionUnknown: the vault does not know this position.
        OSError: a file cannot be read.
        FormatError: a commit has the right CRC and is none.
    """
    names = vault_files(folder)
    if position != VAULT_START and position.file not in names:
        raise PositionUnknown(f"the vault has no file {position.file}: it is not the one followed")
    for name in names:
        if name < position.file or (until is not None and name > until.file):
            continue
        start = position.offset if name == position.file else 0
        with VaultFile(folder / name) as file:
            if start > file.size:
                raise PositionUnknown(
                    f"the vault file {name} ends before byte {start}: it was replaced"
                )
            if until is not None and name == until.file:
                file.size = min(file.size, until.offset)
            for group in _groups(folder / name, file, start):
                yield list(_leaves(file, facts_keys, group)), VaultPosition(name, group.commit.end)


def _groups(path: Path, file: VaultFile, start: int) -> Iterator[_Group]:
    with path.open("rb", buffering=0) as raw:
        try:
            for group in _walked(raw, start, file.size):
                yield group
                start = group.commit.end
        except FormatError:
            pass  # damage, or the end that nobody committed: the slow reader tells which
        else:
            return
    for commit in file.commits(start, _LEAVES):
        found = [
            _Found(int(place.header.kind), place.header.id, place.offset, None)
            for place in commit.places
        ]
        found = [each._replace(payload=_read_again(file, each.offset)) for each in found]
        yield _Group(found, commit)


def _walked(raw: RawIOBase, start: int, size: int) -> Iterator[_Group]:
    """Whole commits; raises FormatError at the first place that is not what it should be."""
    unpack, crc32c = RECORD_HEADER.unpack_from, google_crc32c.value
    found: list[_Found] = []
    window, base, at = b"", start, start
    while at < size:
        if at + RECORD_HEADER_BYTES > base + len(window):
            window, base = _window(raw, at, min(WINDOW_BYTES, size - at)), at
        if len(window) - (at - base) < RECORD_HEADER_BYTES:
            raise FormatError(f"a record header is cut off at byte {at}")
        length, crc, kind, _, version, _, worker, _, boot, sequence = unpack(window, at - base)
        end = at + RECORD_HEADER_BYTES + length
        if version != VAULT_VERSION or not 1 <= kind <= _COMMIT or end > size:
            raise FormatError(f"no record at byte {at}")
        if kind in _READ:
            if end > base + len(window):
                window, base = _window(raw, at, min(max(WINDOW_BYTES, end - at), size - at)), at
            covered = window[at - base + _CRC_START : end - base]
            if crc32c(covered) != crc:
                raise FormatError(f"the record at byte {at} is damaged")
            payload = covered[RECORD_HEADER_BYTES - _CRC_START :]
            if kind == _COMMIT:
                yield _Group(found, Commit((), payload, end, None))
                found = []
            else:
                found.append(_Found(kind, (worker, boot, sequence), at, payload))
        at = end
    if found:
        raise FormatError("the file ends without a commit")


def _window(raw: RawIOBase, at: int, size: int) -> bytes:
    raw.seek(at)
    return raw.read(size) or b""


def _read_again(file: VaultFile, offset: int) -> bytes | None:
    try:
        return file.record(offset)[1]
    except FormatError:
        return None


def _leaves(file: VaultFile, facts_keys: FactsKeys, group: _Group) -> Iterator[bytes]:
    body = commit_body(group.commit)
    begins_file = False
    at_ns = body["at"]
    if group.commit.damage is not None:
        yield damaged_leaf(at_ns)
    for one in group.found:
        if one.kind == _STATE:
            begins_file = True
        elif one.payload is None:
            yield damaged_leaf(at_ns, one.id if one.kind == _MANIFEST else None)
        elif one.kind == _MANIFEST:
            yield _exchange(one.id, one.payload, at_ns)
        elif one.kind == _FACTS:
            yield facts_leaf(one.payload, at_ns)
        else:
            yield from _acts(file, facts_keys, one, at_ns)
    if begins_file:
        return  # the first commit of a file says again what the last one of the file before said
    for journal, cursors in cursors_from_json(body["cursors"]).items():
        if cursors.is_closed:
            yield closed_leaf(*journal, body["exchange_count"], at_ns)


def _exchange(id_: tuple[int, int, int], payload: bytes, at_ns: int) -> bytes:
    try:
        outcome, has_lost, ended_s, key = Manifest.start(payload)
    except FormatError:
        return damaged_leaf(at_ns, id_)
    return exchange_leaf(RecordedExchange(*id_, outcome, has_lost, ended_s, key, payload))


def _acts(file: VaultFile, facts_keys: FactsKeys, one: _Found, at_ns: int) -> Iterator[bytes]:
    assert one.payload is not None, "asked before"
    try:
        header: RecordHeader = file.record(one.offset)[0]
        told = facts_from_json(open_record(facts_keys.key(day_of(file.name)), header, one.payload))
    except (FormatError, KeyDestroyed):
        yield unreadable_leaf(one.payload, at_ns)
        return
    yield from act_leaves(one.payload, tuple(told.gaps), tuple(told.acts))
