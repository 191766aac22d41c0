"""C2SP tlog-tiles: where tiles and entry bundles lie below a prefix, and the bytes of a bundle. Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from proxy.audit.trail.merkle import HASH_BYTES, TILE_WIDTH
from proxy.errors import FormatError

ENTRY_BYTES_MAX: Final = 65_535
"""Of one entry: its length has two bytes."""
ENTRIES: Final = "entries"
"""In the place of the level: bundles of entries."""

_LENGTH: Final = struct.Struct(">H")


def tile_path(level: int | str, index: int, width: int = TILE_WIDTH) -> str:
    """Where a tile lies; `level` may be ENTRIES. A width below 256 is a partial tile."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03d}")
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{suffix}"


def pack_hashes(hashes: Sequence[bytes]) -> bytes:
    """The bytes of a tile."""
    return b"".join(hashes)


def unpack_hashes(tile: bytes) -> list[bytes]:
    """The inverse. Raises FormatError: not 1 to 256 whole hashes."""
    if not tile or len(tile) % HASH_BYTES or len(tile) > TILE_WIDTH * HASH_BYTES:
        raise FormatError(f"a tile has 1 to 256 hashes of 32 bytes, not {len(tile)} bytes")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle."""
    return b"".join([_LENGTH.pack(len(entry)) + entry for entry in entries])


def unpack_entries(bundle: bytes) -> list[bytes]:
    """The inverse. Raises FormatError: the bytes end within an entry, or are none, or too many."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        if at + _LENGTH.size > len(bundle):
            raise FormatError("an entry bundle ends within a length")
        (size,) = _LENGTH.unpack_from(bundle, at)
        at += _LENGTH.size + size
        if at > len(bundle):
            raise FormatError("an entry bundle ends within an entry")
        entries.append(bundle[at - size : at])
    if not 0 < len(entries) <= TILE_WIDTH:
        raise FormatError(f"an entry bundle has 1 to 256 entries, not {len(entries)}")
    return entries
