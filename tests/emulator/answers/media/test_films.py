"""A film's boxes nest as the standard says, and its table points at its one frame."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media.films import TICKS, mp4
from proxy.emulator.answers.media.pictures import drawn, jpeg

NESTED = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}


@pytest.mark.parametrize("padding", [b"", b"x" * 1000])
def test_a_film_starts_with_its_type_and_shows_its_frame(padding: bytes) -> None:
    picture = drawn(Chance(1, 1), "16:9")

    data = mp4(picture, 8.0, padding)

    boxes = dict(boxes_of(data))
    assert data[4:8] == b"ftyp"
    assert int.from_bytes(boxes[b"mvhd"][16:20], "big") == 8 * TICKS
    assert int.from_bytes(boxes[b"tkhd"][-8:-4], "big") >> 16 == picture.width
    place = int.from_bytes(boxes[b"stco"][8:12], "big")
    size = int.from_bytes(boxes[b"stsz"][12:16], "big")
    assert data[place : place + size] == jpeg(picture)
    assert boxes.get(b"free", b"") == padding


def boxes_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and contents of each box, those within others included."""
    while data:
        size, kind = int.from_bytes(data[:4], "big"), data[4:8]
        assert 8 <= size <= len(data)
        yield kind, data[8:size]
        if kind in NESTED:
            yield from boxes_of(data[8:size])
        data = data[size:]
