"""Twelve kinds of what somebody with the data folder and even the signing key may do to a trail and its vault."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.audit.trail.merkle import Tree, leaf_hash
from proxy.audit.trail.note import Checkpoint, Signer
from proxy.audit.trail.tiles import ENTRIES, pack_entries, pack_hashes, tile_path, unpack_entries
from proxy.recorder.trail.key import load_or_create_signer

Spoil = Callable[[Path, random.Random], None]
"""Changes a data folder: what it gets is a copy."""


def entries_of(trail: Path) -> list[bytes]:
    size = int((trail / "checkpoint").read_text("utf-8").split("\n")[1])
    found: list[bytes] = []
    for index in range(-(-size // 256)):
        width = min(256, size - 256 * index)
        found += unpack_entries((trail / tile_path(ENTRIES, index, width)).read_bytes())
    return found


def rewrite(data: Path, entries: list[bytes]) -> None:
    """A whole new trail over these entries, with all tiles, signed with the log's own key."""
    trail = data / "trail"
    shutil.rmtree(trail / "tile", ignore_errors=True)
    (trail / "checkpoints").unlink(missing_ok=True)
    tree = Tree()
    for entry in entries:
        for level, index, tile in tree.append(leaf_hash(entry)):
            put(trail, tile_path(level, index), pack_hashes(tile))
    for level, tile in enumerate(tree.edge):
        if tile:
            index = tree.size >> 8 * (level + 1)
            put(trail, tile_path(level, index, len(tile)), pack_hashes(tile))
    for index in range(-(-len(entries) // 256)):
        bundle = entries[256 * index :][:256]
        put(trail, tile_path(ENTRIES, index, len(bundle)), pack_entries(bundle))
    signer = load_or_create_signer(data / "keys")
    note = signer.sign(Checkpoint(signer.name, tree.size, tree.root()).encode())
    put(trail, "checkpoint", note.encode())
    line = json.dumps({"at": "now", "size": tree.size, "checkpoint": note})
    put(trail, "checkpoints", f"{line}\n".encode())


def put(trail: Path, name: str, data: bytes) -> None:
    path = trail / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def edit(data: Path, chance: random.Random) -> None:
    """A leaf says something else, and everything above it is signed anew."""
    entries = entries_of(data / "trail")
    at = chance.randrange(len(entries))
    entries[at] = entries[at].replace(b'"at":', b'"at":1', 1)
    rewrite(data, entries)


def delete(data: Path, chance: random.Random) -> None:
    entries = entries_of(data / "trail")
    del entries[chance.randrange(len(entries) - 1)]
    rewrite(data, entries)


def insert(data: Path, chance: random.Random) -> None:
    """Of another leaf than the one that stands there: behind the last one that is held, a log may grow."""
    entries = entries_of(data / "trail")
    at = chance.randrange(len(entries))
    entries.insert(at, chance.choice([one for one in entries if one != entries[at]]))
    rewrite(data, entries)


def reorder(data: Path, chance: random.Random) -> None:
    entries = entries_of(data / "trail")
    one, other = chance.sample(range(len(entries)), 2)
    entries[one], entries[other] = entries[other], entries[one]
    rewrite(data, entries)


def truncate(data: Path, chance: random.Random) -> None:
    entries = entries_of(data / "trail")
    rewrite(data, entries[: chance.randrange(len(entries))])


def replace(data: Path, chance: random.Random) -> None:
    """Another exchange's leaf in the place of one, under the old checkpoint."""
    trail = data / "trail"
    bundle = trail / tile_path(ENTRIES, 0, min(256, len(entries_of(trail))))
    entries = unpack_entries(bundle.read_bytes())
    one, other = chance.sample(range(len(entries)), 2)
    entries[one] = entries[other]
    bundle.write_bytes(pack_entries(entries))


def forge(data: Path, chance: random.Random) -> None:
    """A checkpoint of the same log, by another key."""
    trail = data / "trail"
    name, size, root, *_ = (trail / "checkpoint").read_text("utf-8").split("\n")
    thief = Signer(name, chance.randbytes(32))
    put(trail, "checkpoint", thief.sign(f"{name}\n{size}\n{root}\n").encode())


def roll_back(data: Path, chance: random.Random) -> None:
    """Trail and vault as they were once."""
    entries = entries_of(data / "trail")
    rewrite(data, entries[: chance.randrange(1, len(entries))])
    (vault,) = (data / "vault").iterdir()
    vault.write_bytes(vault.read_bytes()[: chance.randrange(200, vault.stat().st_size)])


def fork(data: Path, chance: random.Random) -> None:
    """Another history from some leaf on, longer than the one that was given away."""
    entries = entries_of(data / "trail")
    at = chance.randrange(len(entries))
    other = [entry.replace(b'"v":1', b'"v":1,"w":2', 1) for entry in entries[at:]]
    rewrite(data, entries[:at] + other + other)


def spoil_vault(data: Path, chance: random.Random) -> None:
    """A bit of a sealed record or a manifest is another one."""
    (vault,) = (data / "vault").iterdir()
    content = bytearray(vault.read_bytes())
    places = sealed_places(bytes(content))
    content[chance.choice(places)] ^= 1 << chance.randrange(8)
    vault.write_bytes(bytes(content))


def drop_from_vault(data: Path, chance: random.Random) -> None:
    """The end of the vault is gone; the trail is whole."""
    (vault,) = (data / "vault").iterdir()
    last = sealed_places(vault.read_bytes())[-1]
    vault.write_bytes(vault.read_bytes()[: chance.randrange(200, last)])


def spoil_tile(data: Path, chance: random.Random) -> None:
    """A byte of some tile that the last checkpoint needs."""
    trail = data / "trail"
    size = len(entries_of(trail))
    names = [tile_path(0, size // 256, size % 256), tile_path(ENTRIES, size // 256, size % 256)]
    path = trail / chance.choice(names)
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(content))


def sealed_places(vault: bytes) -> list[int]:
    """Bytes of manifests, acts and sealed records."""
    from proxy.store.vault.format import RECORD_HEADER_BYTES, RecordKind, decode_record_header

    places: list[int] = []
    at = 0
    while at < len(vault):
        header = decode_record_header(vault[at:])
        start, at = at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + header.payload_bytes
        if header.kind in {
            RecordKind.MANIFEST,
            RecordKind.EXCHANGE,
            RecordKind.FACTS,
            RecordKind.ACTS,
        }:
            places += range(start, at)
    return places


KINDS: Final[dict[str, Spoil]] = {
    spoil.__name__: spoil
    for spoil in (
        edit,
        delete,
        insert,
        reorder,
        truncate,
        replace,
        forge,
        roll_back,
        fork,
        spoil_vault,
        drop_from_vault,
        spoil_tile,
    )
}
