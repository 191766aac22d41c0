"""How large a picture is, from its first bytes. Pure; None for what is no picture, or cut short.

Sources: PNG (ISO/IEC 15948), GIF89a, JPEG (ITU-T T.81), the WebP container and its three bitstreams.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

HEAD_BYTES: Final = 256 * 1024
"""As much of a file as is looked at: a JPEG may carry a preview and a colour profile first."""


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


def size_of(data: bytes) -> Size | None:
    """Of a PNG, JPEG, GIF or WebP; None for everything else."""
    head = data[:HEAD_BYTES]
    try:
        return _png(head) or _gif(head) or _webp(head) or _jpeg(head)
    except (struct.error, IndexError):  # cut short
        return None


def _png(head: bytes) -> Size | None:
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR":
        return None
    return Size(*struct.unpack_from(">II", head, 16))


def _gif(head: bytes) -> Size | None:
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    return Size(*struct.unpack_from("<HH", head, 6))


def _webp(head: bytes) -> Size | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        edges = (int.from_bytes(head[place : place + 3], "little") + 1 for place in (24, 27))
        return Size(*edges)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack_from("<HH", head, 26)
    return Size(width & 0x3FFF, height & 0x3FFF)


def _jpeg(head: bytes) -> Size | None:
    """From the frame header: the markers before it are walked over."""
    if head[:2] != b"\xff\xd8":
        return None
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", head, place + 5)
            return Size(width, height)
        place += 2 + max(2, int.from_bytes(head[place + 2 : place + 4], "big"))
    return None
