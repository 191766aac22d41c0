"""proxy/journal/format.py: what is on disk, byte for byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.journal import format as journal_format
from proxy.journal.format import (
    ENTRY_HEADER_BYTES,
    FRAME_HEADER_BYTES,
    Codec,
    Entry,
    ExchangeEnd,
    ExchangeId,
    Gap,
    IntentHead,
    Kind,
    Mode,
    Outcome,
    RequestEnd,
    SegmentHead,
    associated_data,
    decode_entries,
    decode_frame_header,
    encode_entry,
    encode_frame,
    frame_is_whole,
    nonce,
)

U16 = st.integers(0, 2**16 - 1)
U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)
ENTRIES = st.lists(
    st.builds(Entry, st.sampled_from(Kind), st.integers(0, 255), I64, I64, st.binary(max_size=200)),
    max_size=6,
)


def joined(entries: list[Entry]) -> bytes:
    return b"".join(encode_entry(*entry) for entry in entries)


@given(ENTRIES)
def test_entries_come_back_as_they_were_written(entries: list[Entry]) -> None:
    assert decode_entries(joined(entries)) == tuple(entries)


@given(ENTRIES.filter(bool), st.data())
def test_a_payload_cut_anywhere_but_between_entries_is_refused(
    entries: list[Entry], data: st.DataObject
) -> None:
    payload = joined(entries)
    ends = {len(joined(entries[:count])) for count in range(len(entries) + 1)}
    cut = data.draw(st.integers(0, len(payload)).filter(lambda at: at not in ends))

    with pytest.raises(FormatError):
        decode_entries(payload[:cut])


@given(st.binary(max_size=300))
def test_noise_is_entries_or_a_format_error_and_nothing_else(noise: bytes) -> None:
    try:
        entries = decode_entries(noise)
    except FormatError:
        return
    assert sum(ENTRY_HEADER_BYTES + len(entry.data) for entry in entries) == len(noise)


@given(U16, st.sampled_from(Codec), U32, U64, I64, I64, st.binary(min_size=1, max_size=300))
def test_a_frame_comes_back_as_it_was_written(
    kinds: int, codec: Codec, ordinal: int, sequence: int, wall: int, mono: int, payload: bytes
) -> None:
    frame = encode_frame(kinds, codec, ordinal, sequence, wall, mono, payload)

    header = decode_frame_header(frame)

    assert header is not None
    assert header[2:] == (kinds, codec, ordinal, sequence, wall, mono)
    assert frame_is_whole(header, frame)
    assert frame[FRAME_HEADER_BYTES:] == payload


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_frame_with_one_changed_byte_is_never_whole(payload: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode_frame(2, Codec.PLAIN, 0, 7, 1, 2, payload))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))

    try:
        header = decode_frame_header(bytes(frame))
    except FormatError:
        return

    assert header is None or not frame_is_whole(header, bytes(frame))


@given(st.binary(max_size=60))
def test_noise_is_a_header_or_none_or_a_format_error(noise: bytes) -> None:
    try:
        header = decode_frame_header(noise)
    except FormatError:
        return
    assert header is None or len(noise) >= FRAME_HEADER_BYTES


def test_zeros_are_no_frame() -> None:
    assert decode_frame_header(bytes(FRAME_HEADER_BYTES)) is None


def test_a_header_that_is_not_all_there_is_no_frame() -> None:
    frame = encode_frame(2, Codec.PLAIN, 0, 7, 1, 2, b"x")

    assert decode_frame_header(frame[: FRAME_HEADER_BYTES - 1]) is None


@given(U64, U32, U16, st.sampled_from(["", "127.0.0.1", "2001:db8::1"]), st.binary(max_size=90))
def test_an_intent_comes_back(
    connection: int, index: int, port: int, address: str, head: bytes
) -> None:
    intent = IntentHead(connection, index, port, address, Mode.STRICT, head)

    assert IntentHead.decode(intent.encode()) == intent


@given(U64, st.binary(max_size=50))
def test_a_request_end_comes_back(body_bytes: int, trailers: bytes) -> None:
    end = RequestEnd(body_bytes, trailers)

    assert RequestEnd.decode(end.encode()) == end


@given(st.sampled_from(Outcome), U64, st.text(max_size=90), st.binary(max_size=50))
def test_a_closing_record_comes_back(
    outcome: Outcome, response_bytes: int, detail: str, trailers: bytes
) -> None:
    end = ExchangeEnd(outcome, response_bytes, detail, trailers)

    assert ExchangeEnd.decode(end.encode()) == end


@given(U16, U64, U32)
def test_a_segment_head_comes_back(worker: int, boot: int, index: int) -> None:
    head = SegmentHead(worker, boot, index)

    assert SegmentHead.decode(head.encode()) == head
    assert len(head.encode()) == journal_format.SEGMENT_HEAD_BYTES


@given(U64, U64, I64, I64, st.text(max_size=90))
def test_a_gap_comes_back(count: int, size: int, first: int, last: int, reason: str) -> None:
    gap = Gap(count, size, first, last, reason)

    assert Gap.decode(gap.encode()) == gap


@given(st.builds(ExchangeId, U16, U64, U64))
def test_the_name_of_an_exchange_reads_back(exchange: ExchangeId) -> None:
    assert ExchangeId.parse(str(exchange)) == exchange


@pytest.mark.parametrize("text", ["", "x", "x1-2", "x1-zz-3", "exchange:x1-2-3", "x1-2-3-4"])
def test_other_text_is_no_exchange_id(text: str) -> None:
    with pytest.raises(FormatError, match="not an exchange id"):
        ExchangeId.parse(text)


def test_what_the_seal_binds_differs_in_every_field() -> None:
    bound = {
        associated_data(1, 2, 3, 0, 4, 5),
        associated_data(9, 2, 3, 0, 4, 5),
        associated_data(1, 9, 3, 0, 4, 5),
        associated_data(1, 2, 9, 0, 4, 5),
        associated_data(1, 2, 3, 1, 4, 5),
        associated_data(1, 2, 3, 0, 9, 5),
        associated_data(1, 2, 3, 0, 4, 9),
    }

    assert len(bound) == 7


def test_nonces_of_one_exchange_differ() -> None:
    assert nonce(0) != nonce(1)
    assert len(nonce(2**32 - 1)) == 12


def test_numbers_of_kinds_never_change() -> None:
    """They are on disk."""
    assert {kind.name: kind.value for kind in Kind} == {
        "INTENT": 1,
        "REQUEST_CHUNK": 2,
        "REQUEST_END": 3,
        "RESPONSE_HEAD": 4,
        "RESPONSE_CHUNK": 5,
        "END": 6,
        "GAP": 7,
        "MODE": 8,
        "SEGMENT_HEAD": 9,
        "SEGMENT_TAIL": 10,
        "SPLICED_CHUNK": 11,
        "DECISION": 12,
    }


def test_the_example_in_format_md_is_what_the_code_writes() -> None:
    text = Path(journal_format.__file__).with_name("FORMAT.md").read_text("utf-8")
    (block,) = re.findall(r"```hex\n(.*?)```", text, re.DOTALL)
    example = bytes.fromhex("".join(line.partition("|")[0] for line in block.splitlines()))
    head = SegmentHead(worker=1, boot=0x0123456789ABCDEF, index=2)
    wall_ns, mono_ns = 1_800_000_000_000_000_000, 5_000_000_000

    payload = encode_entry(Kind.SEGMENT_HEAD, 0, wall_ns, mono_ns, head.encode())

    kinds = 1 << Kind.SEGMENT_HEAD
    assert example == encode_frame(kinds, Codec.PLAIN, 0, 0, wall_ns, mono_ns, payload)
