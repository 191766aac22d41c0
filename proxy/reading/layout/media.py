"""The media of one interaction, as lines and as names of files. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.text import Text

from proxy.reading.layout.terminal import bytes_text, cut, one_line

_SUFFIXES: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/heic": "heic",
    "image/heif": "heif",
    "audio/wav": "wav",
    "audio/mp3": "mp3",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/flac": "flac",
    "audio/aac": "aac",
    "audio/m4a": "m4a",
    "audio/l16": "pcm",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/mov": "mov",
    "video/mpeg": "mpeg",
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/plain": "txt",
}
"""Of files that programs open by their names. Nothing that a desktop would run: a foreign text names none."""
_TYPES: Final = frozenset({"image", "audio", "video", "document"})

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A media object in the timeline."""

    number: int
    """From 1."""
    place: int
    """Of its step in the timeline."""
    row: Row
    same_as: int | None
    """Number of an earlier one with the same digest."""

    @property
    def is_by_uri(self) -> bool:
        """Its bytes never passed here; facts before version 3 have inline objects only."""
        return self.row["source"] in {"file", "uri"}

    @property
    def file_name(self) -> str:
        """A safe name: ours, whatever the recorded words are."""
        kind = self.row["type"] if self.row["type"] in _TYPES else "media"
        suffix = _SUFFIXES.get(self.row["mime_type"] or "", "bin")
        return f"{self.number:03}-step-{self.place}-{kind}.{suffix}"


def shown_media(steps: Sequence[Row], media: Sequence[Row]) -> list[Shown]:
    """Those of the timeline's steps, in its order; other exchanges may have shown them again."""
    places = {(each["exchange"], each["side"], each["step_index"]): each["place"] for each in steps}
    rows = [
        (places[of], row)
        for row in media
        if (of := (row["exchange"], row["side"], row["step_index"])) in places
    ]
    known: dict[str, int] = {}
    found = []
    for number, (place, row) in enumerate(sorted(rows, key=lambda each: each[0]), start=1):
        mac = row["media_mac"]
        same_as = known.get(mac) if mac else None
        if mac and same_as is None:
            known[mac] = number
        found.append(Shown(number, place, row, same_as))
    return found


def media_lines(steps: Sequence[Row], media: Sequence[Row], width: int) -> list[Text]:
    """A line for each: number, step, type, extent, size, where it came from."""
    lines = []
    for each in shown_media(steps, media):
        row = each.row
        parts = [
            row["mime_type"] or row["type"],
            row["extent"],
            f"by {row['source']}" if each.is_by_uri else bytes_text(row["media_bytes"]),
            f"same as {each.same_as}" if each.same_as else None,
        ]
        told = "  ".join(one_line(part) for part in parts if part)
        lines.append(Text(cut(f"{each.number:>3}  step {each.place}  {told}", width)))
    return lines
