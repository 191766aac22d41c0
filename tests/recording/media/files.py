"""Heads of media files, made by hand."""

from __future__ import annotations

import struct

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
GIF = b"GIF89a" + struct.pack("<HH", 20, 10)
JPEG = (
    b"\xff\xd8"
    b"\xff\xe0\x00\x04ab"  # APP0
    b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 300, 400) + bytes(10)
)
WEBP_X = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x7f\x02\x00" + b"\xdf\x01\x00"
WEBP_L = b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + struct.pack("<I", 639 | 479 << 14) + bytes(8)
WEBP = b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 640, 480)

_FORMAT = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 24_000, 48_000, 2, 16)
WAV = b"RIFF\0\0\0\0WAVE" + _FORMAT + b"data" + struct.pack("<I", 96_000) + bytes(96_000)
"""Two seconds."""
WAV_WITH_MORE = (
    b"RIFF\0\0\0\0WAVE" + b"LIST\x03\0\0\0abc\0" + _FORMAT + b"data\0\0\0\0" + bytes(24_000)
)
"""A chunk of odd size before the format, and a sound of unsaid size: half a second."""
FLAC = b"fLaC" + bytes(14) + struct.pack(">Q", 44_100 << 44 | 1 << 41 | 15 << 36 | 66_150)
"""1.5 s at 44,100 samples a second."""


def ogg_page(samples: int, data: bytes) -> bytes:
    return b"OggS\0\0" + struct.pack("<q", samples) + bytes(12) + bytes([1, len(data)]) + data


_OPUS = b"OpusHead\x01\x01" + struct.pack("<H", 312) + struct.pack("<I", 24_000) + bytes(3)
OPUS = ogg_page(0, _OPUS) + ogg_page(48_312, b"\xf8\xff\xfe")
"""One second behind 312 samples to skip."""
VORBIS = ogg_page(0, b"\x01vorbis" + struct.pack("<IBI", 0, 1, 44_100)) + ogg_page(22_050, b"x")
"""Half a second."""

_MP3_HEAD = 0xFFFB9000
"""MPEG 1, layer III, 128 kbit/s, 44,100 samples a second, stereo."""
MP3 = struct.pack(">I", _MP3_HEAD) + bytes(16_000 - 4)
"""16,000 bytes at 128 kbit/s: one second."""
MP3_TAGGED = b"ID3\x04\0\0" + bytes([0, 0, 1, 0]) + bytes(128) + MP3
MP3_COUNTED = struct.pack(">I", _MP3_HEAD) + bytes(32) + b"Xing" + struct.pack(">II", 1, 100)
"""100 frames of 1,152 samples: 2,612 ms."""
MP3_MPEG2 = struct.pack(">I", 0xFFF340C0) + bytes(4_000 - 4)
"""MPEG 2, 32 kbit/s, mono: one second."""


def box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I4s", len(data) + 8, kind) + data


def track(width: int, height: int) -> bytes:
    return box(b"trak", box(b"tkhd", bytes(76) + struct.pack(">II", width << 16, height << 16)))


_MVHD = box(b"mvhd", bytes(12) + struct.pack(">II", 600, 1500) + bytes(80))
MP4 = (
    box(b"ftyp", b"isom")
    + box(b"mdat", bytes(100))
    + box(b"moov", _MVHD, track(0, 0), track(320, 240))
)
"""2.5 s; its head stands at the end, its first track is sound."""
M4A = box(b"ftyp", b"M4A ") + box(b"moov", _MVHD, track(0, 0))
MP4_LONG = box(b"ftyp", b"isom") + box(
    b"moov", box(b"mvhd", b"\x01" + bytes(19) + struct.pack(">IQ", 1000, 3000))
)
"""Version 1 of its head: 64-bit times; 3 s."""
ALL = (
    *(PNG, GIF, JPEG, WEBP, WEBP_L, WEBP_X, WAV[:64], WAV_WITH_MORE[:80], FLAC, OPUS, VORBIS),
    *(MP3[:64], MP3_TAGGED[:200], MP3_COUNTED, MP4, M4A, MP4_LONG),
)
