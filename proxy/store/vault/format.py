"""The bytes of the vault: records, their clear headers, boxes and references. Pure; VAULT.md draws it."""

from __future__ import annotations

import enum
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import google_crc32c
import orjson
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.errors import FormatError
from proxy.journal.format import Codec, ExchangeId

VAULT_VERSION: Final = 1
RECORD_HEADER: Final = struct.Struct("<IIBBBBHIQQ")
RECORD_HEADER_BYTES: Final = RECORD_HEADER.size  # 34
RECORD_BYTES_MAX: Final = 64 * 1024 * 1024
"""A longer payload is damage. The largest we write are the steps of one exchange: two sides of
interpret_bytes_max (16 MiB) each, taken apart and written again as JSON, stay below twice that."""
OPENED_BYTES_MAX: Final = 256 * 1024 * 1024
"""What a packed record may hold. The most are the facts of one exchange at the limits of recording/:
200,000 events and 100,000 steps of some 200 bytes each, 60 MB; they pack ten times."""
COMMIT_MAGIC: Final = bytes.fromhex("9d1f5ac7e3b8460291c4d7ee30ab5f68")
"""Begins the payload of every commit, so that a reader finds the next one behind damage. Random."""
NONCE_BYTES: Final = 12
REF_FILE_CHARACTERS_MAX: Final = 64
"""Of the file in a reference: the longest name that a folder takes has 255."""
REF_OFFSET_DIGITS_MAX: Final = 18
"""Of a number in a reference: no file has 10^18 bytes, and the system takes no number above 2^63."""
PACK_ABOVE_BYTES: Final = 64
"""Smaller boxes are not worth a zstd frame: its header alone is 9 to 12 bytes."""
NOBODY: Final = ExchangeId(0, 0, 0)
"""In records that are about no exchange."""


class RecordKind(enum.IntEnum):
    """What a record is. Numbers are on disk: never reuse one."""

    FILE_HEAD = 1
    """Clear JSON: name of the file, where the one before ended."""
    STATE = 2
    """Clear JSON at the start of a file: which exchanges are done, what is carried."""
    PART = 3
    """Sealed: a piece of one side, spilled while its exchange was open."""
    EXCHANGE = 4
    """Sealed: heads, times, what of the bodies was not spilled, and the steps if they are small."""
    STEPS = 5
    """Sealed: the steps, when they are large."""
    MEDIA = 6
    """Sealed: one media object."""
    OPEN = 7
    """Sealed: like EXCHANGE, of an exchange still open; a later one or the manifest replaces it."""
    MANIFEST = 8
    """Clear: the exchange is recorded; outcome, key commitment, digests and places of its records."""
    FACTS = 9
    """Sealed under the day's facts key: the fact rows of some exchanges."""
    ACTS = 10
    """Sealed under the day's facts key: gaps and acts."""
    COMMIT = 11
    """Clear: everything before is committed; journal cursors, counts."""


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """The clear part of a record."""

    payload_bytes: int
    crc: int
    kind: RecordKind
    codec: Codec
    ordinal: int
    """Counts the records of one exchange from 0."""
    id: ExchangeId


class Ref(NamedTuple):
    """Where a record begins."""

    file: str
    offset: int

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """The inverse of str(); a "#<index>" behind it is ignored.

        Raises:
            FormatError: not such a text. The file name is checked, so it cannot leave the folder.
        """
        place, _, _ = text.partition("#")
        file, _, offset = place.partition(":")
        day, _, number = file.partition("-")
        if not (
            file.isascii()
            and day.isdigit()
            and number.isdigit()
            and offset.isascii()
            and offset.isdigit()
            and len(file) <= REF_FILE_CHARACTERS_MAX
            and len(offset) <= REF_OFFSET_DIGITS_MAX
        ):
            raise FormatError(f"not a vault reference: {text[:80]!r}")
        return cls(file, int(offset))


def encode_record(
    kind: RecordKind, codec: Codec, ordinal: int, id_: ExchangeId, payload: bytes
) -> bytes:
    """A whole record; `payload` is already packed and sealed."""
    tail = _HEADER_TAIL.pack(
        kind, codec, VAULT_VERSION, 0, id_.worker, ordinal, id_.boot, id_.sequence
    )
    crc = google_crc32c.extend(google_crc32c.value(tail), payload)
    return _HEADER_START.pack(len(payload), crc) + tail + payload


def decode_record_header(buffer: bytes | memoryview) -> RecordHeader:
    """The header at the start of `buffer`.

    Raises:
        FormatError: fewer bytes than a header, or values that no recorder writes.
    """
    try:
        size, crc, kind, codec, version, _, worker, ordinal, boot, sequence = (
            RECORD_HEADER.unpack_from(buffer)
        )
        known, packing = RecordKind(kind), Codec(codec)
    except (struct.error, ValueError) as error:
        raise FormatError(f"no vault record: {error}") from error
    if version != VAULT_VERSION:
        raise FormatError(f"no vault record of version {VAULT_VERSION}: version {version}")
    if size > RECORD_BYTES_MAX:
        raise FormatError(f"no vault record: {size} bytes, the limit is {RECORD_BYTES_MAX}")
    return RecordHeader(size, crc, known, packing, ordinal, ExchangeId(worker, boot, sequence))


def later_version(data: bytes) -> int | None:
    """The version of the record at the start of `data`, if a newer release wrote it; None: anything else.

    Its length and CRC have to fit, so that the rest of a torn write is not taken for one.
    """
    if len(data) < RECORD_HEADER_BYTES:
        return None
    size, crc, _, _, version, *_ = RECORD_HEADER.unpack_from(data)
    whole = data[8 : RECORD_HEADER_BYTES + size]
    is_whole = len(whole) == RECORD_HEADER_BYTES - 8 + size and google_crc32c.value(whole) == crc
    return int(version) if version > VAULT_VERSION and is_whole else None


def record_is_whole(header: RecordHeader, record: bytes) -> bool:
    """Whether `record`, header and payload, carries the CRC that its header names."""
    if len(record) != RECORD_HEADER_BYTES + header.payload_bytes:
        return False
    return bool(google_crc32c.value(record[8:]) == header.crc)


class Sealer:
    """Packs and seals boxes. Keeps one zstd context: a new one costs 20 us. For one thread only."""

    def __init__(self) -> None:
        # Level 1: on 4 KB of JSON as fast as 3 and 5 % larger, on bodies of a MB twice as fast.
        self._compressor = zstandard.ZstdCompressor(level=1)

    def seal(
        self, key: AESGCM, kind: RecordKind, ordinal: int, id_: ExchangeId, box: bytes
    ) -> bytes:
        """A whole record, header first.

        The nonce is random: a tail that was cut off and written again, or a recorder that wrote a
        part twice, must never use one nonce for two texts, and nothing on disk could count for us.
        96 random bits are good for 2^32 records under one key; an exchange has few, a day of facts
        at most 2.6e8.
        """
        codec = Codec.PLAIN
        if len(box) > PACK_ABOVE_BYTES:
            packed = self._compressor.compress(box)
            if len(packed) < len(box):
                codec, box = Codec.ZSTD, packed
        nonce = os.urandom(NONCE_BYTES)
        bound = _ASSOCIATED.pack(
            VAULT_VERSION, kind, codec, id_.worker, ordinal, id_.boot, id_.sequence
        )
        payload = nonce + key.encrypt(nonce, box, bound)
        return encode_record(kind, codec, ordinal, id_, payload)


def open_record(key: AESGCM, header: RecordHeader, payload: bytes) -> bytes:
    """The inverse of Sealer.seal: the box.

    Raises:
        FormatError: another key, another place, changed bytes, or more than OPENED_BYTES_MAX inside.
    """
    id_ = header.id
    bound = _ASSOCIATED.pack(
        VAULT_VERSION,
        header.kind,
        header.codec,
        id_.worker,
        header.ordinal,
        id_.boot,
        id_.sequence,
    )
    try:
        box = key.decrypt(payload[:NONCE_BYTES], payload[NONCE_BYTES:], bound)
        if header.codec is Codec.ZSTD:
            box = zstandard.ZstdDecompressor().decompress(box, max_output_size=OPENED_BYTES_MAX)
    except (InvalidTag, ValueError, zstandard.ZstdError) as error:
        raise FormatError(f"record {header.kind.name} of {id_} does not open") from error
    return box


def pack_box(meta: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    """JSON and blobs in one: u32 size of the JSON, the JSON, the blobs. `meta` gets "blobs": sizes."""
    head = orjson.dumps({**meta, "blobs": [len(blob) for blob in blobs]})
    return b"".join((_SIZE.pack(len(head)), head, *blobs))


def unpack_box(box: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The inverse of pack_box.

    Raises:
        FormatError: not such a box.
    """
    try:
        (size,) = _SIZE.unpack_from(box)
        meta = orjson.loads(box[_SIZE.size : _SIZE.size + size])
        sizes = meta["blobs"]
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"not a box: {error}") from error
    blobs = []
    offset = _SIZE.size + size
    for blob_bytes in sizes:
        blobs.append(box[offset : offset + blob_bytes])
        offset += blob_bytes
    if offset != len(box):
        raise FormatError(f"a box of {len(box)} bytes that says {offset}")
    return meta, blobs


@dataclass(frozen=True, slots=True)
class SealedPart:
    """One line of a manifest: a sealed record that belongs to the exchange."""

    kind: RecordKind
    ref: Ref
    payload_bytes: int
    digest: bytes
    """SHA-256 of the sealed payload."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stays readable of an exchange when its key is gone."""

    outcome: int
    has_lost_frames: bool
    ended_s: int
    """Wall clock, whole seconds."""
    key_commitment: bytes
    """SHA-256 of "commit" and the vault key: one ciphertext cannot be opened to two texts. 32 zeros:
    the key was destroyed before anything could be sealed."""
    parts: tuple[SealedPart, ...]
    """The last EXCHANGE is the one to open first. Empty: nothing could be sealed."""

    def encode(self) -> bytes:
        start = _MANIFEST.pack(
            self.outcome,
            self.has_lost_frames,
            len(self.parts),
            self.ended_s,
            self.key_commitment,
        )
        return start + b"".join(
            _MANIFEST_PART.pack(
                part.kind, part.payload_bytes, part.ref.file.encode(), part.ref.offset, part.digest
            )
            for part in self.parts
        )

    @staticmethod
    def start(payload: bytes) -> tuple[int, bool, int, bytes]:
        """Outcome, has_lost_frames, ended_s, key_commitment: what the trail tells of one, without its parts.

        Raises:
            FormatError: not a manifest.
        """
        rest = len(payload) - _MANIFEST.size
        if rest < 0 or rest % _MANIFEST_PART.size:
            raise FormatError(f"no manifest has {len(payload)} bytes")
        outcome, has_lost, _, ended_s, commitment = _MANIFEST.unpack_from(payload)
        return outcome, bool(has_lost), ended_s, commitment

    @classmethod
    def decode(cls, payload: bytes) -> Manifest:
        """Raises FormatError: not a manifest."""
        try:
            outcome, has_lost, count, ended_s, commitment = _MANIFEST.unpack_from(payload)
            parts = []
            for offset in range(_MANIFEST.size, len(payload), _MANIFEST_PART.size):
                kind, size, file, start, digest = _MANIFEST_PART.unpack_from(payload, offset)
                name = file.rstrip(b"\0").decode("ascii")
                parts.append(SealedPart(RecordKind(kind), Ref(name, start), size, digest))
        except (struct.error, ValueError) as error:
            raise FormatError(f"not a manifest: {error}") from error
        if len(parts) != count:
            raise FormatError(f"a manifest of {count} parts has {len(parts)}")
        return cls(outcome, bool(has_lost), ended_s, commitment, tuple(parts))


_HEADER_START: Final = struct.Struct("<II")
_HEADER_TAIL: Final = struct.Struct("<BBBBHIQQ")
_ASSOCIATED: Final = struct.Struct("<BBBHIQQ")
_SIZE: Final = struct.Struct("<I")
_MANIFEST: Final = struct.Struct("<BBIQ32s")
_MANIFEST_PART: Final = struct.Struct("<BI16sQ32s")
