"""Leaves from the vault, in its own order, from committed frames only. The same vault gives the same leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from proxy.audit.trail.leaves import (
    RecordedExchange,
    act_leaves,
    closed_leaf,
    exchange_leaf,
    unreadable_leaf,
)
from proxy.errors import FormatError, KeyDestroyed, PositionUnknown
from proxy.store.fact_rows import facts_from_json
from proxy.store.position import VAULT_START, VaultPosition
from proxy.store.vault.files import Commit, Place, VaultFile, commit_body, day_of, vault_files
from proxy.store.vault.format import Manifest, RecordKind, open_record
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.state import cursors_from_json

_LEAVES: Final = frozenset({RecordKind.STATE, RecordKind.MANIFEST, RecordKind.ACTS})


def leaves_behind(
    folder: Path, facts_keys: FactsKeys, position: VaultPosition = VAULT_START
) -> Iterator[tuple[list[bytes], VaultPosition]]:
    """The leaves of each commit behind `position`, and the position behind that commit.

    `folder` is data/vault. A record that damage took since gives no leaf: whoever compares roots sees it.

    Raises:
        PositionUnknown: the vault does not know this position.
        OSError: a file cannot be read.
    """
    names = vault_files(folder)
    if position != VAULT_START and position.file not in names:
        raise PositionUnknown(f"the vault has no file {position.file}: it is not the one followed")
    for name in names:
        if name < position.file:
            continue
        start = position.offset if name == position.file else 0
        with VaultFile(folder / name) as file:
            if start > file.size:
                raise PositionUnknown(
                    f"the vault file {name} ends before byte {start}: it was replaced"
                )
            for commit in file.commits(start, _LEAVES):
                leaves = list(_leaves(file, facts_keys, commit))
                yield leaves, VaultPosition(name, commit.end)


def _leaves(file: VaultFile, facts_keys: FactsKeys, commit: Commit) -> Iterator[bytes]:
    begins_file = False
    body = commit_body(commit)
    for place in commit.places:
        kind = place.header.kind
        if kind is RecordKind.MANIFEST:
            yield from _exchange(file, place)
        elif kind is RecordKind.ACTS:
            yield from _acts(file, facts_keys, place, body["at"])
        else:
            begins_file = True
    if begins_file:
        return  # the first commit of a file says again what the last one of the file before said
    for journal, cursors in cursors_from_json(body["cursors"]).items():
        if cursors.is_closed:
            yield closed_leaf(*journal, body["exchange_count"], body["at"])


def _exchange(file: VaultFile, place: Place) -> Iterator[bytes]:
    try:
        header, payload = file.record(place.offset)
        manifest = Manifest.decode(payload)
    except FormatError:
        return
    yield exchange_leaf(
        RecordedExchange(
            *header.id,
            manifest.outcome,
            manifest.has_lost_frames,
            manifest.ended_s,
            manifest.key_commitment,
            payload,
        )
    )


def _acts(file: VaultFile, facts_keys: FactsKeys, place: Place, at_ns: int) -> Iterator[bytes]:
    try:
        header, payload = file.record(place.offset)
    except FormatError:
        return
    try:
        told = facts_from_json(open_record(facts_keys.key(day_of(file.name)), header, payload))
    except (FormatError, KeyDestroyed):
        yield unreadable_leaf(payload, at_ns)
        return
    yield from act_leaves(payload, tuple(told.gaps), tuple(told.acts))
