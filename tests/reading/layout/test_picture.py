from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.reading.layout.picture import extent

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
GIF = b"GIF89a" + struct.pack("<HH", 20, 10)
JPEG = (
    b"\xff\xd8"
    b"\xff\xe0\x00\x04ab"  # APP0
    b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 300, 400) + bytes(10)
)
WEBP_X = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x7f\x02\x00" + b"\xdf\x01\x00"
WEBP_L = b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + struct.pack("<I", 639 | 479 << 14)
WEBP = b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 640, 480)
WAV = (
    b"RIFF\0\0\0\0WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 24_000, 48_000, 2, 16)
    + b"data\0\0\0\0"
    + bytes(96_000)
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PNG, "640x480"),
        (GIF, "20x10"),
        (JPEG, "400x300"),
        (WEBP_X, "640x480"),
        (WEBP_L, "640x480"),
        (WEBP, "640x480"),
        (WAV, "2.0 s"),
        (b"", None),
        (b"%PDF-1.7", None),
        (JPEG[:8], None),
        (PNG[:18], None),
    ],
    ids=[
        "png",
        "gif",
        "jpeg",
        "webp x",
        "webp l",
        "webp",
        "wav",
        "nothing",
        "pdf",
        "cut",
        "cut png",
    ],
)
def test_the_extent_of(data: bytes, expected: str | None) -> None:
    assert extent(data) == expected


@given(
    st.sampled_from([b"", PNG, GIF, JPEG, WEBP_X, WEBP_L, WEBP, WAV[:44]]),
    st.integers(0, 50),
    st.binary(max_size=40),
)
def test_any_bytes_have_an_extent_or_none(start: bytes, kept: int, rest: bytes) -> None:
    extent(start[:kept] + rest)
