"""What shall be made follows from the model and from every way to say so."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.media.wanted import Speaker, speakers, wanted
from proxy.emulator.asked.request import CreateRequest, read_create


def asked(**body: Any) -> CreateRequest:
    return read_create({"model": "gemini-3-flash-preview", "input": "A cat."} | body)


@pytest.mark.parametrize(
    ("body", "kinds", "has_text"),
    [
        pytest.param({}, [], False, id="a text model"),
        pytest.param({"model": "gemini-3.1-flash-image"}, ["image"], False, id="an image model"),
        pytest.param({"model": "gemini-3.8-flash-tts"}, ["audio"], False, id="speech"),
        pytest.param({"model": "lyria-3.5"}, ["audio"], False, id="music"),
        pytest.param({"model": "gemini-omni-1.2-flash"}, ["video"], False, id="video"),
        pytest.param(
            {"model": "gemini-omni-1.2-flash", "response_format": {"type": "text"}},
            [],
            True,
            id="text of a video model",
        ),
        pytest.param({"response_format": {"type": "image"}}, ["image"], False, id="one format"),
        pytest.param(
            {"response_format": [{"type": "text"}, {"type": "audio"}]}, ["audio"], True, id="two"
        ),
        pytest.param(
            {"response_modalities": ["TEXT", "image"]}, ["image"], True, id="the older modalities"
        ),
    ],
)
def test_the_media_to_make(body: dict[str, Any], kinds: list[str], has_text: bool) -> None:  # noqa: FBT001
    media, beside = wanted(asked(**body))

    assert [medium.kind for medium in media] == kinds
    assert beside is has_text


def test_the_older_image_settings_count_where_the_format_says_nothing() -> None:
    request = asked(
        generation_config={"image_config": {"aspect_ratio": "16:9", "image_size": "2K"}},
        response_format={"type": "image", "image_size": "4K"},
    )

    ((medium,), _) = wanted(request)

    assert (medium.text("aspect_ratio"), medium.text("image_size")) == ("16:9", "4K")


def test_settings_are_read_in_both_spellings_and_odd_values_not_at_all() -> None:
    audio = {"type": "audio", "mimeType": "audio/wav", "sampleRate": 8000, "delivery": 3}

    ((medium,), _) = wanted(asked(response_format=audio))

    assert medium.text("mime_type") == "audio/wav"
    assert medium.number("sample_rate") == 8000
    assert not medium.is_by_uri


@pytest.mark.parametrize(
    "config",
    [
        [{"speaker": "Joe", "voice": "Kore"}],
        {"speakers": [{"speaker": "Joe", "voice": "Kore"}]},
        {"speaker": "Joe", "voice": "Kore"},
    ],
    ids=["a list", "an object of speakers", "one speaker"],
)
def test_speakers_come_in_three_forms(config: Any) -> None:
    request = asked(generation_config={"speech_config": config})

    assert speakers(request) == (Speaker("Joe", "Kore"),)
