"""Pictures and sounds made of nothing: a PNG of one pixel, some noise as audio."""

from __future__ import annotations

import base64
import zlib
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.request import CreateRequest, Json

PNG_PIXEL_ROW: Final = b"\x00\x2f\x6f\x4f"
"""One row of one green pixel, as PNG stores it: filter byte, then red, green, blue."""


def media(request: CreateRequest, padding_bytes: int, chance: Chance) -> Json | None:
    """The content of an image or a sound, where model or `response_format` ask for one, else None.

    `padding_bytes` makes it that much longer than its few bytes.
    """
    formats = request.raw.get("response_format")
    listed = formats if isinstance(formats, list) else [formats]
    kinds = {entry.get("type") for entry in listed if isinstance(entry, dict)}
    name = catalogue.bare(request.name)
    padding = chance.data(padding_bytes)
    if "image" in kinds or name in catalogue.IMAGE_MODELS:
        data = _png(padding)
        return {"data": base64.b64encode(data).decode(), "mime_type": "image/png", "type": "image"}
    if "audio" in kinds or name in catalogue.AUDIO_MODELS:
        data = base64.b64encode(chance.data(2400) + padding)
        return {
            "data": data.decode(),
            "mime_type": "audio/l16",
            "sample_rate": 24000,
            "channels": 1,
            "type": "audio",
        }
    return None


def _png(padding: bytes) -> bytes:
    """A PNG of one pixel, made longer by a private chunk that viewers skip."""
    blocks = [
        (b"IHDR", b"\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"),
        *([(b"paDd", padding)] if padding else []),
        (b"IDAT", zlib.compress(PNG_PIXEL_ROW)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in blocks
    )
