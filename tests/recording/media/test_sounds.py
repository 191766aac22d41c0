from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.media.sounds import DURATION_MS_MAX, duration_ms_of
from tests.recording.media.files import (
    ALL,
    FLAC,
    MP3,
    MP3_COUNTED,
    MP3_MPEG2,
    MP3_TAGGED,
    OPUS,
    PNG,
    VORBIS,
    WAV,
    WAV_WITH_MORE,
)


@pytest.mark.parametrize(
    ("data", "duration_ms"),
    [
        (WAV, 2000),
        (WAV_WITH_MORE, 500),
        (FLAC, 1500),
        (OPUS, 1000),
        (VORBIS, 500),
        (MP3, 1000),
        (MP3_TAGGED, 1000),
        (MP3_COUNTED, 2612),
        (MP3_MPEG2, 1000),
        (PNG, None),
        (b"", None),
        (WAV[:30], None),
        (b"\xff\xfb\xf0\x00" + bytes(50), None),  # a bit rate that does not exist
        (b"OggS" + bytes(5), None),
    ],
    ids=[
        "wav",
        "wav2",
        "flac",
        "opus",
        "vorbis",
        "mp3",
        "id3",
        "xing",
        "mpeg2",
        "png",
        "nothing",
        "cut",
        "bad-rate",
        "cut-ogg",
    ],
)
def test_the_duration_of(data: bytes, duration_ms: int | None) -> None:
    assert duration_ms_of(data) == duration_ms


@given(st.sampled_from(ALL), st.integers(0, 100), st.binary(max_size=60))
def test_any_bytes_have_a_duration_or_none(start: bytes, kept: int, rest: bytes) -> None:
    duration_ms = duration_ms_of(start[:kept] + rest)

    assert duration_ms is None or 0 <= duration_ms <= DURATION_MS_MAX
