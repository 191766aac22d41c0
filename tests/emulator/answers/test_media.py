"""Made-up pictures and sounds are whole and as large as asked."""

from __future__ import annotations

import base64
import zlib
from typing import Any

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media import media
from proxy.emulator.asked.request import CreateRequest, read_create


def asked(**body: Any) -> CreateRequest:
    return read_create({"model": "gemini-3-flash-preview", "input": "A cat."} | body)


def test_an_image_model_makes_a_png_whose_chunks_are_sound() -> None:
    content = media(asked(model="gemini-3.1-flash-image"), 1000, Chance(1, 1))

    assert content is not None
    data = base64.b64decode(content["data"], validate=True)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) > 1000
    rest, kinds = data[8:], []
    while rest:
        size = int.from_bytes(rest[:4], "big")
        assert zlib.crc32(rest[4 : 8 + size]) == int.from_bytes(rest[8 + size : 12 + size], "big")
        kinds.append(rest[4:8])
        rest = rest[12 + size :]
    assert kinds == [b"IHDR", b"paDd", b"IDAT", b"IEND"]


def test_a_text_model_makes_an_image_if_the_format_asks_for_one() -> None:
    request = asked(response_format=[{"type": "image", "mime_type": "image/jpeg"}])

    content = media(request, 0, Chance(1, 1))

    assert content is not None
    assert content["type"] == "image"


def test_speech_is_sixteen_bit_samples() -> None:
    content = media(asked(model="gemini-3.8-flash-tts"), 0, Chance(1, 1))

    assert content is not None
    assert content["mime_type"] == "audio/l16"
    assert len(base64.b64decode(content["data"])) % 2 == 0


def test_text_is_no_medium() -> None:
    assert media(asked(), 0, Chance(1, 1)) is None
