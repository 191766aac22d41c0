from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.media.films import Film, film_of
from tests.recording.media.files import ALL, M4A, MP4, MP4_LONG, PNG, box


@pytest.mark.parametrize(
    ("data", "film"),
    [
        (MP4, Film(320, 240, 2500)),
        (M4A, Film(None, None, 2500)),
        (MP4_LONG, Film(None, None, 3000)),
        (MP4[:60], Film(None, None, None)),
        (box(b"ftyp", b"isom") + struct.pack(">I4s", 3, b"moov"), Film(None, None, None)),
        (PNG, None),
        (b"", None),
    ],
    ids=["mp4", "m4a", "long", "cut", "odd-size", "png", "nothing"],
)
def test_what_a_film_tells(data: bytes, film: Film | None) -> None:
    assert film_of(data) == film


@given(st.sampled_from(ALL), st.integers(0, 300), st.binary(max_size=60))
def test_any_bytes_are_a_film_or_none(start: bytes, kept: int, rest: bytes) -> None:
    film = film_of(start[:kept] + rest)

    assert film is None or film.duration_ms is None or film.duration_ms > 0
