"""Transcripts of sounds nobody listened to: made-up words with times, speakers and places in the text.

Source: the protocol reference, sections 5.4 (`transcription_config`) and 8.2 (`word_info`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media.seen import contents_of, seconds_of
from proxy.emulator.asked.request import CreateRequest, Json

LINES: Final = (
    "Good morning, and thank you for coming.",
    "The train from Tromsø was late again.",
    "We measured it twice, with the same result.",
    "Could you send me the figures tonight?",
    "Yes, of course, right after the call.",
    "Grüße aus Zürich, see you on Monday.",
)
SECONDS_PER_WORD: Final = 0.4
LINES_MAX: Final = 4
OFF: Final = ("", "none", "off", "disabled")


@dataclass(frozen=True, slots=True)
class Wishes:
    """`transcription_config`, whichever of its forms was used."""

    has_words: bool
    """Times for each word."""
    has_segments: bool
    """Times for each sentence."""
    has_speakers: bool
    vocabulary: tuple[str, ...]
    source_text: str | None
    """Smart mode: the text that was read aloud."""


def transcript(request: CreateRequest, chance: Chance) -> list[Json] | None:
    """One text with its annotations; None if the input has no sound or film."""
    heard = [c for c in contents_of(request.steps) if c.get("type") in ("audio", "video")]
    if not heard:
        return None
    wishes = _wishes(request.config.get("transcription_config"))
    lines = _lines(wishes, chance)
    text = " ".join(lines)
    words = sum(len(line.split()) for line in lines)
    whole_s = seconds_of(heard[-1]) or words * SECONDS_PER_WORD
    content: Json = {"text": text, "type": "text"}
    notes = _notes(lines, wishes, whole_s / max(words, 1))
    return [content | {"annotations": notes} if notes else content]


def _lines(wishes: Wishes, chance: Chance) -> list[str]:
    if wishes.source_text:
        return wishes.source_text.splitlines()
    lines = [chance.pick(LINES) for _ in range(2 + chance.below(LINES_MAX - 1))]
    if wishes.vocabulary:
        lines.append(f"That is what we call {', '.join(wishes.vocabulary)}.")
    return lines


def _notes(lines: list[str], wishes: Wishes, word_s: float) -> list[Json]:
    """A `word_info` for each word, or each sentence; nothing if nobody asked for either."""
    is_by_word = wishes.has_words or (wishes.has_speakers and not wishes.has_segments)
    if not (is_by_word or wishes.has_segments):
        return []
    notes: list[Json] = []
    byte, word = 0, 0
    for number, line in enumerate(lines):
        for said in line.split() if is_by_word else [line]:
            end, count = byte + len(said.encode()), len(said.split())
            note: Json = {"type": "word_info", "text": said, "start_index": byte, "end_index": end}
            if wishes.has_words or wishes.has_segments:
                note |= {"start_offset": _offset(word * word_s)}
                note |= {"end_offset": _offset((word + count) * word_s)}
            if wishes.has_speakers:
                note["speaker"] = f"speaker_{number % 2 + 1}"
            notes.append(note)
            byte, word = end + 1, word + count
    return notes


def _wishes(config: Any) -> Wishes:
    """Read the settings, which stand in the object itself or in its `mode`."""
    outer: Json = config if isinstance(config, dict) else {}
    mode = outer.get("mode")
    settings = outer | mode if isinstance(mode, dict) else outer
    granularities = [str(g).lower() for g in _list(settings.get("timestamp_granularities"))]
    source = settings.get("source_text")
    return Wishes(
        has_words="word" in granularities,
        has_segments="segment" in granularities,
        has_speakers=str(settings.get("diarization_mode") or "").lower() not in OFF,
        vocabulary=tuple(str(word) for word in _list(settings.get("custom_vocabulary"))),
        source_text=source if isinstance(source, str) else None,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _offset(seconds: float) -> str:
    """As the API writes spans of time: `1.5s`."""
    return f"{round(seconds, 2):g}s"
