"""What a model makes of media in its input: kind, type, size, and what their first bytes tell.

Sources: PNG, JPEG, GIF and RIFF heads; the protocol reference, section 8.1, for the forms of content.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from proxy.emulator.asked.request import Json

HEAD_CHARACTERS: Final = 64 * 1024
"""Base64 that is decoded to look at a picture or a sound: a JPEG's size stands behind its comments."""

PAGES_CHARACTERS: Final = 1024 * 1024
"""Base64 of a document in which pages are counted."""

MENTIONED_MAX: Final = 4
"""Media that an answer goes into; the others are only counted."""

MEDIA: Final = ("image", "audio", "video", "document")
"""No set: a type that a caller sends may be anything, also what has no hash."""

_ARTICLES: Final = {
    "image": "an image",
    "audio": "a sound",
    "video": "a video",
    "document": "a document",
}
_PDF_PAGE: Final = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")


def seen(steps: Iterable[Json]) -> str:
    """A sentence about the media of the input; empty if there are none."""
    media = [content for content in contents_of(steps) if content.get("type") in MEDIA]
    if not media:
        return ""
    said = [_described(content) for content in media[:MENTIONED_MAX]]
    if len(media) > MENTIONED_MAX:
        said.append(f"{len(media) - MENTIONED_MAX} more")
    return f"I was shown {'; '.join(said)}."


def contents_of(steps: Iterable[Json]) -> Iterator[Json]:
    """Everything the caller shows: in its turns, and in the results of its functions."""
    for step in steps:
        kind = step.get("type")
        items = step.get("content" if kind == "user_input" else "result")
        if kind in ("user_input", "function_result") and isinstance(items, list):
            for item in items:
                if isinstance(item, dict):
                    yield item
                    if item.get("type") == "function_result":
                        yield from contents_of([item])


def seconds_of(content: Json) -> float | None:
    """The duration of a WAV file; None for everything else."""
    head = _decoded(content, HEAD_CHARACTERS)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE" or len(head) < 44:
        return None
    bytes_per_s = int.from_bytes(head[28:32], "little")
    place = head.find(b"data", 36)
    if not bytes_per_s or place < 0:
        return None
    return int.from_bytes(head[place + 4 : place + 8], "little") / bytes_per_s


def _described(content: Json) -> str:
    kind = str(content["type"])
    facts = [str(content["mime_type"])] if content.get("mime_type") else []
    if content.get("resolution"):
        facts.append(f"at {content['resolution']} resolution")
    facts += _span(content.get("processing"))
    uri, data = content.get("uri"), content.get("data")
    if isinstance(data, str):
        facts.append(f"{len(data) * 3 // 4 - data[-2:].count('='):,} bytes")
        facts += _measured(content)
    described = _ARTICLES[kind] + (f" ({', '.join(facts)})" if facts else "")
    if isinstance(uri, str):
        described += f" at {uri[:200]}"
    return described


def _measured(content: Json) -> list[str]:
    """What can be read off the bytes."""
    match content["type"]:
        case "image":
            size = _pixels(_decoded(content, HEAD_CHARACTERS))
            return [f"{size[0]} by {size[1]} pixels"] if size else []
        case "audio":
            seconds = seconds_of(content)
            return [f"{seconds:.2f} seconds"] if seconds is not None else []
        case "document":
            data = _decoded(content, PAGES_CHARACTERS)
            pages = len(_PDF_PAGE.findall(data)) if data.startswith(b"%PDF") else 0
            return [f"{pages} page{'s' * (pages != 1)}"] if pages else []
    return []


def _pixels(head: bytes) -> tuple[int, int] | None:
    """Width and height, in pixels; None where they cannot be told."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if head[:4] == b"GIF8" and len(head) >= 10:
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    place = 2 if head.startswith(b"\xff\xd8") else len(head)
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker, size = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        # Start of frame, in all its variants; C4, C8 and CC are something else.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = head[place + 5 : place + 7], head[place + 7 : place + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        place += 2 + max(size, 2)
    return None


def _span(processing: Any) -> list[str]:
    """Which part of a sound or film shall be looked at."""
    if not isinstance(processing, dict):
        return []
    start, end = processing.get("start_offset"), processing.get("end_offset")
    return [f"from {start or '0s'} to {end or 'its end'}"] if start or end else []


def _decoded(content: Json, characters: int) -> bytes:
    """The first bytes; none if they are no base64."""
    data = content.get("data")
    if not isinstance(data, str):
        return b""
    try:
        return base64.b64decode(data[: characters // 4 * 4])
    except (binascii.Error, ValueError):
        return b""
