"""How large a film is and how long it lasts: MP4 and its kin. Pure; None where the file does not say it.

Source: ISO/IEC 14496-12: boxes, each with its size and kind; `moov` holds `mvhd` (duration) and a
`trak` with a `tkhd` (size) for each track. An M4A is the same without a size.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from proxy.recording.media.sounds import DURATION_MS_MAX

BOXES_MAX: Final = 1000
"""Boxes looked at on one level: a fragmented film of hours has some thousand, behind its `moov`."""
EDGE_MAX: Final = 1 << 16
"""A tkhd's sizes are 16.16 numbers."""


class Film(NamedTuple):
    """What its heads tell."""

    width: int | None
    height: int | None
    duration_ms: int | None


def film_of(data: bytes) -> Film | None:
    """Of an MP4, MOV or M4A; None for everything else."""
    if data[4:8] != b"ftyp":
        return None
    width = height = duration_ms = None
    try:
        for kind, start, end in _boxes(data, 0, len(data)):
            if kind != b"moov":
                continue
            for inner, inner_start, inner_end in _boxes(data, start, end):
                if inner == b"mvhd":
                    duration_ms = _duration_ms(data, inner_start)
                elif inner == b"trak" and not width:
                    width, height = _size(data, inner_start, inner_end)
            break
    except (struct.error, IndexError):  # cut short
        return Film(None, None, None)
    return Film(width or None, height or None, duration_ms)


def _boxes(data: bytes, place: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box."""
    for _ in range(BOXES_MAX):
        if place + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, place)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, place + 8)
            head = 16
        elif size == 0:  # to the end of the file
            size = end - place
        if size < head:
            return
        yield kind, place + head, min(end, place + size)
        place += size


def _duration_ms(data: bytes, place: int) -> int | None:
    is_long = data[place] == 1
    ticks_a_second, ticks = struct.unpack_from(
        ">IQ" if is_long else ">II", data, place + (20 if is_long else 12)
    )
    if not ticks_a_second:
        return None
    duration_ms = ticks * 1000 // ticks_a_second
    return int(duration_ms) if 0 < duration_ms <= DURATION_MS_MAX else None


def _size(data: bytes, start: int, end: int) -> tuple[int, int]:
    for kind, place, _ in _boxes(data, start, end):
        if kind == b"tkhd":
            width, height = struct.unpack_from(
                ">II", data, place + (88 if data[place] == 1 else 76)
            )
            return width >> 16, height >> 16
    return 0, 0
