from __future__ import annotations

import time

import pytest

from proxy.journal.format import Codec, Kind, encode_frame
from proxy.journal.segments.cut import CODEC_OFFSET, cut_block, is_zero, next_frame
from proxy.journal.segments.file import own_frame

FRAME = encode_frame(1 << Kind.INTENT, Codec.PLAIN, 0, 1, 2, 3, b"payload")
TAIL = own_frame(Kind.SEGMENT_TAIL, 1, 1, b"")


def test_a_block_is_cut_at_the_ends_of_its_frames() -> None:
    cut = cut_block(FRAME + FRAME + bytes(100))

    assert [offset for offset, _ in cut.frames] == [0, len(FRAME)]
    assert (cut.consumed, cut.is_blank, cut.problem) == (2 * len(FRAME), True, "")


def test_nothing_is_cut_behind_a_tail() -> None:
    cut = cut_block(TAIL + FRAME)

    assert (cut.consumed, cut.is_sealed) == (len(TAIL), True)


@pytest.mark.parametrize("missing", [1, len(FRAME) - 41])
def test_a_frame_that_is_longer_than_the_block_says_what_it_needs(missing: int) -> None:
    cut = cut_block(FRAME[:-missing])

    assert (cut.frames, cut.needed) == ([], len(FRAME))


@pytest.mark.parametrize("place", range(len(FRAME)))
def test_a_frame_with_another_byte_is_none(place: int) -> None:
    other = bytearray(FRAME)
    other[place] ^= 0xFF

    assert cut_block(bytes(other) + FRAME).frames == []
    assert next_frame(bytes(other) + FRAME) == len(other)
    assert next_frame(bytes(other) + FRAME[:-1]) is None


def test_the_hint_of_a_frame_stands_where_its_codec_does() -> None:
    assert FRAME[CODEC_OFFSET : CODEC_OFFSET + 2] == bytes([Codec.PLAIN, 1])


def test_a_segment_that_was_only_made_ready_is_judged_at_once() -> None:
    """Each worker that dies leaves one or two; 0.9 s each were most of what its death cost the recorder."""
    segment = bytes(32 * 1024 * 1024)
    began_s = time.process_time()

    assert next_frame(segment) is None
    assert is_zero(segment)
    assert time.process_time() - began_s < 0.2


@pytest.mark.parametrize("place", [0, 500, 999])
def test_one_byte_is_enough_not_to_be_zero(place: int) -> None:
    data = bytearray(1000)
    data[place] = 1

    assert not is_zero(bytes(data))
