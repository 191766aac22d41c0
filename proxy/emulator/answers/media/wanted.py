"""Which media an answer shall have: from the model, `response_format` and the older settings.

Source: the protocol reference, sections 5.4 (`speech_config`, `image_config`, `video_config`) and 5.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from proxy.emulator.asked import catalogue
from proxy.emulator.asked.request import CreateRequest, Json
from proxy.emulator.asked.settings import either

KINDS: Final = ("image", "audio", "video")
USUAL: Final = {"image": "image", "speech": "audio", "music": "audio", "video": "video"}
"""What a model of this kind makes if nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One medium with its settings."""

    kind: str
    settings: Json

    def text(self, name: str) -> str | None:
        """A setting in either spelling: `mime_type`, or `mimeType` as Python 2.0.0 sends it."""
        value = self._value(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | None:
        value = self._value(name)
        is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return value if is_number else None

    @property
    def is_by_uri(self) -> bool:
        return self.text("delivery") == "uri"

    def _value(self, name: str) -> Any:
        return either(self.settings, name)


@dataclass(frozen=True, slots=True)
class Speaker:
    """One entry of `speech_config`."""

    name: str | None
    voice: str | None


def wanted(request: CreateRequest) -> tuple[tuple[Wanted, ...], bool]:
    """The media to make, each kind once, and whether text shall stand beside them."""
    found: dict[str, Json] = {}
    has_text = False
    raw = request.raw
    formats = raw.get("response_format")
    for entry in formats if isinstance(formats, list) else [formats]:
        if not isinstance(entry, dict):
            continue
        kind = str(entry.get("type"))
        has_text |= kind == "text"
        if kind in KINDS:
            found.setdefault(kind, entry)
    modalities = raw.get("response_modalities")
    for name in modalities if isinstance(modalities, list) else ():
        kind = str(name).lower()
        has_text |= kind == "text"
        if kind in KINDS:
            found.setdefault(kind, {})
    if not found and not has_text:
        known = catalogue.entry(request.name)
        usual = USUAL.get(known.kind) if known is not None else None
        if usual is not None:
            found[usual] = {}
    if "image" in found and isinstance(request.config.get("image_config"), dict):
        found["image"] = request.config["image_config"] | found["image"]
    return tuple(Wanted(kind, settings) for kind, settings in found.items()), has_text


def speakers(request: CreateRequest) -> tuple[Speaker, ...]:
    """Who speaks: a list of voices, or the older object around it; empty if nothing is said."""
    value: Any = request.config.get("speech_config")
    if isinstance(value, dict):
        value = value.get("speakers", [value])
    entries = value if isinstance(value, list) else []
    return tuple(
        Speaker(_text(entry.get("speaker")), _text(entry.get("voice")))
        for entry in entries
        if isinstance(entry, dict)
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
