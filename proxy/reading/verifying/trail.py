"""The files of a trail (C2SP tlog-tiles): whether they are one tree, and the one that was signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proxy.reading.verifying.account import Account, Findings, utc
from proxy.reading.verifying.proofs import (
    Refused,
    Roots,
    held_note,
    leaf_hash,
    read_note,
    tree_root,
)


def tile_name(level: str, index: int, width: int) -> str:
    """Where a tile lies."""
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    return f"tile/{level}/{'/'.join(parts)}" + ("" if width == 256 else f".p/{width}")


def bundle_entries(data: bytes) -> list[bytes]:
    """Of an entry bundle. Raises Refused."""
    entries, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2])
        entries.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    if at != len(data):
        raise Refused("it ends within an entry")
    return entries


class Tile(NamedTuple):
    """256 leaves, or the last ones."""

    first: int
    """Number of its first leaf."""
    hashes: list[bytes]
    entries: list[bytes | None]
    """None: not there."""


def read_tiles(folder: Path, size: int, found: Findings) -> Iterator[Tile]:
    """All leaves up to `size`, fewer where a tile is missing: one tile after the other, for there are millions."""
    for index in range(-(-size // 256)):
        width = min(256, size - index * 256)
        name, data = read_tile(folder, "0", index, width)
        if data is None or len(data) < width * 32:
            found.fault(f"{name} is not there or too short: leaves from {index * 256} are missing")
            return
        tile = [data[at : at + 32] for at in range(0, width * 32, 32)]
        name, bundle = read_tile(folder, "entries", index, width)
        if bundle is None:
            yield Tile(index * 256, tile, [None] * width)
            continue
        try:
            here = bundle_entries(bundle)[:width]
        except Refused as error:
            here = []
            found.fault(f"{name}: {error}")
        if [leaf_hash(entry) for entry in here] != tile:
            for number in range(width):
                if number >= len(here) or leaf_hash(here[number]) != tile[number]:
                    found.fault(f"{name}: entry {index * 256 + number} is not what its tile says")
        yield Tile(index * 256, tile, [*here, *[None] * (width - len(here))])


def absent_bundles(folder: Path, size: int) -> list[int]:
    """Bundles of entries that are not there."""
    return [
        index
        for index in range(-(-size // 256))
        if not any(
            (folder / tile_name("entries", index, width)).is_file()
            for width in (256, min(256, size - index * 256))
        )
    ]


def check_absent(absent: list[int], size: int, account: Account, found: Findings) -> None:
    """Bundles may be dropped, if a record says so."""
    for index in absent:
        end = min(size, (index + 1) * 256)
        if end <= account.pruned_leaves:
            found.counts["pruned entries"] += end - index * 256
        else:
            name = tile_name("entries", index, end - index * 256)
            found.fault(f"{name} is not there, and no record says that it was dropped")


def read_tile(folder: Path, level: str, index: int, width: int) -> tuple[str, bytes | None]:
    """The tile of that width, or the full one: a log that grows drops the former for the latter."""
    for name in (tile_name(level, index, width), tile_name(level, index, 256)):
        try:
            return name, (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
    return tile_name(level, index, width), None


def check_upper_tiles(folder: Path, hashes: list[bytes], size: int, found: Findings) -> None:
    """The tiles that others make proofs of. `hashes`: of the full tiles of leaves."""
    level = 0
    while hashes:
        level += 1
        size //= 256
        for index in range(-(-size // 256)):
            width = min(256, size - index * 256)
            name, data = read_tile(folder, str(level), index, width)
            if data is None or data[: width * 32] != b"".join(hashes[index * 256 :][:width]):
                found.fault(f"{name} is not what the tiles below give")
        full = len(hashes) // 256 * 256
        hashes = [tree_root(hashes[at : at + 256]) for at in range(0, full, 256)]


def read_kept(folder: Path, vkey: str, found: Findings) -> dict[int, bytes]:
    """Every checkpoint that the log kept: roots by size."""
    kept: dict[int, bytes] = {}
    path = folder / "checkpoints"
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    for number, line in enumerate(lines, 1):
        try:
            size, root = read_note(held_note(line)[0], vkey)
        except Refused as error:
            if line.endswith("}"):
                found.fault(f"checkpoints, line {number}: {error}")
            continue  # without the brace: a crash cut it off before it was given away
        if kept.setdefault(size, root) != root:
            found.fault(
                f"two checkpoints of {size} leaves have different roots: the log has forked"
            )
    if not lines:
        found.notes.append("no checkpoints are kept beside the trail")
    found.counts["checkpoints"] = len(kept)
    return kept


def check_kept(kept: dict[int, bytes], roots: Roots, found: Findings) -> None:
    """Each of them is one of this tree."""
    for size, root in kept.items():
        if size > roots.count:
            found.fault(f"{size} leaves were signed, {roots.count} are there: the end is missing")
        elif roots.found[size] != root:
            found.fault(f"the first {size} leaves are not those that were signed")


class Held(NamedTuple):
    """A checkpoint that somebody holds."""

    size: int
    root: bytes
    at: str | None
    """When it was given away, if that stands there."""


def read_held(since: str, vkey: str) -> Held:
    """What somebody kept. Raises Refused."""
    note, at = held_note(since)
    return Held(*read_note(note, vkey), at)


def check_since(held: Held, roots: Roots, account: Account, found: Findings) -> None:
    """The tree of a checkpoint that somebody holds is the beginning of this one."""
    if held.size > roots.count:
        span = f"after {utc(account.last_at)}" + (f" and until {held.at}" if held.at else "")
        found.fault(
            f"leaves {roots.count} to {held.size - 1} are missing, committed {span}: cut off"
        )
    elif roots.found[held.size] != held.root:
        found.fault(f"the first {held.size} leaves are not those of the checkpoint that you hold")
