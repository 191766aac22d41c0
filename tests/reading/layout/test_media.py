"""Media as lines, and under names that are ours."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.reading.layout.media import Shown, media_lines, shown_media

STEPS = [
    {"exchange": "x1", "side": "output", "step_index": 0, "place": 2},
    {"exchange": "x1", "side": "input", "step_index": 0, "place": 1},
]


def medium(side: str = "output", **given: Any) -> dict[str, Any]:
    return {
        "exchange": "x1",
        "side": side,
        "step_index": 0,
        "type": "image",
        "mime_type": "image/png",
        "media_bytes": 12_000,
        "media_mac": None,
        "source": "inline",
        "extent": "640x480",
        **given,
    }


def test_each_has_a_line_in_the_order_of_the_timeline() -> None:
    media = [
        medium(media_mac="a"),
        medium("input", media_mac="a"),
        medium(source="uri", type="video", mime_type=None, media_bytes=0, extent=None),
        medium(exchange="a poll that showed the same"),
    ]

    assert [line.plain for line in media_lines(STEPS, media, 80)] == [
        "  1  step 1  image/png  640x480  12 KB",
        "  2  step 2  image/png  640x480  12 KB  same as 1",
        "  3  step 2  video  by uri",
    ]


def test_names_of_files_tell_step_and_type() -> None:
    (shown,) = shown_media(STEPS, [medium(type="audio", mime_type="audio/mpeg")])

    assert shown.file_name == "001-step-2-audio.mp3"


@given(st.text(), st.none() | st.text() | st.sampled_from(["text/html", "image/svg+xml", "a/../b"]))
def test_no_recorded_word_gets_into_the_name_of_a_file(kind: str, mime_type: str | None) -> None:
    shown = Shown(1, 2, medium(type=kind, mime_type=mime_type), None)

    assert re.fullmatch(
        r"001-step-2-(image|audio|video|document|media)\.[a-z0-9]+", shown.file_name
    )
    assert not shown.file_name.endswith(("html", "svg", "exe", "sh"))
