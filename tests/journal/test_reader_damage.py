"""proxy/journal/reader.py: what it makes of bytes that no writer wrote. Nothing wrong, nothing unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.journal.reader import Batch, Cursor
from proxy.journal.segments.cut import cut_block
from tests.journal.written import (
    SEGMENT_BYTES,
    change,
    opened,
    read_all,
    segment,
    sequences,
    spoil,
    whole_exchange,
    write_journal,
)

TEN = [whole_exchange(sequence, b"b" * 100) for sequence in range(1, 11)]
MANY = [whole_exchange(sequence, b"b" * 1000) for sequence in range(1, 60)]
"""Several segments of SEGMENT_BYTES."""


class Whole:
    """A dead journal of ten exchanges, and what reading it gives; damaged copies are read beside it."""

    def __init__(self, folder: Path) -> None:
        write_journal(folder, TEN)
        self.folder = folder
        self.bytes = segment(folder).read_bytes()
        with opened(folder) as journal:
            self.frames = read_all(journal).frames

    def read_with(self, content: bytes) -> Batch:
        segment(self.folder).write_bytes(content)
        with opened(self.folder) as journal:
            return read_all(journal, Cursor(0, 0))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("whole"))


@given(place=st.integers(0, SEGMENT_BYTES))
def test_a_cut_anywhere_leaves_a_prefix_and_at_most_one_damage(whole: Whole, place: int) -> None:
    batch = whole.read_with(whole.bytes[:place])

    assert batch.frames == whole.frames[: len(batch.frames)]
    assert len(batch.frames) == sum(frame.end <= place for frame in whole.frames)
    assert len(batch.damage) <= 1
    assert all(damage.is_tail for damage in batch.damage)
    assert batch.is_end


@settings(max_examples=300)
@given(place=st.integers(0, 2500), flip=st.integers(1, 255))
def test_one_changed_byte_never_gives_wrong_entries_and_never_goes_unnoticed(
    whole: Whole, place: int, flip: int
) -> None:
    damaged = bytearray(whole.bytes)
    damaged[place] ^= flip

    batch = whole.read_with(bytes(damaged))

    assert batch.frames == whole.frames[: len(batch.frames)]
    (damage,) = batch.damage
    assert damage.offset <= place
    has_more = place < whole.frames[-1].offset
    assert damage.is_tail is not has_more


@given(noise=st.binary(max_size=400))
def test_noise_in_place_of_a_segment_is_damage_or_nothing(whole: Whole, noise: bytes) -> None:
    batch = whole.read_with(noise)

    assert batch.frames == []
    assert len(batch.damage) == bool(noise.strip(b"\0"))


@given(noise=st.binary(max_size=400))
def test_cutting_noise_into_frames_raises_nothing(noise: bytes) -> None:
    cut = cut_block(noise)

    assert cut.frames == []
    assert cut.consumed == 0


def test_a_torn_tail_is_told_from_damage_in_the_middle(tmp_path: Path) -> None:
    write_journal(tmp_path, MANY)
    with opened(tmp_path) as journal:
        frames = read_all(journal).frames
    spoil(segment(tmp_path, frames[-1].segment), frames[-1].end - 1)
    with opened(tmp_path) as journal:
        torn = read_all(journal)
    spoil(segment(tmp_path, frames[4].segment), frames[4].end - 1)
    with opened(tmp_path) as journal:
        broken = read_all(journal)

    assert torn.damage[0].is_tail
    assert torn.is_end
    assert (broken.damage[0].segment, broken.damage[0].offset) == (0, frames[4].offset)
    assert not broken.damage[0].is_tail
    assert not broken.is_end


def test_after_damage_reading_can_go_on_with_the_next_segment(tmp_path: Path) -> None:
    write_journal(tmp_path, MANY)
    change(segment(tmp_path), 500, b"\xff\xff")

    with opened(tmp_path) as journal:
        damage = read_all(journal).damage[0]
        rest = read_all(journal, Cursor(damage.segment + 1, 0))

    assert sequences(rest.frames)[-1] == 59
    assert rest.damage == ()
