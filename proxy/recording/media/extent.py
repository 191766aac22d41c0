"""How large and how long a media object is, whatever it is. Pure; never raises."""

from __future__ import annotations

from typing import NamedTuple

from proxy.recording.media.films import film_of
from proxy.recording.media.pictures import size_of
from proxy.recording.media.sounds import duration_ms_of


class Extent(NamedTuple):
    """Pixels and milliseconds, as far as the file's heads tell."""

    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None

    def text(self) -> str | None:
        """For people: 640x480, 2.0 s, or both; None: nothing is known."""
        parts = []
        if self.width is not None and self.height is not None:
            parts.append(f"{self.width}x{self.height}")
        if self.duration_ms is not None:
            parts.append(f"{self.duration_ms / 1000:.1f} s")
        return " ".join(parts) or None


UNKNOWN: Extent = Extent()


def extent_of(data: bytes) -> Extent:
    """Of PNG, JPEG, GIF, WebP; WAV, FLAC, Ogg, MP3; MP4, MOV, M4A. UNKNOWN for everything else."""
    size = size_of(data)
    if size is not None:
        return Extent(size.width, size.height)
    film = film_of(data)
    if film is not None:
        return Extent(*film)
    duration_ms = duration_ms_of(data)
    return UNKNOWN if duration_ms is None else Extent(duration_ms=duration_ms)
