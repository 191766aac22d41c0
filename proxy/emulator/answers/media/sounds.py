"""Sounds: tones as PCM, WAV, A-law and mu-law; silence as MP3 and as Opus in Ogg. All of them decode.

Sources: RIFF WAVE; ITU-T G.711; ISO/IEC 11172-3 and 13818-3; RFC 3533 (Ogg), RFC 7845 (Opus in Ogg).
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Sequence
from typing import Final

AMPLITUDE: Final = 8000
"""Of 32767: a quarter of full loudness."""

TONE_HZ: Final = 220
"""Of the first voice; each further one speaks a fifth higher, up to `VOICES`."""

VOICES: Final = 4
MP3_RATES: Final = {
    44100: (3, 0),
    48000: (3, 1),
    32000: (3, 2),
    22050: (2, 0),
    24000: (2, 1),
    16000: (2, 2),
    11025: (0, 0),
    12000: (0, 1),
    8000: (0, 2),
}
"""Sample rate to MPEG's version and index bits."""

OPUS_SILENCE: Final = b"\xf8\xff\xfe"
"""The packet of 20 ms silence that encoders send."""

OPUS_PACKETS_MAX: Final = 255
"""Packets in one page: an Ogg page lists the sizes of at most 255 segments."""

Samples = Sequence[int]


def tone(rate: int, seconds: float, voice: int = 0) -> list[int]:
    """A tone in whole waves, as 16-bit samples; at least one wave."""
    wave = _wave(rate, voice % VOICES)
    return list(wave) * max(1, round(seconds * rate / len(wave)))


def pcm(samples: Samples) -> bytes:
    """16 bits each, little-endian."""
    return struct.pack(f"<{len(samples)}h", *samples)


def wav(samples: Samples, rate: int, padding: bytes = b"") -> bytes:
    """A RIFF file of one channel; the padding is further sound."""
    data = pcm(samples) + padding[: len(padding) // 2 * 2]
    layout = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout
    body = head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def mulaw(samples: Samples) -> bytes:
    """G.711, as in North America and Japan."""
    return _companded(samples, _mulaw_byte)


def alaw(samples: Samples) -> bytes:
    """G.711, as elsewhere."""
    return _companded(samples, _alaw_byte)


def mp3(rate: int, least_bytes: int) -> bytes:
    """Frames of silence, MPEG layer III, one channel, at the rate nearest to the asked one."""
    rate = min(MP3_RATES, key=lambda known: abs(known - rate))
    version, index = MP3_RATES[rate]
    # The lowest bit rates: 32 kbit/s (version 1) or 8 kbit/s; 1152 or 576 samples a frame.
    kbits, samples = (32, 1152) if version == 3 else (8, 576)
    size = samples // 8 * kbits * 1000 // rate
    head = bytes([0xFF, 0xE3 | version << 3, 1 << 4 | index << 2, 0xC0])
    frame = head + bytes(size - len(head))
    return frame * max(2, -(-least_bytes // size))


def opus(seconds: float, least_bytes: int) -> bytes:
    """An Ogg file of Opus silence, one channel."""
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 8) + b"emulator" + struct.pack("<I", 0)
    pages = [_ogg_page(0, 0, 2, [head]), _ogg_page(1, 0, 0, [tags])]
    left = max(1, round(seconds * 50), -(-least_bytes // (len(OPUS_SILENCE) + 1)))
    position = 0
    while left:
        count = min(left, OPUS_PACKETS_MAX)
        left -= count
        position += count * 960
        is_last = 0 if left else 4
        pages.append(_ogg_page(len(pages), position, is_last, [OPUS_SILENCE] * count))
    return b"".join(pages)


@functools.lru_cache(maxsize=64)  # rates and voices that are asked for in practice
def _wave(rate: int, voice: int) -> tuple[int, ...]:
    """One wave of a voice's tone."""
    length = max(2, round(rate / (TONE_HZ * 1.5**voice)))
    return tuple(round(AMPLITUDE * math.sin(2 * math.pi * i / length)) for i in range(length))


def _companded(samples: Samples, byte: Callable[[int], int]) -> bytes:
    known = {sample: byte(sample) for sample in set(samples)}
    return bytes(known[sample] for sample in samples)


def _mulaw_byte(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    size = min(abs(sample), 32635) + 132
    exponent = (size >> 7).bit_length() - 1
    return ~(sign | exponent << 4 | size >> exponent + 3 & 0xF) & 0xFF


def _alaw_byte(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    size = min(sample if sample >= 0 else -sample - 1, 32767) >> 3
    exponent = (size >> 5).bit_length()
    mantissa = size >> exponent & 0xF if exponent else size >> 1
    return (sign | exponent << 4 | mantissa) ^ 0x55


def _ogg_page(number: int, position: int, flags: int, packets: Sequence[bytes]) -> bytes:
    sizes = bytes(len(packet) for packet in packets)
    head = b"OggS" + struct.pack("<BBqIII", 0, flags, position, 1, number, 0)
    page = bytearray(head + bytes([len(sizes)]) + sizes + b"".join(packets))
    page[22:26] = struct.pack("<I", _ogg_sum(page))
    return bytes(page)


@functools.cache
def _ogg_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
        table.append(value)
    return tuple(table)


def _ogg_sum(data: bytes | bytearray) -> int:
    table, value = _ogg_table(), 0
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ table[value >> 24 ^ byte]
    return value
