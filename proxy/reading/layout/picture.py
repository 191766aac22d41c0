"""How large a picture and how long a sound is, from the first bytes of its data. Pure; never raises."""

from __future__ import annotations

import struct
from typing import Final

HEAD_BYTES: Final = 256 * 1024
"""As much of an object as is looked at: a JPEG may carry a preview and colour profile first."""


def extent(data: bytes) -> str | None:
    """Of a PNG, JPEG, GIF or WebP "640x480", of a WAV "3.2 s"; None for everything else."""
    head = data[:HEAD_BYTES]
    try:
        size = _png(head) or _gif(head) or _webp(head) or _jpeg(head)
        if size is not None:
            return f"{size[0]}x{size[1]}"
        return _wav(head, len(data))
    except (struct.error, IndexError):  # cut short
        return None


def _png(head: bytes) -> tuple[int, int] | None:
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _gif(head: bytes) -> tuple[int, int] | None:
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


def _webp(head: bytes) -> tuple[int, int] | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return (
            int.from_bytes(head[24:27], "little") + 1,
            int.from_bytes(head[27:30], "little") + 1,
        )
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """From the frame header: the markers before it are walked over."""
    if head[:2] != b"\xff\xd8":
        return None
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", head, place + 5)
            return width, height
        place += 2 + max(2, int.from_bytes(head[place + 2 : place + 4], "big"))
    return None


def _wav(head: bytes, size: int) -> str | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE" or head[12:16] != b"fmt ":
        return None
    (bytes_per_s,) = struct.unpack_from("<I", head, 28)
    return f"{max(0, size - 44) / bytes_per_s:.1f} s" if bytes_per_s else None
