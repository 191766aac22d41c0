"""Sounds begin and end as their formats say, and last as long as was asked for."""

from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.media.sounds import (
    MP3_RATES,
    alaw,
    mp3,
    mulaw,
    opus,
    pcm,
    tone,
    wav,
)

samples = st.lists(st.integers(-32768, 32767), max_size=200)


@pytest.mark.parametrize("rate", [8000, 24000, 44100])
def test_a_tone_lasts_as_long_as_it_shall_up_to_a_wave(rate: int) -> None:
    assert abs(len(tone(rate, 0.25)) / rate - 0.25) < 0.005


def test_voices_differ() -> None:
    assert tone(24000, 0.1, 0) != tone(24000, 0.1, 1)
    assert tone(24000, 0.1, 0) == tone(24000, 0.1, 4)


def test_samples_are_little_endian() -> None:
    assert pcm([1, -2]) == b"\x01\x00\xfe\xff"


@given(samples, st.sampled_from([8000, 24000]), st.binary(max_size=9))
def test_a_wav_opens_with_the_standard_library(said: list[int], rate: int, padding: bytes) -> None:
    with wave.open(io.BytesIO(wav(said, rate, padding))) as file:
        assert file.getframerate() == rate
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getnframes() == len(said) + len(padding) // 2


@given(samples)
def test_both_laws_come_back_within_a_sixteenth(said: list[int]) -> None:
    for sample, folded in zip(said, mulaw(said), strict=True):
        assert abs(mulaw_sample(folded) - sample) <= abs(sample) / 16 + 260
    for sample, folded in zip(said, alaw(said), strict=True):
        assert abs(alaw_sample(folded) - sample) <= abs(sample) / 16 + 16


def test_silence_is_written_as_the_recommendation_says() -> None:
    assert mulaw([0]) == b"\xff"
    assert alaw([0]) == b"\xd5"


@pytest.mark.parametrize("rate", sorted(MP3_RATES))
def test_every_mp3_frame_starts_where_the_one_before_ends(rate: int) -> None:
    data = mp3(rate, 1000)

    size = data.index(data[:4], 1)
    assert len(data) >= 1000
    assert len(data) % size == 0
    assert {data[place : place + 2] for place in range(0, len(data), size)} == {data[:2]}
    assert data[0] == 0xFF
    assert data[1] & 0xE6 == 0xE2


def test_ogg_pages_count_up_and_their_sums_hold() -> None:
    data = opus(12.0, 0)

    pages = data.split(b"OggS")[1:]
    assert [int.from_bytes(page[14:18], "little") for page in pages] == list(range(len(pages)))
    assert b"OpusHead" in pages[0]
    assert b"OpusTags" in pages[1]
    assert pages[0][1] == 2
    assert pages[-1][1] == 4
    assert int.from_bytes(pages[-1][2:10], "little") == 12 * 48000
    for page in pages:
        whole = b"OggS" + page
        told = int.from_bytes(whole[22:26], "little")
        assert slow_sum(whole[:22] + bytes(4) + whole[26:]) == told


def slow_sum(data: bytes) -> int:
    """The sum of an Ogg page, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def mulaw_sample(folded: int) -> int:
    """G.711's way back."""
    folded = ~folded & 0xFF
    size = ((folded & 0xF) << 3 | 0x84) << (folded >> 4 & 7)
    return 0x84 - size if folded & 0x80 else size - 0x84


def alaw_sample(folded: int) -> int:
    """G.711's way back."""
    folded ^= 0x55
    exponent, size = folded >> 4 & 7, (folded & 0xF) << 4 | 8
    if exponent:
        size = (size | 0x100) << exponent - 1
    return size if folded & 0x80 else -size
