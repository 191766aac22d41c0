from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.gateway.door.frames import (
    FRAME_BYTES_MAX,
    HEADER,
    Answer,
    Frame,
    FrameReader,
    Kind,
    Way,
    answer,
    frame,
    question,
    read_answer,
    read_question,
)
from tests.strategies import cut_at, cuts_of

FRAMES = st.builds(Frame, st.sampled_from(Kind), st.integers(0, 2**64 - 1), st.binary(max_size=40))


@given(st.lists(FRAMES, max_size=5), st.data())
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    said: list[Frame], data: st.DataObject
) -> None:
    written = b"".join(frame(*each) for each in said)
    places = data.draw(cuts_of(written))

    reader = FrameReader()
    found = [one for piece in cut_at(written, places) for one in reader.feed(piece)]

    assert found == said


@pytest.mark.parametrize("header", [(1, 0, 1), (1, 99, 1), (FRAME_BYTES_MAX + 1, 2, 1)])
def test_other_bytes_are_no_frames(header: tuple[int, int, int]) -> None:
    with pytest.raises(FormatError):
        list(FrameReader().feed(HEADER.pack(*header)))


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=9))
def test_questions_and_answers_come_back(first: bytes, second: bytes, record: bytes) -> None:
    (asked,) = FrameReader().feed(question(7, first, second, is_whole=True))
    assert asked.number == 7
    assert read_question(asked.payload) == (first, second, True)

    given_one = Answer(Way.REFUSE, is_shown=True, status=404, record=record, body=second)
    (answered,) = FrameReader().feed(answer(7, given_one))
    assert read_answer(answered.payload) == given_one
