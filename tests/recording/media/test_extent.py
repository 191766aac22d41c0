from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.media.extent import UNKNOWN, Extent, extent_of
from tests.recording.media.files import ALL, MP4, OPUS, PNG


@pytest.mark.parametrize(
    ("data", "extent", "text"),
    [
        (PNG, Extent(640, 480), "640x480"),
        (OPUS, Extent(duration_ms=1000), "1.0 s"),
        (MP4, Extent(320, 240, 2500), "320x240 2.5 s"),
        (b"%PDF-1.7", UNKNOWN, None),
    ],
    ids=["picture", "sound", "film", "document"],
)
def test_an_extent_and_how_it_is_told(data: bytes, extent: Extent, text: str | None) -> None:
    assert extent_of(data) == extent
    assert extent.text() == text


@given(st.sampled_from(ALL) | st.binary(max_size=100))
def test_any_bytes_have_one(data: bytes) -> None:
    assert isinstance(extent_of(data), Extent)
