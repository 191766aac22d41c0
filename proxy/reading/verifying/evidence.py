"""Evidence about an interaction in one file: leaves, proofs to a checkpoint, manifests, sealed records, what was done to it.

What is in it can be checked offline with the public key alone. Content stands in it as it lies in the vault, sealed;
acts (holds, receipts, erasures) stand in it sealed, as they were signed, and opened, as the keys' owner reads them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from proxy.audit.trail.leaves import digest_text
from proxy.audit.trail.merkle import TILE_WIDTH, inclusion_proof
from proxy.audit.trail.note import Checkpoint, Verifier
from proxy.audit.trail.tiles import ENTRIES, tile_path, unpack_entries, unpack_hashes
from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.recording.facts import ActFact
from proxy.store.fact_rows import facts_from_json
from proxy.store.vault.files import VaultFile, day_of, vault_files
from proxy.store.vault.format import Manifest, RecordKind, SealedPart, open_record
from proxy.store.vault.keys import FactsKeys

BUNDLE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ToldAct:
    """An act in its sealed record."""

    act: ActFact
    index: int
    """Its place among the acts of that record."""
    sealed: bytes

    @property
    def leaf(self) -> tuple[str, int]:
        """By what its leaf is known."""
        return digest_text(self.sealed), self.index


def evidence_of(
    trail: Path,
    vault: Path,
    exchanges: Collection[str],
    acts: Sequence[ToldAct] = (),
    interaction: str | None = None,
) -> str:
    """JSON about these exchanges, named as "x0-<boot>-<sequence>", and these acts.

    Raises:
        StoreError: one of them has no leaf that is signed, or no record.
        FormatError: trail or vault are not whole.
        OSError: a file is not there.
    """
    tiles = _Tiles(trail)
    by_leaf = {one.leaf: one for one in acts}
    manifests = _manifests(vault, exchanges)
    told: dict[str, list[dict[str, Any]]] = {"exchanges": [], "acts": []}
    open_names, open_acts = set(exchanges), set(by_leaf)
    for index, entry in tiles.leaves():
        leaf = json.loads(entry)
        name = f"x{leaf.get('worker')}-{leaf.get('boot')}-{leaf.get('sequence')}"
        mark = (leaf.get("record"), leaf.get("index"))
        if leaf["kind"] == "exchange" and name in exchanges and name in manifests:
            told["exchanges"].append(tiles.proven(index, entry) | _sealed(vault, manifests[name]))
            open_names.discard(name)
        elif leaf["kind"] == "shredded" and name in exchanges:
            told["acts"].append(tiles.proven(index, entry))
        elif leaf["kind"] == "act" and mark in by_leaf:
            one = by_leaf[mark]
            more = {"record": _text(one.sealed), "told": asdict(one.act)}
            told["acts"].append(tiles.proven(index, entry) | more)
            open_acts.discard(mark)
    if open_names or open_acts:
        names = ", ".join(sorted(open_names)) or f"{len(open_acts)} acts"
        raise StoreError(f"no signed leaf and record of {names}: wait for a checkpoint")
    about = {"v": BUNDLE_VERSION, "interaction": interaction, "checkpoint": tiles.note}
    return json.dumps(about | told)


def acts_about(
    vault: Path, keys: FactsKeys, interaction: str, exchanges: Collection[str]
) -> list[ToldAct]:
    """What was done to an interaction: acts that name it, and erasures that name one of its exchanges."""
    found: list[ToldAct] = []
    for name in vault_files(vault):
        with VaultFile(vault / name) as file:
            for commit in file.commits(0, frozenset({RecordKind.ACTS})):
                for place in commit.places:
                    header, sealed = file.record(place.offset)
                    try:
                        box = open_record(keys.key(day_of(name)), header, sealed)
                        acts = list(facts_from_json(box).acts)
                    except (FormatError, KeyDestroyed):
                        continue  # nobody can say any more what it was about
                    found += [
                        ToldAct(act, index, sealed)
                        for index, act in enumerate(acts)
                        if _is_about(act, interaction, exchanges)
                    ]
    return found


def _is_about(act: ActFact, interaction: str, exchanges: Collection[str]) -> bool:
    if act.interaction == interaction:
        return True
    if act.kind != "erased" or act.data is None:
        return False
    told = json.loads(act.data)
    erased = {*told.get("exchanges", ()), *told.get("interactions", ())}
    return interaction in erased or not erased.isdisjoint(exchanges)


class _Tiles:
    """A trail as its last checkpoint stands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.note = (folder / "checkpoint").read_text("utf-8")
        verifier = Verifier.decode((folder / "trail.vkey").read_text("utf-8"))
        self.size = Checkpoint.decode(verifier.opened(self.note)).size

    def leaves(self) -> Iterator[tuple[int, bytes]]:
        """All that is signed; what was dropped is passed over."""
        for index in range(-(-self.size // TILE_WIDTH)):
            start = index * TILE_WIDTH
            try:
                entries = unpack_entries(self._read(ENTRIES, index, self.size))
            except FileNotFoundError:
                continue
            yield from enumerate(entries[: self.size - start], start)

    def proven(self, index: int, entry: bytes) -> dict[str, Any]:
        """A leaf with the proof that it is in the log."""
        proof = inclusion_proof(index, self.size, self._hashes)
        return {"index": index, "entry": _text(entry), "proof": [_text(one) for one in proof]}

    def _hashes(self, level: int, first: int, count: int) -> list[bytes]:
        index, at = divmod(first, TILE_WIDTH)
        return unpack_hashes(self._read(level, index, self.size >> 8 * level))[at : at + count]

    def _read(self, level: int | str, index: int, size: int) -> bytes:
        path = self._folder / tile_path(level, index, min(TILE_WIDTH, size - index * TILE_WIDTH))
        try:
            return path.read_bytes()
        except FileNotFoundError:  # the log grew, and it is a full one now
            return (self._folder / tile_path(level, index)).read_bytes()


def _manifests(vault: Path, exchanges: Collection[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in vault_files(vault):
        with VaultFile(vault / name) as file:
            for commit in file.commits(0, frozenset({RecordKind.MANIFEST})):
                for place in commit.places:
                    if str(place.header.id) in exchanges:
                        found[str(place.header.id)] = file.record(place.offset)[1]
    return found


def _sealed(vault: Path, manifest: bytes) -> dict[str, Any]:
    parts = [_part(vault, one) for one in Manifest.decode(manifest).parts]
    return {"manifest": _text(manifest), "parts": parts}


def _part(vault: Path, part: SealedPart) -> str | None:
    try:
        with VaultFile(vault / part.ref.file) as file:
            return _text(file.record(part.ref.offset)[1])
    except FileNotFoundError:
        return None  # dropped with its file


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
