"""A transcript has times, speakers and places in the text, where they were asked for."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media.sounds import tone, wav
from proxy.emulator.answers.media.transcribed import transcript
from proxy.emulator.asked.request import read_create

TWO_SECONDS = base64.b64encode(wav(tone(8000, 2.0), 8000)).decode()
SOUND = {"type": "audio", "data": TWO_SECONDS, "mime_type": "audio/wav"}


def transcribed(config: Any = None, shown: Any = None) -> dict[str, Any]:
    body: dict[str, Any] = {"model": "gemini-3.5-transcribe", "input": shown or [SOUND]}
    if config is not None:
        body["generation_config"] = {"transcription_config": config}
    answer = transcript(read_create(body), Chance(1, 1))
    assert answer is not None
    (content,) = answer
    return content


def test_without_settings_it_is_just_text() -> None:
    assert set(transcribed()) == {"type", "text"}


def test_without_a_sound_there_is_nothing_to_transcribe() -> None:
    request = read_create({"model": "gemini-3.5-transcribe", "input": "Hello."})

    assert transcript(request, Chance(1, 1)) is None


@pytest.mark.parametrize(
    "config",
    [
        {"timestamp_granularities": ["word"]},
        {"mode": {"type": "verbatim", "timestamp_granularities": ["word"]}},
    ],
    ids=["outside", "in the mode"],
)
def test_words_have_their_times_and_their_bytes(config: dict[str, Any]) -> None:
    content = transcribed(config)

    text = content["text"].encode()
    words = content["annotations"]
    assert [word["text"] for word in words] == content["text"].split()
    for word in words:
        assert word["type"] == "word_info"
        assert text[word["start_index"] : word["end_index"]].decode() == word["text"]
    assert words[0]["start_offset"] == "0s"
    assert [w["end_offset"] for w in words[:-1]] == [w["start_offset"] for w in words[1:]]


def test_times_span_the_sound() -> None:
    last = transcribed({"timestamp_granularities": ["word"]})["annotations"][-1]

    assert abs(float(last["end_offset"].removesuffix("s")) - 2.0) < 0.02


def test_sentences_have_times_if_segments_are_asked_for() -> None:
    content = transcribed({"timestamp_granularities": ["segment"]})

    assert " ".join(note["text"] for note in content["annotations"]) == content["text"]
    assert not any("speaker" in note for note in content["annotations"])


def test_speakers_take_turns() -> None:
    content = transcribed({"diarization_mode": "speaker"})

    assert {note["speaker"] for note in content["annotations"]} == {"speaker_1", "speaker_2"}
    assert "start_offset" not in content["annotations"][0]


def test_the_vocabulary_is_used_and_a_source_text_is_what_was_said() -> None:
    assert "Kvaløya" in transcribed({"custom_vocabulary": ["Kvaløya"]})["text"]
    smart = {"mode": {"type": "smart", "source_text": "Once upon a time."}}
    assert transcribed(smart)["text"] == "Once upon a time."


def test_a_named_file_has_a_pace_of_its_own() -> None:
    shown = [{"type": "video", "uri": "https://www.youtube.com/watch?v=emulated"}]

    content = transcribed({"timestamp_granularities": ["word"]}, shown)

    assert content["annotations"][1]["start_offset"] == "0.4s"
