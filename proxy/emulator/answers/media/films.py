"""Films: an MP4 of one JPEG frame that stands for the whole duration. Source: ISO/IEC 14496-12."""

from __future__ import annotations

import struct
from typing import Final

from proxy.emulator.answers.media.pictures import Picture, jpeg

TICKS: Final = 1000
"""Ticks a second of the film's clock."""

_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
"""No turning, no scaling."""


def mp4(picture: Picture, seconds: float, padding: bytes = b"") -> bytes:
    """The picture, shown for so many seconds; the padding goes into a box that players skip."""
    frame = jpeg(picture)
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2mp41")
    free = _box(b"free", padding) if padding else b""
    ticks = max(1, round(seconds * TICKS))
    size = len(_movie(picture, ticks, len(frame), 0))
    place = len(kind) + size + len(free) + 8
    movie = _movie(picture, ticks, len(frame), place)
    return kind + movie + free + _box(b"mdat", frame)


def _movie(picture: Picture, ticks: int, frame_bytes: int, place: int) -> bytes:
    """Everything about the one track, which has one sample at this place of the file."""
    head = struct.pack(">5I", 0, 0, 0, TICKS, ticks)
    head += struct.pack(">IH10x", 0x10000, 0x100) + _MATRIX + bytes(24) + struct.pack(">I", 2)
    track = struct.pack(">IIIIII", 7, 0, 0, 1, 0, ticks) + bytes(16) + _MATRIX
    track += struct.pack(">II", picture.width << 16, picture.height << 16)
    return _box(
        b"moov",
        _box(b"mvhd", head),
        _box(
            b"trak",
            _box(b"tkhd", track),
            _box(
                b"mdia",
                _box(b"mdhd", struct.pack(">5IHH", 0, 0, 0, TICKS, ticks, 0x55C4, 0)),
                _box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide"), b"emulator\x00"),
                _box(
                    b"minf",
                    _box(b"vmhd", struct.pack(">I8x", 1)),
                    _box(
                        b"dinf", _box(b"dref", struct.pack(">II", 0, 1), _box(b"url ", _number(1)))
                    ),
                    _samples(picture, ticks, frame_bytes, place),
                ),
            ),
        ),
    )


def _samples(picture: Picture, ticks: int, frame_bytes: int, place: int) -> bytes:
    entry = struct.pack(">6xH16xHH", 1, picture.width, picture.height)
    entry += struct.pack(">IIIH32xHh", 0x480000, 0x480000, 0, 1, 24, -1)
    return _box(
        b"stbl",
        _box(b"stsd", struct.pack(">II", 0, 1), _box(b"jpeg", entry)),
        _box(b"stts", struct.pack(">4I", 0, 1, 1, ticks)),
        _box(b"stsc", struct.pack(">5I", 0, 1, 1, 1, 1)),
        _box(b"stsz", struct.pack(">4I", 0, 0, 1, frame_bytes)),
        _box(b"stco", struct.pack(">3I", 0, 1, place)),
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return _number(len(data) + 8) + kind + data


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")
