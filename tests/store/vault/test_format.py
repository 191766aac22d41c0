from __future__ import annotations

import contextlib
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.journal.format import Codec, ExchangeId
from proxy.store.vault.format import (
    NOBODY,
    RECORD_BYTES_MAX,
    RECORD_HEADER,
    RECORD_HEADER_BYTES,
    Manifest,
    RecordKind,
    Ref,
    SealedPart,
    Sealer,
    decode_record_header,
    encode_record,
    open_record,
    pack_box,
    record_is_whole,
    unpack_box,
)

KEY = AESGCM(bytes(32))
IDS = st.builds(
    ExchangeId, st.integers(0, 2**16 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)
)
KINDS = st.sampled_from(RecordKind)


@given(KINDS, st.integers(0, 2**32 - 1), IDS, st.binary(max_size=300))
def test_a_record_decodes_to_what_was_encoded(
    kind: RecordKind, ordinal: int, id_: ExchangeId, payload: bytes
) -> None:
    record = encode_record(kind, Codec.PLAIN, ordinal, id_, payload)

    header = decode_record_header(record)

    assert (header.kind, header.ordinal, header.id) == (kind, ordinal, id_)
    assert record[RECORD_HEADER_BYTES:] == payload
    assert record_is_whole(header, record)


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_changed_byte_is_seen(payload: bytes, data: st.DataObject) -> None:
    record = bytearray(encode_record(RecordKind.PART, Codec.PLAIN, 0, NOBODY, payload))
    header = decode_record_header(bytes(record))
    place = data.draw(st.integers(8, len(record) - 1))

    record[place] ^= data.draw(st.integers(1, 255))

    assert not record_is_whole(header, bytes(record))


@given(st.binary(max_size=80))
def test_noise_is_refused_and_raises_nothing_else(noise: bytes) -> None:
    try:
        header = decode_record_header(noise)
    except FormatError:
        return
    assert header.payload_bytes <= RECORD_BYTES_MAX


@pytest.mark.parametrize(
    ("size", "kind", "codec", "version"),
    [(RECORD_BYTES_MAX + 1, 3, 0, 1), (1, 99, 0, 1), (1, 3, 9, 1), (1, 3, 0, 2), (0, 0, 0, 0)],
    ids=["too long", "unknown kind", "unknown codec", "later version", "zeros"],
)
def test_a_header_that_no_recorder_writes_is_refused(
    size: int, kind: int, codec: int, version: int
) -> None:
    with pytest.raises(FormatError):
        decode_record_header(RECORD_HEADER.pack(size, 0, kind, codec, version, 0, 0, 0, 0, 0))


@given(IDS, st.binary(max_size=5000))
def test_a_sealed_box_opens_to_what_was_sealed(id_: ExchangeId, box: bytes) -> None:
    record = Sealer().seal(KEY, RecordKind.STEPS, 4, id_, box)
    header = decode_record_header(record)

    assert open_record(KEY, header, record[RECORD_HEADER_BYTES:]) == box


def test_the_same_box_is_never_sealed_the_same_way_twice() -> None:
    sealer = Sealer()

    records = {sealer.seal(KEY, RecordKind.PART, 0, NOBODY, b"text") for _ in range(20)}

    assert len(records) == 20


@pytest.mark.parametrize(
    ("key", "kind", "ordinal", "sequence"),
    [
        (AESGCM(bytes(31) + b"1"), RecordKind.PART, 0, 5),
        (KEY, RecordKind.MEDIA, 0, 5),
        (KEY, RecordKind.PART, 1, 5),
        (KEY, RecordKind.PART, 0, 6),
    ],
    ids=["key", "kind", "ordinal", "exchange"],
)
def test_a_record_opens_only_as_what_it_was_sealed(
    key: AESGCM, kind: RecordKind, ordinal: int, sequence: int
) -> None:
    record = Sealer().seal(KEY, RecordKind.PART, 0, ExchangeId(0, 7, 5), b"text")
    payload = record[RECORD_HEADER_BYTES:]
    codec = decode_record_header(record).codec
    moved = encode_record(kind, codec, ordinal, ExchangeId(0, 7, sequence), payload)

    with pytest.raises(FormatError):
        open_record(key, decode_record_header(moved), payload)


def test_what_does_not_shrink_is_sealed_as_it_is() -> None:
    record = Sealer().seal(KEY, RecordKind.MEDIA, 0, NOBODY, os.urandom(1000))

    assert decode_record_header(record).codec is Codec.PLAIN


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=4), st.lists(st.binary()))
def test_a_box_unpacks_to_what_was_packed(meta: dict[str, int], blobs: list[bytes]) -> None:
    meta.pop("blobs", None)

    found, found_blobs = unpack_box(pack_box(meta, blobs))

    sizes = found.pop("blobs")
    assert (found, found_blobs) == (meta, blobs)
    assert sizes == [len(blob) for blob in blobs]


@given(st.binary(max_size=60))
def test_noise_is_no_box(noise: bytes) -> None:
    try:
        unpack_box(noise)
    except FormatError:
        return


def test_a_manifest_decodes_to_what_was_encoded() -> None:
    part = SealedPart(RecordKind.EXCHANGE, Ref("20261118-000001", 77), 1234, bytes(range(32)))
    manifest = Manifest(
        outcome=1,
        has_lost_frames=True,
        ended_s=1_795_003_200,
        key_commitment=b"c" * 32,
        parts=(part, part),
    )

    assert Manifest.decode(manifest.encode()) == manifest
    assert Manifest.start(manifest.encode()) == (1, True, 1_795_003_200, b"c" * 32)


@given(st.binary(max_size=200))
def test_noise_is_no_manifest(noise: bytes) -> None:
    for read in (Manifest.decode, Manifest.start):
        with contextlib.suppress(FormatError):
            read(noise)


def test_a_reference_reads_back_and_may_name_a_step() -> None:
    ref = Ref("20261118-000001", 77)

    assert Ref.parse(str(ref)) == ref
    assert Ref.parse(f"{ref}#3") == ref


@pytest.mark.parametrize("text", ["", "x", "../keys/master.key:0", "20261118-000001", "1-1:-4"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        Ref.parse(text)
