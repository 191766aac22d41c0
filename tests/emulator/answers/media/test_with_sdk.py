"""Google's own SDK asks for media, and finds them where its users look for them."""

from __future__ import annotations

import base64
import io
import wave
from typing import Any

import pytest

from proxy.emulator.answers.media.pictures import Picture, png
from proxy.emulator.answers.media.sounds import tone, wav
from tests.emulator.conftest import Running


def inline(kind: str, mime_type: str, data: bytes) -> dict[str, Any]:
    return {"type": kind, "mime_type": mime_type, "data": base64.b64encode(data).decode()}


PICTURE = inline("image", "image/png", png(Picture(30, 20, b"abc", b"def")))
SOUND = inline("audio", "audio/wav", wav(tone(8000, 1.5), 8000))


async def test_a_picture_is_the_output_image(emulator: Running) -> None:
    made = await emulator.sdk.create(
        model="gemini-3.1-flash-image",
        input="A cat.",
        response_format={"type": "image", "mime_type": "image/jpeg", "aspect_ratio": "16:9"},
    )

    assert made.output_image.mime_type == "image/jpeg"
    assert base64.b64decode(made.output_image.data).startswith(b"\xff\xd8\xff")
    assert made.usage.output_tokens_by_modality[0].modality == "image"


async def test_speech_of_two_voices_is_the_output_audio(emulator: Running) -> None:
    voices = [{"speaker": "Joe", "voice": "Kore"}, {"speaker": "Anna", "voice": "Puck"}]

    made = await emulator.sdk.create(
        model="gemini-3.8-flash-tts",
        input="Joe: Good morning.\nAnna: Hello!",
        generation_config={"speech_config": voices},
        response_format={"type": "audio", "mime_type": "audio/wav", "sample_rate": 16000},
    )

    with wave.open(io.BytesIO(base64.b64decode(made.output_audio.data))) as file:
        assert file.getframerate() == 16000
        assert file.getnframes() > 0


@pytest.mark.parametrize("model", ["lyria-3-clip-preview", "lyria-3-pro-preview", "lyria-3.5"])
async def test_music_is_the_output_audio_whatever_schema_it_comes_in(
    emulator: Running, model: str
) -> None:
    made = await emulator.sdk.create(model=model, input="A waltz.")

    assert made.output_audio.mime_type == "audio/mp3"
    assert made.steps[-1].type == "model_output"
    again = await emulator.sdk.get(made.id)
    assert again.output_audio == made.output_audio


async def test_a_film_is_the_output_video(emulator: Running) -> None:
    made = await emulator.sdk.create(
        model="gemini-omni-1.2-flash",
        input="A wave.",
        response_format={"type": "video", "aspect_ratio": "9:16", "duration": "4s"},
        generation_config={"video_config": {"task": "text_to_video"}},
    )

    assert base64.b64decode(made.output_video.data)[4:8] == b"ftyp"


async def test_by_uri_only_a_name_comes_back(emulator: Running) -> None:
    made = await emulator.sdk.create(
        model="gemini-omni-1.2-flash",
        input="A wave.",
        response_format={"type": "video", "delivery": "uri"},
    )

    assert made.output_video.uri.startswith("https://generativelanguage.googleapis.com/")
    assert made.output_video.data is None


async def test_a_transcript_has_words_speakers_and_times(emulator: Running) -> None:
    made = await emulator.sdk.create(
        model="gemini-3.5-transcribe",
        input=[SOUND],
        generation_config={
            "transcription_config": {
                "diarization_mode": "speaker",
                "timestamp_granularities": ["word"],
            }
        },
    )

    notes = made.steps[-1].content[0].annotations
    assert [note.text for note in notes] == made.output_text.split()
    assert {note.speaker for note in notes} == {"speaker_1", "speaker_2"}
    assert notes[0].start_offset == "0s"


async def test_what_was_shown_is_said_and_counted(emulator: Running) -> None:
    made = await emulator.sdk.create(
        model="gemini-3-flash-preview",
        input=[{"type": "text", "text": "What is this"}, PICTURE, SOUND],
    )

    assert "30 by 20 pixels" in made.output_text
    assert "1.50 seconds" in made.output_text
    listed = {entry.modality: entry.tokens for entry in made.usage.input_tokens_by_modality}
    assert listed.keys() == {"text", "image", "audio"}
    assert sum(listed.values()) == made.usage.total_input_tokens


async def test_a_picture_streams_in_one_piece(emulator: Running) -> None:
    stream = await emulator.sdk.create(model="gemini-3.1-flash-image", input="A cat.", stream=True)

    deltas = [event.delta async for event in stream if event.event_type == "step.delta"]

    assert [delta.type for delta in deltas].count("image") == 1
    (image,) = [delta for delta in deltas if delta.type == "image"]
    assert base64.b64decode(image.data).startswith(b"\x89PNG")
