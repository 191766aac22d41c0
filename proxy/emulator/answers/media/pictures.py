"""Pictures of coloured squares, as PNG and as baseline JPEG: small, whole, and of the asked proportions.

Sources: PNG (ISO/IEC 15948); JPEG (ITU-T T.81), sequential DCT with one mean value a block.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from proxy.emulator.answers.chance import Chance

EDGE_PIXELS: Final = {"512": 32, "1K": 64, "2K": 128, "4K": 256}
"""Longer edge by `image_size`: a sixteenth of the service's, so that answers stay small."""

USUAL_SIZE: Final = "1K"
BLOCK: Final = 8
"""Pixels of a square's edge; JPEG's own block."""

COMMENT_BYTES_MAX: Final = 0xFFFF - 2
"""A JPEG segment states its length, itself included, in two bytes."""

DC_CODES: Final = (
    *((0b00, 2), (0b010, 3), (0b011, 3), (0b100, 3), (0b101, 3), (0b110, 3)),
    *((0b1110, 4), (0b11110, 5), (0b111110, 6), (0b1111110, 7), (0b11111110, 8)),
)
"""Code and its length for each size of a difference between neighbouring means (T.81, table K.3)."""

_DC_TABLE: Final = b"\x00\x00\x01\x05\x01\x01\x01\x01\x01" + bytes(8) + bytes(range(11))
_AC_TABLE: Final = b"\x10\x01" + bytes(15) + b"\x00"
"""One code: the end of the block. No block has more than its mean."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: squares that shade from one corner's colour by a fixed change a square."""

    width: int
    height: int
    corner: bytes
    """Red, green, blue."""
    change: bytes
    """What each further square to the right and below adds, modulo 256."""

    def square(self, column: int, row: int) -> tuple[int, int, int]:
        """Red, green, blue of one square."""
        far = column + row
        red, green, blue = (
            (c + d * far) & 0xFF for c, d in zip(self.corner, self.change, strict=True)
        )
        return red, green, blue

    @property
    def squares(self) -> tuple[int, int]:
        """Columns and rows, the cut ones at the edges included."""
        return -(-self.width // BLOCK), -(-self.height // BLOCK)


def drawn(chance: Chance, aspect_ratio: str = "1:1", image_size: str = USUAL_SIZE) -> Picture:
    """A picture of these proportions exactly; what is not understood counts as the usual."""
    edge = EDGE_PIXELS.get(image_size, EDGE_PIXELS[USUAL_SIZE])
    width, _, height = aspect_ratio.partition(":")
    wide, high = (int(part) if part.isdigit() else 1 for part in (width, height))
    wide, high = min(max(wide, 1), edge), min(max(high, 1), edge)
    scale = max(1, edge // max(wide, high))
    return Picture(wide * scale, high * scale, chance.data(3), chance.data(3))


def png(picture: Picture, padding: bytes = b"") -> bytes:
    """The picture as PNG, made longer by a private chunk that viewers skip."""
    columns, rows = picture.squares
    lines = []
    for row in range(rows):
        pixels = b"".join(bytes(picture.square(column, row)) * BLOCK for column in range(columns))
        line = b"\x00" + pixels[: picture.width * 3]
        lines.append(line * min(BLOCK, picture.height - row * BLOCK))
    size = picture.width.to_bytes(4, "big") + picture.height.to_bytes(4, "big")
    blocks = [
        (b"IHDR", size + b"\x08\x02\x00\x00\x00"),
        *([(b"paDd", padding)] if padding else []),
        (b"IDAT", zlib.compress(b"".join(lines), 1)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in blocks
    )


def jpeg(picture: Picture, padding: bytes = b"") -> bytes:
    """The picture as JPEG, made longer by comments."""
    size = picture.height.to_bytes(2, "big") + picture.width.to_bytes(2, "big")
    comments = [
        padding[place : place + COMMENT_BYTES_MAX]
        for place in range(0, len(padding), COMMENT_BYTES_MAX)
    ]
    return b"".join(
        [
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            *(_segment(0xFE, comment) for comment in comments),
            _segment(0xDB, b"\x00" + bytes([BLOCK]) * 64),
            _segment(0xC0, b"\x08" + size + b"\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"),
            _segment(0xC4, _DC_TABLE),
            _segment(0xC4, _AC_TABLE),
            _segment(0xDA, b"\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"),
            _scan(picture),
            b"\xff\xd9",
        ]
    )


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, "big") + data


def _scan(picture: Picture) -> bytes:
    """The squares' means, each as its difference from the one before, packed bit by bit."""
    columns, rows = picture.squares
    bits, count = 1, 0
    before = [0, 0, 0]
    packed = bytearray()
    for row in range(rows):
        for column in range(columns):
            for place, mean in enumerate(_luma_chroma(*picture.square(column, row))):
                code, length = _difference(mean - before[place])
                before[place] = mean
                bits, count = bits << length | code, count + length
        whole = count - count % 8
        text = bits & ((1 << count) - 1)
        packed += (text >> (count - whole)).to_bytes(whole // 8, "big")
        count -= whole
        bits = 1 << count | text & ((1 << count) - 1)
    if count:
        spare = 8 - count
        packed.append((bits << spare | (1 << spare) - 1) & 0xFF)
    return bytes(packed).replace(b"\xff", b"\xff\x00")


def _difference(value: int) -> tuple[int, int]:
    """Bits of one block: the size of the difference, the difference, the end of the block."""
    size = abs(value).bit_length()
    code, length = DC_CODES[size]
    amount = value if value >= 0 else value + (1 << size) - 1
    return (code << size | amount) << 1, length + size + 1


def _luma_chroma(red: int, green: int, blue: int) -> tuple[int, int, int]:
    """Luma and both chromas around zero, in thousandths as JFIF has them."""
    luma = (299 * red + 587 * green + 114 * blue) // 1000
    return luma - 128, (564 * (blue - luma)) // 1000, (713 * (red - luma)) // 1000
