"""Evidence about single exchanges in one file: leaves, proofs to a checkpoint, manifests, sealed records.

What is in it can be checked offline with the public key alone; it holds no content that anybody without keys can read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from proxy.audit.trail.merkle import TILE_WIDTH, inclusion_proof
from proxy.audit.trail.note import Checkpoint, Verifier
from proxy.audit.trail.tiles import ENTRIES, tile_path, unpack_entries, unpack_hashes
from proxy.errors import FormatError, StoreError
from proxy.store.vault.files import VaultFile, vault_files
from proxy.store.vault.format import Manifest, RecordKind, SealedPart


def evidence_of(trail: Path, vault: Path, exchanges: Collection[str]) -> str:
    """JSON about these exchanges, named as "x0-<boot>-<sequence>".

    Raises:
        StoreError: one of them has no leaf that is signed, or no record.
        FormatError: trail or vault are not whole.
        OSError: a file is not there.
    """
    tiles = _Tiles(trail)
    found = _leaves(tiles, exchanges)
    manifests = _manifests(vault, exchanges)
    lacking = sorted(set(exchanges) - (found.keys() & manifests.keys()))
    if lacking:
        raise StoreError(
            f"no signed leaf and record of {', '.join(lacking)}: wait for a checkpoint"
        )
    told = [
        {
            "index": index,
            "entry": _text(entry),
            "proof": [_text(one) for one in inclusion_proof(index, tiles.size, tiles.hashes)],
            "manifest": _text(manifests[name]),
            "parts": [_text(_part(vault, one)) for one in Manifest.decode(manifests[name]).parts],
        }
        for name, (index, entry) in found.items()
    ]
    return json.dumps({"checkpoint": tiles.note, "exchanges": told})


class _Tiles:
    """A trail as its last checkpoint stands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.note = (folder / "checkpoint").read_text("utf-8")
        verifier = Verifier.decode((folder / "trail.vkey").read_text("utf-8"))
        self.size = Checkpoint.decode(verifier.opened(self.note)).size

    def hashes(self, level: int, first: int, count: int) -> list[bytes]:
        index, at = divmod(first, TILE_WIDTH)
        return unpack_hashes(self._read(level, index, self.size >> 8 * level))[at : at + count]

    def entries(self, index: int) -> list[bytes]:
        return unpack_entries(self._read(ENTRIES, index, self.size))

    def _read(self, level: int | str, index: int, size: int) -> bytes:
        path = self._folder / tile_path(level, index, min(TILE_WIDTH, size - index * TILE_WIDTH))
        if not path.is_file():
            path = self._folder / tile_path(level, index)
        return path.read_bytes()


def _leaves(tiles: _Tiles, exchanges: Collection[str]) -> dict[str, tuple[int, bytes]]:
    found: dict[str, tuple[int, bytes]] = {}
    for index in range(-(-tiles.size // TILE_WIDTH)):
        entries = tiles.entries(index)[: tiles.size - index * TILE_WIDTH]
        for at, entry in enumerate(entries, index * TILE_WIDTH):
            name = _name(json.loads(entry))
            if name in exchanges:
                found[name] = (at, entry)
    return found


def _name(leaf: dict[str, Any]) -> str:
    if leaf["kind"] != "exchange":
        return ""
    return f"x{leaf['worker']}-{leaf['boot']}-{leaf['sequence']}"


def _manifests(vault: Path, exchanges: Collection[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in vault_files(vault):
        with VaultFile(vault / name) as file:
            for commit in file.commits(0, frozenset({RecordKind.MANIFEST})):
                for place in commit.places:
                    if str(place.header.id) in exchanges:
                        found[str(place.header.id)] = file.record(place.offset)[1]
    return found


def _part(vault: Path, part: SealedPart) -> bytes:
    try:
        with VaultFile(vault / part.ref.file) as file:
            return file.record(part.ref.offset)[1]
    except FileNotFoundError as error:
        raise FormatError(f"the vault has no file {part.ref.file} any more") from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
