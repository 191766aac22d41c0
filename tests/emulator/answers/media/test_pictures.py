"""Pictures are whole, of the proportions that were asked for, and the same in both forms."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media.pictures import BLOCK, Picture, drawn, jpeg, png

RATIOS = [
    "1:1",
    "2:3",
    "3:2",
    "3:4",
    "4:3",
    "4:5",
    "5:4",
    "9:16",
    "16:9",
    "21:9",
    "1:8",
    "8:1",
    "1:4",
    "4:1",
]
pictures = st.builds(
    Picture,
    st.integers(1, 100),
    st.integers(1, 100),
    st.binary(min_size=3, max_size=3),
    st.binary(min_size=3, max_size=3),
)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("size", ["512", "1K", "2K", "4K"])
def test_a_picture_has_exactly_the_proportions_that_were_asked_for(ratio: str, size: str) -> None:
    width, height = map(int, ratio.split(":"))

    picture = drawn(Chance(1, 1), ratio, size)

    assert picture.width * height == picture.height * width


def test_a_larger_size_is_a_larger_picture() -> None:
    widths = [drawn(Chance(1, 1), "1:1", size).width for size in ("512", "1K", "2K", "4K")]

    assert widths == [32, 64, 128, 256]


@pytest.mark.parametrize(
    ("ratio", "size"), [("", "1K"), ("0:0", "1K"), ("9999:1", "1K"), ("1:1", "?")]
)
def test_what_cannot_be_drawn_is_drawn_as_usual(ratio: str, size: str) -> None:
    picture = drawn(Chance(1, 1), ratio, size)

    assert 1 <= picture.width <= 64
    assert 1 <= picture.height <= 64


@given(pictures, st.binary(max_size=50))
def test_a_png_s_chunks_are_sound_and_hold_every_pixel(picture: Picture, padding: bytes) -> None:
    data = png(picture, padding)

    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks = dict(chunks_of(data[8:]))
    assert list(chunks) == [b"IHDR", *([b"paDd"] if padding else []), b"IDAT", b"IEND"]
    rows = zlib.decompress(chunks[b"IDAT"])
    line = 1 + picture.width * 3
    assert len(rows) == line * picture.height
    assert rows[1:4] == bytes(picture.square(0, 0))
    last = (picture.width - 1) // BLOCK, (picture.height - 1) // BLOCK
    assert rows[-3:] == bytes(picture.square(*last))


@given(pictures, st.binary(max_size=50))
def test_a_jpeg_s_scan_decodes_to_the_squares_of_the_picture(
    picture: Picture, padding: bytes
) -> None:
    data = jpeg(picture, padding)

    segments = dict(segments_of(data))
    frame = segments[0xC0]
    assert int.from_bytes(frame[1:3], "big") == picture.height
    assert int.from_bytes(frame[3:5], "big") == picture.width
    assert segments.get(0xFE, b"") == padding
    columns, rows = picture.squares
    means = list(means_of(data, columns * rows))
    wanted = [picture.square(c, r) for r in range(rows) for c in range(columns)]
    worst = max(
        abs(seen - told)
        for mean, square in zip(means, wanted, strict=True)
        for seen, told in zip(colour_of(*mean), square, strict=True)
    )
    assert worst <= 3


def test_a_long_padding_takes_several_comments() -> None:
    data = jpeg(drawn(Chance(1, 1)), b"x" * 150_000)

    assert len([marker for marker, _ in segments_of(data) if marker == 0xFE]) == 3
    assert len(data) > 150_000


def chunks_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and contents of each chunk of a PNG; their sums are checked."""
    while data:
        size = int.from_bytes(data[:4], "big")
        kind, body = data[4:8], data[8 : 8 + size]
        assert zlib.crc32(kind + body) == int.from_bytes(data[8 + size : 12 + size], "big")
        yield kind, body
        data = data[12 + size :]


def segments_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and contents of each segment of a JPEG up to its scan."""
    assert data[:2] == b"\xff\xd8"
    place = 2
    while data[place + 1] != 0xDA:
        size = int.from_bytes(data[place + 2 : place + 4], "big")
        yield data[place + 1], data[place + 4 : place + 2 + size]
        place += 2 + size


def means_of(data: bytes, count: int) -> Iterator[tuple[int, int, int]]:
    """Luma and chromas of every block: what a decoder reads with the tables of the file."""
    tables = dict(segments_of(data))  # the last table is that of the other coefficients: one code
    assert tables[0xC4][0] == 0x10
    first = next(body for marker, body in segments_of(data) if marker == 0xC4)
    codes = huffman_codes(first[1:17], first[17:])
    scan = data[data.index(b"\xff\xda") + 14 : -2].replace(b"\xff\x00", b"\xff")
    bits = "".join(f"{byte:08b}" for byte in scan)
    place, before = 0, [0, 0, 0]
    for _ in range(count):
        for component in range(3):
            length = next(n for n in range(1, 17) if bits[place : place + n] in codes)
            size = codes[bits[place : place + length]]
            place += length
            amount = int(bits[place : place + size] or "0", 2)
            is_negative = size > 0 and bits[place] == "0"
            before[component] += amount - (1 << size) + 1 if is_negative else amount
            place += size
            assert bits[place] == "0", "the block does not end"
            place += 1
        yield before[0], before[1], before[2]
    assert len(bits) - place < 8


def huffman_codes(counts: bytes, symbols: bytes) -> dict[str, int]:
    """The codes of a table, as texts of bits."""
    codes, code, place = {}, 0, 0
    for length, count in enumerate(counts, 1):
        for symbol in symbols[place : place + count]:
            codes[f"{code:0{length}b}"] = symbol
            code += 1
        place += count
        code <<= 1
    return codes


def colour_of(luma: int, blue: int, red: int) -> tuple[float, float, float]:
    """JFIF's way back to red, green, blue."""
    bright = luma + 128
    return bright + 1.402 * red, bright - 0.344 * blue - 0.714 * red, bright + 1.772 * blue
