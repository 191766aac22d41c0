"""What is made is of the kind, form and delivery that were asked for."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media.made import FILES, made
from proxy.emulator.asked.request import read_create

SPEECH: Any = {"model": "gemini-3.8-flash-tts"}
SOUND = {"type": "audio", "data": "", "mime_type": "audio/wav"}
PLAY = "Joe: Good morning.\nAnna: Grüße aus Zürich!"
TWO_VOICES = [{"speaker": "Joe", "voice": "Kore"}, {"speaker": "Anna", "voice": "Puck"}]


def contents(padding: int = 0, **body: Any) -> list[dict[str, Any]]:
    request = read_create({"model": "gemini-3-flash-preview", "input": "A cat."} | body)
    answer = made(request, padding, Chance(1, 1))
    assert answer is not None
    return answer


def data_of(content: dict[str, Any]) -> bytes:
    return base64.b64decode(content["data"], validate=True)


def test_text_is_no_medium() -> None:
    request = read_create({"model": "gemini-3-flash-preview", "input": "Hello."})

    assert made(request, 0, Chance(1, 1)) is None


@pytest.mark.parametrize(
    ("mime_type", "start"),
    [("image/jpeg", b"\xff\xd8\xff"), ("image/png", b"\x89PNG"), (None, b"\x89PNG")],
)
def test_a_picture_has_the_form_that_was_asked_for(mime_type: str | None, start: bytes) -> None:
    asked = {"type": "image"} | ({"mime_type": mime_type} if mime_type else {})

    (content,) = contents(response_format=asked)

    assert data_of(content).startswith(start)
    assert content["mime_type"] == (mime_type or "image/png")


@pytest.mark.parametrize(
    ("mime_type", "start"),
    [
        ("audio/l16", b"\x00\x00"),
        ("audio/wav", b"RIFF"),
        ("audio/mp3", b"\xff\xf3"),
        ("audio/ogg_opus", b"OggS"),
        ("audio/alaw", b"\xd5"),
        ("audio/mulaw", b"\xff"),
    ],
)
def test_speech_has_the_form_that_was_asked_for(mime_type: str, start: bytes) -> None:
    asked = {"type": "audio", "mime_type": mime_type, "sample_rate": 16000}

    (content,) = contents(**SPEECH, response_format=asked)

    assert data_of(content).startswith(start)
    assert content["mime_type"] == mime_type
    assert (content["sample_rate"], content["channels"]) == (16000, 1)


def test_longer_texts_are_spoken_longer_up_to_a_limit() -> None:
    sizes = [len(data_of(contents(**SPEECH, input="so " * n)[0])) for n in (2, 20, 1000, 2000)]

    assert sizes[0] < sizes[1] < sizes[2]
    assert sizes[2] == sizes[3]


def test_two_speakers_have_two_voices() -> None:
    config = {"speech_config": TWO_VOICES}

    both = contents(**SPEECH, input=PLAY, generation_config=config)
    one = contents(**SPEECH, input=PLAY)

    assert data_of(both[0]) != data_of(one[0])


def test_the_text_beside_speech_says_who_speaks_which_bytes() -> None:
    text, sound = contents(
        **SPEECH,
        input=PLAY,
        generation_config={"speech_config": TWO_VOICES},
        response_format=[{"type": "text"}, {"type": "audio"}],
    )

    assert sound["type"] == "audio"
    said = {
        note["speaker"]: text["text"].encode()[note["start_index"] : note["end_index"]].decode()
        for note in text["annotations"]
    }
    assert said == {"Joe": "Good morning.", "Anna": "Grüße aus Zürich!"}
    assert {note["type"] for note in text["annotations"]} == {"speech_metadata"}


@pytest.mark.parametrize("model", ["lyria-3-clip-preview", "lyria-3-pro-preview", "lyria-3.5"])
def test_music_is_an_mp3(model: str) -> None:
    (content,) = contents(model=model)

    assert content["mime_type"] == "audio/mp3"
    assert content["sample_rate"] == 44100


def test_a_film_is_an_mp4_of_its_proportions_and_duration() -> None:
    asked = {"type": "video", "aspect_ratio": "9:16", "duration": "4s"}

    (content,) = contents(model="gemini-omni-1.2-flash", response_format=asked)

    data = data_of(content)
    assert data[4:8] == b"ftyp"
    assert (4000).to_bytes(4, "big") in data
    assert content["mime_type"] == "video/mp4"


@pytest.mark.parametrize("kind", ["image", "audio", "video"])
def test_by_uri_a_file_is_named_and_no_data_given(kind: str) -> None:
    (content,) = contents(response_format={"type": kind, "delivery": "uri"})

    assert set(content) == {"type", "mime_type", "uri"}
    assert content["uri"].startswith(FILES)


def test_a_film_goes_to_the_bucket_that_was_named() -> None:
    asked = {"type": "video", "delivery": "uri", "gcs_uri": "gs://films/mine/"}

    (content,) = contents(response_format=asked)

    assert content["uri"].startswith("gs://films/mine/")


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "image"},
        {"type": "image", "mime_type": "image/jpeg"},
        {"type": "video"},
        *({"type": "audio", "mime_type": f"audio/{form}"} for form in ("l16", "wav", "mp3")),
        *({"type": "audio", "mime_type": f"audio/{form}"} for form in ("alaw", "ogg_opus")),
    ],
    ids=str,
)
def test_a_medium_is_as_long_as_was_wished_for(asked: dict[str, Any]) -> None:
    (content,) = contents(padding=100_000, response_format=asked)

    assert 100_000 <= len(data_of(content)) < 140_000


def test_several_media_are_several_contents() -> None:
    formats = [{"type": "image"}, {"type": "text"}, {"type": "audio"}]

    assert [c["type"] for c in contents(response_format=formats)] == ["text", "image", "audio"]


def test_a_sound_to_transcribe_becomes_text() -> None:
    (content,) = contents(model="gemini-3.5-transcribe", input=[SOUND])

    assert content["type"] == "text"
