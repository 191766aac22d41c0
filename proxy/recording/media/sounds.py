"""How long a sound lasts, from its file's own words. Pure; None where the file does not say it.

Sources: RIFF WAVE; FLAC (RFC 9639); Ogg (RFC 3533) with Opus (RFC 7845) or Vorbis; MPEG audio (ISO/IEC
11172-3, 13818-3) with the Xing and Info heads of encoders. An MP3 without such a head is counted by its
first frame: exact where the bit rate is constant, which is then usual.
"""

from __future__ import annotations

import struct
from typing import Final

CHUNKS_MAX: Final = 50
"""Chunks of a WAV that are walked over; writers put a handful before the sound."""
ID3_MAX: Final = 1 << 24
"""Bytes of tags before an MP3's first frame: a cover picture has some hundred thousand."""
OGG_TAIL_BYTES: Final = 65_307
"""The last page of an Ogg file begins within so many bytes of its end: the largest a page can be."""
DURATION_MS_MAX: Final = 1000 * 86_400 * 365
"""Longer than a year is a broken head, not a sound."""

_OPUS_RATE: Final = 48_000
_RATES: Final = ((11025, 12000, 8000), (), (22050, 24000, 16000), (44100, 48000, 32000))
"""Samples a second by MPEG version bits and index."""
_KBITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Layer III, version 1 and the others, by index."""


def duration_ms_of(data: bytes) -> int | None:
    """Whole milliseconds of a WAV, FLAC, Ogg (Opus, Vorbis) or MP3; None for everything else."""
    try:
        found = _wav(data) or _flac(data) or _ogg(data) or _mp3(data)
    except (struct.error, IndexError):  # cut short
        return None
    return found if found is not None and found <= DURATION_MS_MAX else None


def _wav(data: bytes) -> int | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    place, bytes_per_s = 12, 0
    for _ in range(CHUNKS_MAX):
        kind = data[place : place + 4]
        (size,) = struct.unpack_from("<I", data, place + 4)
        if kind == b"fmt ":
            (bytes_per_s,) = struct.unpack_from("<I", data, place + 16)
        elif kind == b"data":
            # A stream's writer leaves the size open: then the rest of the file is the sound.
            there = min(size or len(data), len(data) - place - 8)
            return there * 1000 // bytes_per_s if bytes_per_s else None
        place += 8 + size + (size & 1)
    return None


def _flac(data: bytes) -> int | None:
    if data[:4] != b"fLaC":
        return None
    (packed,) = struct.unpack_from(">Q", data, 18)
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    return samples * 1000 // rate if rate and samples else None


def _ogg(data: bytes) -> int | None:
    if data[:4] != b"OggS":
        return None
    start = 27 + data[26]
    first = data[start : start + 64]
    skipped, rate = 0, 0
    if first.startswith(b"OpusHead"):
        (skipped,) = struct.unpack_from("<H", first, 10)
        rate = _OPUS_RATE
    elif first.startswith(b"\x01vorbis"):
        (rate,) = struct.unpack_from("<I", first, 12)
    last = data.rfind(b"OggS", max(0, len(data) - OGG_TAIL_BYTES))
    (samples,) = struct.unpack_from("<q", data, last + 6)
    return max(0, samples - skipped) * 1000 // rate if rate and samples > 0 else None


def _mp3(data: bytes) -> int | None:
    place = 0
    if data[:3] == b"ID3":
        size = 0
        for byte in data[6:10]:
            size = size << 7 | byte & 0x7F
        if size > ID3_MAX:
            return None
        place = 10 + size
    (head,) = struct.unpack_from(">I", data, place)
    version, layer = head >> 19 & 3, head >> 17 & 3
    bits, rates = head >> 12 & 15, _RATES[version]
    if head >> 21 != 0x7FF or layer != 1 or not rates or not 0 < bits < 15:
        return None
    rate_index = head >> 10 & 3
    if rate_index == 3:
        return None
    is_first = version == 3
    rate, samples = rates[rate_index], 1152 if is_first else 576
    frames = _xing_frames(data, place, is_first=is_first, is_mono=head >> 6 & 3 == 3)
    if frames:
        return frames * samples * 1000 // rate
    kbits = (_KBITS_1 if is_first else _KBITS_2)[bits]
    return (len(data) - place) * 8 // kbits


def _xing_frames(data: bytes, place: int, *, is_first: bool, is_mono: bool) -> int:
    """How many frames the encoder says there are; 0: it does not say."""
    side = (17 if is_mono else 32) if is_first else (9 if is_mono else 17)
    at = place + 4 + side
    if (
        data[at : at + 4] not in (b"Xing", b"Info")
        or not data[at + 7 : at + 8]
        or not data[at + 7] & 1
    ):
        return 0
    return int.from_bytes(data[at + 8 : at + 12], "big")
