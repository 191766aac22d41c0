"""A block of a segment cut into frames, before anything is opened. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.errors import FormatError
from proxy.journal.format import (
    FRAME_HEADER_BYTES,
    FrameHeader,
    Kind,
    decode_frame_header,
    frame_is_whole,
)

_TAIL_BIT: Final = 1 << Kind.SEGMENT_TAIL
CODEC_OFFSET: Final = 10
"""Of the codec byte in a frame header; the version byte follows."""
_CODECS: Final = b"\0\1"
_VERSION: Final = b"\1"
"""Codec and version as every frame has them. Only a hint: the CRC decides."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a block of a segment consists of, before anything is opened."""

    frames: list[tuple[int, FrameHeader]]
    """Offset within the block, and header, of each whole frame."""
    consumed: int
    """Bytes they take."""
    needed: int = 0
    """The next frame is longer than the block: this many bytes, as far as its start tells."""
    is_sealed: bool = False
    """The last frame is the segment's tail."""
    is_blank: bool = False
    """No frame follows where one could: zeros, or the end of the file."""
    problem: str = ""
    """What follows is no frame and not blank either."""


def cut_block(block: bytes) -> Cut:
    """Cut a block into whole frames with the right CRC. Pure; foreign bytes never raise."""
    frames: list[tuple[int, FrameHeader]] = []
    offset, size = 0, len(block)
    while size - offset >= FRAME_HEADER_BYTES:
        try:
            header = decode_frame_header(block, offset)
        except FormatError as error:
            return Cut(frames, offset, problem=str(error))
        if header is None:
            if any(block[offset : offset + FRAME_HEADER_BYTES]):
                return Cut(frames, offset, problem="a frame without a length")
            return Cut(frames, offset, is_blank=True)
        end = offset + FRAME_HEADER_BYTES + header.payload_bytes
        if end > size:
            return Cut(frames, offset, needed=end - offset)
        if not frame_is_whole(header, block, offset):
            return Cut(frames, offset, problem="the checksum of a frame is wrong")
        frames.append((offset, header))
        offset = end
        if header.kinds == _TAIL_BIT:
            return Cut(frames, offset, is_sealed=True)
    return Cut(frames, offset, needed=FRAME_HEADER_BYTES)


def next_frame(rest: bytes) -> int | None:
    """Where in these bytes the next whole frame starts. For the judgement of what is no frame.

    Finding one byte is done in C: what was only made ready (a segment of zeros) takes milliseconds.
    """
    version = rest.find(_VERSION)
    while version != -1:
        offset = version - 1 - CODEC_OFFSET
        if offset >= 0 and rest[version - 1] in _CODECS and _is_frame(rest, offset):
            return offset
        version = rest.find(_VERSION, version + 1)
    return None


def is_zero(data: bytes) -> bool:
    """Whether there is nothing but zeros. Compared in C: `any` takes half a second for a segment."""
    return data == bytes(len(data))


def _is_frame(rest: bytes, offset: int) -> bool:
    try:
        header = decode_frame_header(rest, offset)
    except FormatError:
        return False
    return header is not None and frame_is_whole(header, rest, offset)
