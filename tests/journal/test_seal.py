"""proxy/journal/seal.py: entries in, frames out, and back."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError, KeyDestroyed
from proxy.journal.format import (
    PAYLOAD_BYTES_MAX,
    Codec,
    Entry,
    FrameHeader,
    Kind,
    decode_frame_header,
)
from proxy.journal.seal import COMPRESS_BYTES_MIN, KEYS_OPEN_MAX, Opener, QueuedEntry, Sealer
from tests.journal.written import BOOT, WORKER, entry

BODY_KINDS = [kind for kind in Kind if kind is not Kind.END]
ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(BODY_KINDS),
        st.integers(0, 7),
        st.integers(0, 2**62),
        st.integers(0, 2**62),
        st.one_of(st.binary(max_size=50), st.just(b"compressible " * 500)),
    ),
    max_size=20,
)


def key_of(sequence: int) -> bytes:
    return sequence.to_bytes(32, "big")


def sealer() -> Sealer:
    return Sealer(WORKER, BOOT, key_of)


def opener(key: Callable[[int], bytes] = key_of, worker: int = WORKER) -> Opener:
    return Opener(worker, BOOT, key)


def frames(buffers: list[bytes]) -> list[tuple[FrameHeader, bytes]]:
    found = []
    for start, payload in zip(buffers[::2], buffers[1::2], strict=True):
        header = decode_frame_header(start)
        assert header is not None
        found.append((header, payload))
    return found


def reopened(reader: Opener, buffers: list[bytes]) -> dict[int, list[Entry]]:
    by_exchange: dict[int, list[Entry]] = {}
    for header, payload in frames(buffers):
        by_exchange.setdefault(header.sequence, []).extend(reader.open(header, payload))
    return by_exchange


def by_exchange(entries: list[QueuedEntry]) -> dict[int, list[Entry]]:
    expected: dict[int, list[Entry]] = {}
    for sequence, kind, flags, wall_ns, mono_ns, data in entries:
        expected.setdefault(sequence, []).append(Entry(Kind(kind), flags, wall_ns, mono_ns, data))
    return expected


@given(ENTRIES, ENTRIES)
def test_every_exchange_comes_back_in_order_over_two_commits(
    first: list[QueuedEntry], second: list[QueuedEntry]
) -> None:
    writer, reader = sealer(), opener()

    buffers = writer.seal(first) + writer.seal(second)

    assert reopened(reader, buffers) == by_exchange(first + second)


def test_one_commit_makes_one_frame_of_an_exchange() -> None:
    commit = [entry(1, Kind.INTENT, b"a"), entry(2, Kind.INTENT, b"b"), entry(1, Kind.END)]

    found = frames(sealer().seal(commit))

    assert [(header.sequence, header.ordinal) for header, _ in found] == [(1, 0), (2, 0)]
    assert found[0][0].has(Kind.INTENT)
    assert found[0][0].has(Kind.END)
    assert not found[1][0].has(Kind.END)


def test_ordinals_count_the_frames_of_each_exchange() -> None:
    writer = sealer()
    commit = [entry(1, Kind.RESPONSE_CHUNK), entry(2, Kind.RESPONSE_CHUNK)]

    found = frames(writer.seal(commit) + writer.seal(commit) + writer.seal(commit))

    assert [header.ordinal for header, _ in found if header.sequence == 2] == [0, 1, 2]


def test_more_than_a_payload_holds_becomes_several_frames() -> None:
    chunk = os.urandom(256 * 1024)
    commit = [entry(1, Kind.RESPONSE_CHUNK, chunk)] * 40

    buffers = sealer().seal(commit)

    assert all(len(payload) <= PAYLOAD_BYTES_MAX + 16 for _, payload in frames(buffers))
    assert len(frames(buffers)) == 3
    assert len(reopened(opener(), buffers)[1]) == 40


def test_the_largest_single_entry_is_sealed_and_opened() -> None:
    data = bytes(PAYLOAD_BYTES_MAX)

    buffers = sealer().seal([entry(1, Kind.RESPONSE_CHUNK, data)])

    assert reopened(opener(), buffers)[1][0].data == data


def test_intents_are_counted() -> None:
    writer = sealer()

    writer.seal([entry(1, Kind.INTENT), entry(2, Kind.INTENT), entry(1, Kind.END)])
    writer.seal([entry(2, Kind.END), entry(3, Kind.INTENT)])

    assert writer.intent_count == 3


def test_text_of_some_size_is_compressed_and_small_text_is_not() -> None:
    large = frames(sealer().seal([entry(1, Kind.RESPONSE_CHUNK, b"text" * COMPRESS_BYTES_MIN)]))
    small = frames(sealer().seal([entry(1, Kind.RESPONSE_CHUNK, b"text" * 100)]))

    assert large[0][0].codec is Codec.ZSTD
    assert len(large[0][1]) < COMPRESS_BYTES_MIN
    assert small[0][0].codec is Codec.PLAIN


def test_what_does_not_shrink_is_kept_plain_and_its_exchange_not_tried_again() -> None:
    writer = sealer()
    media, text = os.urandom(COMPRESS_BYTES_MIN), b"text" * COMPRESS_BYTES_MIN

    first = frames(writer.seal([entry(1, Kind.RESPONSE_CHUNK, media)]))
    second = frames(writer.seal([entry(1, Kind.RESPONSE_CHUNK, text)]))

    assert first[0][0].codec is Codec.PLAIN
    assert second[0][0].codec is Codec.PLAIN


def test_no_content_stands_in_clear() -> None:
    buffers = sealer().seal([entry(1, Kind.REQUEST_CHUNK, b"the secret words")])

    assert b"secret" not in b"".join(buffers)


def test_entries_about_no_exchange_are_readable_without_keys() -> None:
    def no_key(sequence: int) -> bytes:
        raise KeyDestroyed(str(sequence))

    buffers = sealer().seal([entry(0, Kind.GAP, b"counts")])

    assert reopened(opener(no_key), buffers)[0][0].data == b"counts"


@pytest.mark.parametrize("field", ["kinds", "ordinal", "sequence"])
def test_a_frame_under_another_header_does_not_open(field: str) -> None:
    ((header, payload),) = frames(sealer().seal([entry(1, Kind.INTENT, b"x")]))
    moved = header._replace(**{field: getattr(header, field) + 1})

    with pytest.raises(FormatError, match="seal"):
        opener(lambda _: key_of(1)).open(moved, payload)


def test_a_frame_moved_to_another_worker_or_codec_does_not_open() -> None:
    ((header, payload),) = frames(sealer().seal([entry(1, Kind.INTENT, b"x")]))

    with pytest.raises(FormatError, match="seal"):
        opener(worker=WORKER + 1).open(header, payload)
    with pytest.raises(FormatError, match="seal"):
        opener().open(header._replace(codec=Codec.ZSTD), payload)


@given(st.data())
def test_a_changed_byte_never_opens(data: st.DataObject) -> None:
    ((header, payload),) = frames(sealer().seal([entry(1, Kind.INTENT, b"some bytes")]))
    broken = bytearray(payload)
    broken[data.draw(st.integers(0, len(broken) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(FormatError):
        opener().open(header, bytes(broken))


def test_a_key_is_asked_for_once_and_forgotten_with_the_end() -> None:
    asked: list[int] = []

    def key(sequence: int) -> bytes:
        asked.append(sequence)
        return key_of(sequence)

    writer, reader = Sealer(WORKER, BOOT, key), opener(key)
    begun = writer.seal([entry(1, Kind.INTENT)])
    ended = writer.seal([entry(1, Kind.END)])
    assert asked == [1]

    reopened(reader, begun + ended)
    assert asked == [1, 1]

    reopened(reader, ended)
    assert asked == [1, 1, 1]


def test_a_reader_keeps_a_bounded_number_of_keys() -> None:
    reader = opener()
    for sequence in range(1, KEYS_OPEN_MAX + 10):
        reader._decrypt(sequence)

    assert len(reader._open) == KEYS_OPEN_MAX


@pytest.mark.parametrize(
    "payload",
    [
        b"no zstd frame",
        zstandard.ZstdCompressor().compress(bytes(PAYLOAD_BYTES_MAX * 2)),
        zstandard.ZstdCompressor(write_content_size=False).compress(b"unknown size"),
        zstandard.ZstdCompressor().compress(b"cut short, somewhere")[:-3],
        zstandard.ZstdCompressor().compress(b"no entries inside"),
    ],
    ids=["noise", "bomb", "unknown size", "cut", "no entries"],
)
def test_a_payload_no_writer_packs_is_refused(payload: bytes) -> None:
    header = FrameHeader(len(payload), 0, 1 << Kind.GAP, Codec.ZSTD, 0, 0, 1, 2)

    with pytest.raises(FormatError):
        opener().open(header, payload)
