"""What models give out beside plain text: pictures, speech, music, films, transcripts.

Everything is whole and decodes, and is much smaller and shorter than the service would make it. With
`delivery: "uri"` the answer names a file instead (reference, sections 5.5 and 8.1).
"""

from __future__ import annotations

import base64
import re
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media import films, pictures, sounds
from proxy.emulator.answers.media.transcribed import transcript
from proxy.emulator.answers.media.wanted import Speaker, Wanted, speakers, wanted
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.request import CreateRequest, Json

FILES: Final = "https://generativelanguage.googleapis.com/v1beta/files/"
FILE_NAME_LENGTH: Final = 12

SECONDS_PER_WORD: Final = 0.02
SECONDS_MAX: Final = 0.5
"""Speech is twenty times faster than people speak, and ends after half a second: a kilobyte a word."""

MUSIC_SECONDS: Final = 0.5
FILM_SECONDS: Final = 8.0
SPEECH_RATE: Final = 24_000
MUSIC_RATE: Final = 44_100
TELEPHONE_RATE: Final = 8_000
RATE_MAX: Final = 192_000
"""Samples a second; what asks for more gets this."""


def made(request: CreateRequest, padding_bytes: int, chance: Chance) -> list[Json] | None:
    """The contents of the answer where it is media or a transcript; None where it is plain text.

    `padding_bytes` makes the first medium that much longer.
    """
    known = catalogue.entry(request.name)
    kind = known.kind if known is not None else "text"
    if kind == "transcription":
        return transcript(request, chance)
    media, has_text = wanted(request)
    if not media:
        return None
    contents: list[Json] = []
    if has_text:
        contents.append(_spoken_text(request))
    for number, medium in enumerate(media):
        padding = chance.data(0 if number else padding_bytes)
        if medium.is_by_uri:
            contents.append(_named(medium, chance, is_music=kind == "music"))
        elif medium.kind == "image":
            contents.append(_image(medium, padding, chance))
        elif medium.kind == "video":
            contents.append(_video(medium, padding, chance))
        else:
            contents.append(_audio(request, medium, padding, is_music=kind == "music"))
    return contents


def _named(medium: Wanted, chance: Chance, *, is_music: bool) -> Json:
    """A medium that lies in a file."""
    name = (chance.call_id() + chance.call_id())[:FILE_NAME_LENGTH]
    bucket = medium.text("gcs_uri")
    uri = f"{bucket.rstrip('/')}/{name}.mp4" if bucket else FILES + name
    mime_type = {
        "image": _image_type(medium),
        "video": "video/mp4",
        "audio": _audio_type(medium, is_music=is_music),
    }[medium.kind]
    return {"mime_type": mime_type, "type": medium.kind, "uri": uri}


def _image(medium: Wanted, padding: bytes, chance: Chance) -> Json:
    picture = pictures.drawn(
        chance,
        medium.text("aspect_ratio") or "1:1",
        medium.text("image_size") or pictures.USUAL_SIZE,
    )
    mime_type = _image_type(medium)
    spell = pictures.jpeg if mime_type == "image/jpeg" else pictures.png
    return {"data": _base64(spell(picture, padding)), "mime_type": mime_type, "type": "image"}


def _video(medium: Wanted, padding: bytes, chance: Chance) -> Json:
    picture = pictures.drawn(chance, medium.text("aspect_ratio") or "16:9")
    duration = re.fullmatch(r"(\d{1,4}(?:\.\d+)?)s?", medium.text("duration") or "")
    seconds = float(duration[1]) if duration else FILM_SECONDS
    data = films.mp4(picture, seconds, padding)
    return {"data": _base64(data), "mime_type": "video/mp4", "type": "video"}


def _audio(request: CreateRequest, medium: Wanted, padding: bytes, *, is_music: bool) -> Json:
    mime_type = _audio_type(medium, is_music=is_music)
    usual = TELEPHONE_RATE if mime_type in ("audio/alaw", "audio/mulaw") else SPEECH_RATE
    rate = min(medium.number("sample_rate") or (MUSIC_RATE if is_music else usual), RATE_MAX)
    turns = [(0, MUSIC_SECONDS)] if is_music else _turns(request)
    samples = [s for voice, seconds in turns for s in sounds.tone(rate, seconds, voice)]
    match mime_type:
        case "audio/mp3":
            data = sounds.mp3(rate, len(samples) // 8 + len(padding))
        case "audio/ogg_opus":
            data = sounds.opus(len(samples) / rate, len(padding))
        case "audio/wav":
            data = sounds.wav(samples, rate, padding)
        case "audio/alaw":
            data = sounds.alaw(samples) + padding
        case "audio/mulaw":
            data = sounds.mulaw(samples) + padding
        case _:
            data = sounds.pcm(samples) + padding[: len(padding) // 2 * 2]
    return {
        "channels": 1,
        "data": _base64(data),
        "mime_type": mime_type,
        "sample_rate": rate,
        "type": "audio",
    }


def _turns(request: CreateRequest) -> list[tuple[int, float]]:
    """Voice and seconds of each line that is spoken."""
    voices = speakers(request)
    turns: list[tuple[int, float]] = []
    left = SECONDS_MAX
    for _, line, voice in _lines(_prompt(request), voices):
        seconds = min(left, max(1, len(line.split())) * SECONDS_PER_WORD)
        left -= seconds
        if seconds > 0:
            turns.append((voice, seconds))
    return turns or [(0, SECONDS_PER_WORD)]


def _spoken_text(request: CreateRequest) -> Json:
    """The text beside a medium; for speech it says who speaks which bytes of it."""
    voices = speakers(request)
    prompt = _prompt(request)
    if not voices:
        return {"text": f"Here is what you asked for: {prompt[:80]}", "type": "text"}
    text, notes = "", []
    for name, line, voice in _lines(prompt, voices):
        start = len(text.encode())
        text += line + "\n"
        speaker = name or voices[voice % len(voices)].name or f"Speaker {voice + 1}"
        note: Json = {"type": "speech_metadata", "speaker": speaker, "style": "neutral"}
        notes.append(note | {"start_index": start, "end_index": start + len(line.encode())})
    return {"text": text, "annotations": notes, "type": "text"}


def _lines(text: str, voices: tuple[Speaker, ...]) -> list[tuple[str | None, str, int]]:
    """Speaker's name, words and number of the voice for each line; `Joe: Hello.` names its speaker."""
    names = [voice.name for voice in voices]
    found: list[tuple[str | None, str, int]] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, colon, words = line.partition(":")
        if colon and name in names:
            found.append((name, words.strip() or line, names.index(name)))
        else:
            found.append((None, line, 0))
    return found


def _prompt(request: CreateRequest) -> str:
    """All text of the caller's last turn."""
    for step in reversed(request.steps):
        if step.get("type") == "user_input":
            contents = step.get("content")
            items = contents if isinstance(contents, list) else [contents]
            texts = [item.get("text") for item in items if isinstance(item, dict)]
            return "\n".join(text for text in texts if isinstance(text, str))
    return ""


def _image_type(medium: Wanted) -> str:
    """JPEG if that is asked for; all else becomes PNG, and says so."""
    return "image/jpeg" if medium.text("mime_type") == "image/jpeg" else "image/png"


def _audio_type(medium: Wanted, *, is_music: bool) -> str:
    asked = medium.text("mime_type")
    known = ("audio/mp3", "audio/ogg_opus", "audio/l16", "audio/wav", "audio/alaw", "audio/mulaw")
    usual = "audio/mp3" if is_music else "audio/l16"
    return asked if asked in known else usual


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
