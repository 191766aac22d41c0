"""The answer says what was shown: kind, type, size, and what the first bytes tell."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media.pictures import Picture, jpeg, png
from proxy.emulator.answers.media.seen import seconds_of, seen
from proxy.emulator.answers.media.sounds import tone, wav

PICTURE = Picture(30, 20, b"abc", b"def")
PDF = b"%PDF-1.7\n<< /Type /Pages >> << /Type /Page >> << /Type/Page >>"
GIF = b"GIF89a\x10\x00\x08\x00"


def inline(kind: str, mime_type: str, data: bytes, **more: Any) -> dict[str, Any]:
    text = base64.b64encode(data).decode()
    return {"type": kind, "mime_type": mime_type, "data": text} | more


def shown(*contents: dict[str, Any]) -> str:
    return seen([{"type": "user_input", "content": list(contents)}])


def test_text_alone_shows_nothing() -> None:
    assert shown({"type": "text", "text": "Hello."}) == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (inline("image", "image/png", png(PICTURE)), "30 by 20 pixels"),
        (inline("image", "image/jpeg", jpeg(PICTURE, b"x" * 40_000)), "30 by 20 pixels"),
        (inline("image", "image/gif", GIF), "16 by 8 pixels"),
        (inline("audio", "audio/wav", wav(tone(8000, 1.5), 8000)), "1.50 seconds"),
        (inline("document", "application/pdf", PDF), "2 pages"),
        (inline("document", "text/csv", b"a,b\n1,2\n"), "a document (text/csv, 8 bytes)"),
        (inline("image", "image/png", b"", resolution="high"), "at high resolution"),
        (
            inline("video", "video/mp4", b"abc", processing={"start_offset": "10s"}),
            "from 10s to its end",
        ),
        ({"type": "video", "uri": "https://youtu.be/x"}, "a video at https://youtu.be/x"),
        ({"type": "audio", "uri": "gs://a/b.mp3", "mime_type": "audio/mp3"}, "at gs://a/b.mp3"),
    ],
)
def test_what_was_shown_is_said(content: dict[str, Any], said: str) -> None:
    assert said in shown(content)


def test_the_size_is_that_of_the_bytes() -> None:
    assert "4,097 bytes" in shown(inline("image", "image/webp", b"x" * 4097))


def test_a_screenshot_in_a_function_s_result_is_seen_too() -> None:
    result = {"type": "function_result", "call_id": "a", "result": [inline("image", "x", b"")]}

    assert seen([result]).startswith("I was shown an image")
    assert shown(result).startswith("I was shown an image")


def test_many_media_are_counted() -> None:
    assert shown(*[{"type": "image", "uri": "u"}] * 9).endswith("; 5 more.")


@given(
    st.sampled_from(["image", "audio", "video", "document"]),
    st.one_of(st.text(), st.binary().map(lambda data: base64.b64encode(data).decode())),
    st.sampled_from([b"", b"\xff\xd8", b"RIFF0000WAVE", b"%PDF", b"\x89PNG\r\n\x1a\n"]),
)
def test_any_data_is_described(kind: str, data: str, start: bytes) -> None:
    content = {"type": kind, "data": base64.b64encode(start).decode()[:16] + data}

    assert shown(content).startswith("I was shown")


def test_only_a_wav_tells_its_duration() -> None:
    assert seconds_of(inline("audio", "audio/mp3", Chance(1, 1).data(100))) is None
