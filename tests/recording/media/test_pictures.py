from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.media.pictures import size_of
from tests.recording.media.files import ALL, GIF, JPEG, PNG, WAV, WEBP, WEBP_L, WEBP_X


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (640, 480)),
        (GIF, (20, 10)),
        (JPEG, (400, 300)),
        (WEBP_X, (640, 480)),
        (WEBP_L, (640, 480)),
        (WEBP, (640, 480)),
        (WAV, None),
        (b"", None),
        (b"%PDF-1.7", None),
        (JPEG[:8], None),
        (PNG[:18], None),
        (WEBP_X[:20], None),
    ],
    ids=[
        "png",
        "gif",
        "jpeg",
        "webp-x",
        "webp-l",
        "webp",
        "wav",
        "nothing",
        "pdf",
        "cut",
        "cut-png",
        "cut-webp",
    ],
)
def test_the_size_of(data: bytes, size: tuple[int, int] | None) -> None:
    assert size_of(data) == size


@given(st.sampled_from(ALL), st.integers(0, 50), st.binary(max_size=40))
def test_any_bytes_have_a_size_or_none(start: bytes, kept: int, rest: bytes) -> None:
    size = size_of(start[:kept] + rest)

    assert size is None or (size.width >= 0 and size.height >= 0)
