"""The bytes of the journal: frames and the entries inside them. Pure; FORMAT.md draws it.

A *frame* holds what one group commit took of one exchange: a clear header, then a sealed payload of
one or more *entries*. A frame that is about no exchange (segment head and tail, gap, mode) has
sequence 0 and an unsealed payload without content.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

import google_crc32c

from proxy.errors import FormatError

FORMAT_VERSION: Final = 1
FRAME_HEADER: Final = struct.Struct("<IIHBBIQqq")
FRAME_HEADER_BYTES: Final = FRAME_HEADER.size  # 40
ENTRY_HEADER: Final = struct.Struct("<BBHIqq")
ENTRY_HEADER_BYTES: Final = ENTRY_HEADER.size  # 24
SEAL_BYTES: Final = 16
"""What AES-GCM adds to a payload: its tag."""
SEGMENT_HEAD_BYTES: Final = 22
PAYLOAD_BYTES_MAX: Final = 4 * 1024 * 1024
"""A writer starts another frame beyond this; a reader takes a larger length for damage. The gateway
reads at most 256 KiB at a time, so sixteen full reads of one exchange fit one commit."""


class Kind(enum.IntEnum):
    """What an entry says. Numbers are on disk: never reuse one."""

    INTENT = 1
    """A request is about to go upstream: IntentHead, then the redacted request head."""
    REQUEST_CHUNK = 2
    """Bytes of the request body as read, transfer coding removed."""
    REQUEST_END = 3
    """The request body is complete: RequestEnd."""
    RESPONSE_HEAD = 4
    """Redacted response head. Flag INTERIM marks a 1xx."""
    RESPONSE_CHUNK = 5
    """Bytes of the response body as read, transfer coding removed."""
    END = 6
    """The closing record: ExchangeEnd. Exactly one per intent."""
    GAP = 7
    """Something was not recorded: Gap."""
    MODE = 8
    """The recording mode changed: one byte of Mode, then a reason in UTF-8."""
    SEGMENT_HEAD = 9
    """First frame of a segment: SegmentHead."""
    SEGMENT_TAIL = 10
    """Last frame of a segment that was sealed in good order: no data."""
    SPLICED_CHUNK = 11
    """After a 101: raw bytes in one direction, flag FROM_CLIENT or none."""
    DECISION = 12
    """What a policy decided about the request, and what went upstream instead: proxy.recording.decision."""


class Flag(enum.IntFlag):
    """Per entry."""

    NONE = 0
    INTERIM = 1
    FROM_CLIENT = 2
    OWN_ANSWER = 4
    """On RESPONSE_HEAD and RESPONSE_CHUNK: the proxy said it, not upstream."""
    STEWARD = 8
    VERIFY = 16
    """These two on INTENT: the Purpose; neither means a client."""
    WITHHELD = 32
    """On END: the response body was left out on purpose; END tells how long it was."""


class Purpose(enum.IntEnum):
    """Who asks: a property of the listener that a request came in at. Numbers are in the vault."""

    CLIENT = 0
    STEWARD = 1
    """Finishes what clients left, deletes what is due."""
    VERIFY = 2
    """Looks whether something is gone. What it is shown is nobody's to keep: bodies of its reads are withheld."""

    @property
    def flag(self) -> Flag:
        return _FLAGS[self]

    @classmethod
    def of_flags(cls, flags: int) -> Purpose:
        """What the flags of an INTENT say."""
        if not flags:
            return cls.CLIENT  # nearly all; arithmetic with a Flag costs microseconds
        if flags & Flag.VERIFY:
            return cls.VERIFY
        return cls.STEWARD if flags & Flag.STEWARD else cls.CLIENT


class Codec(enum.IntEnum):
    """How a payload was packed before it was sealed."""

    PLAIN = 0
    ZSTD = 1


class Mode(enum.IntEnum):
    """What a caller may rely on."""

    STRICT = 1
    AVAILABLE = 2


class Outcome(enum.IntEnum):
    """How an exchange ended. Exactly one per exchange."""

    COMPLETE = 1
    UPSTREAM_ABORTED = 2
    """Upstream broke off, or never answered."""
    CLIENT_GONE = 3
    TIMEOUT = 4
    PROXY_ERROR = 5
    REFUSED = 6
    """The proxy answered by itself; nothing was sent upstream."""
    INTERRUPTED = 7
    """Written by recovery: the gateway died in the middle."""


class ExchangeId(NamedTuple):
    """Names one exchange for ever. `boot` is a random number per start of a worker."""

    worker: int
    boot: int
    sequence: int
    """Contiguous from 1 within (worker, boot)."""

    def __str__(self) -> str:
        return f"x{self.worker}-{self.boot:016x}-{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> ExchangeId:
        """The inverse of str().

        Raises:
            FormatError: not such a text.
        """
        worker, _, rest = text.removeprefix("x").partition("-")
        boot, _, sequence = rest.partition("-")
        try:
            return cls(int(worker), int(boot, 16), int(sequence))
        except ValueError as error:
            raise FormatError(f"not an exchange id: {text[:80]!r}") from error


class Entry(NamedTuple):
    """One thing that happened, with the clock readings of the place that saw it.

    A tuple, as are the other two a reader makes per frame: 0.15 instead of 0.8 µs each.
    """

    kind: Kind
    flags: int
    wall_ns: int
    mono_ns: int
    data: bytes


class FrameHeader(NamedTuple):
    """The clear part of a frame. `ordinal` counts the frames of one exchange from 0: the GCM nonce."""

    payload_bytes: int
    crc: int
    kinds: int
    """Bit k set: the payload has an entry of kind k. Lets recovery see closing records without keys."""
    codec: Codec
    ordinal: int
    sequence: int
    wall_ns: int
    mono_ns: int

    def has(self, kind: Kind) -> bool:
        return bool(self.kinds >> kind & 1)


def encode_entry(kind: int, flags: int, wall_ns: int, mono_ns: int, data: bytes) -> bytes:
    """Entry header and data, to be joined with others into a payload."""
    return ENTRY_HEADER.pack(kind, flags, 0, len(data), wall_ns, mono_ns) + data


def decode_entries(payload: bytes) -> tuple[Entry, ...]:
    """The inverse of joining encode_entry results.

    Raises:
        FormatError: the payload does not consist of whole entries of known kinds.
    """
    entries: list[Entry] = []
    unpack, make = ENTRY_HEADER.unpack_from, tuple.__new__
    offset, whole = 0, len(payload)
    while offset < whole:
        try:
            kind, flags, _, size, wall_ns, mono_ns = unpack(payload, offset)
            known = _KINDS[kind]
        except (struct.error, KeyError) as error:
            raise FormatError(f"entry at byte {offset} of {whole}: {error!r}") from error
        offset += ENTRY_HEADER_BYTES
        end = offset + size
        if end > whole:
            raise FormatError(f"entry at byte {offset} wants {size} bytes of {whole}")
        entries.append(make(Entry, (known, flags, wall_ns, mono_ns, payload[offset:end])))
        offset = end
    return tuple(entries)


def associated_data(
    worker: int, boot: int, kinds: int, codec: int, ordinal: int, sequence: int
) -> bytes:
    """What the seal binds besides the payload: a frame cannot be moved to another place or exchange."""
    return _ASSOCIATED.pack(FORMAT_VERSION, worker, boot, kinds, codec, ordinal, sequence)


def nonce(ordinal: int) -> bytes:
    """12 bytes, unique under one exchange key because ordinals are."""
    return ordinal.to_bytes(12, "little")


def encode_frame(
    kinds: int, codec: int, ordinal: int, sequence: int, wall_ns: int, mono_ns: int, payload: bytes
) -> bytes:
    """A whole frame; `payload` is already packed and sealed."""
    return frame_start(kinds, codec, ordinal, sequence, wall_ns, mono_ns, payload) + payload


def frame_start(
    kinds: int, codec: int, ordinal: int, sequence: int, wall_ns: int, mono_ns: int, payload: bytes
) -> bytes:
    """The header of the frame that holds `payload`: a writer need not copy the payload behind it."""
    tail = _HEADER_TAIL.pack(kinds, codec, FORMAT_VERSION, ordinal, sequence, wall_ns, mono_ns)
    crc = google_crc32c.extend(google_crc32c.value(tail), payload)
    return _HEADER_START.pack(len(payload), crc) + tail


def decode_frame_header(buffer: bytes | memoryview, offset: int = 0) -> FrameHeader | None:
    """The header at `offset`, or None where the file has no frame yet (a zero length) or not all of it.

    Raises:
        FormatError: a length, codec or version that no writer writes.
    """
    if len(buffer) - offset < FRAME_HEADER_BYTES:
        return None
    size, crc, kinds, codec, version, ordinal, sequence, wall_ns, mono_ns = (
        FRAME_HEADER.unpack_from(buffer, offset)
    )
    if size == 0:
        return None
    if version != FORMAT_VERSION or codec not in _CODECS or size > 2 * PAYLOAD_BYTES_MAX:
        raise FormatError(f"no frame at byte {offset}: version {version} codec {codec} size {size}")
    return FrameHeader(size, crc, kinds, _CODECS[codec], ordinal, sequence, wall_ns, mono_ns)


def frame_is_whole(header: FrameHeader, buffer: bytes | memoryview, offset: int = 0) -> bool:
    """Whether the bytes at `offset` carry the CRC that their header names."""
    end = offset + FRAME_HEADER_BYTES + header.payload_bytes
    if end > len(buffer):
        return False
    return bool(google_crc32c.value(buffer[offset + 8 : end]) == header.crc)


@dataclass(frozen=True, slots=True)
class IntentHead:
    """What the gateway knows of a request besides its head."""

    connection: int
    """Counts the worker's client connections from 1."""
    index: int
    """Place of the exchange on its connection, from 0."""
    client_port: int
    client_address: str
    """IPv4 or IPv6 text; empty for a Unix socket."""
    mode: Mode
    head: bytes
    """Request line and header lines as received, credentials replaced by fingerprints, with the
    blank line. Empty when the request could not be read at all."""

    def encode(self) -> bytes:
        address = self.client_address.encode("ascii", "replace")[:255]
        start = _INTENT.pack(self.connection, self.index, self.client_port, self.mode, len(address))
        return start + address + self.head

    @classmethod
    def decode(cls, data: bytes) -> IntentHead:
        connection, index, port, mode, size = _INTENT.unpack_from(data)
        start = _INTENT.size
        address = data[start : start + size].decode("ascii")
        return cls(connection, index, port, address, Mode(mode), data[start + size :])


class RequestEnd(NamedTuple):
    """The request is whole: all `body_bytes` of it were read (and, in strict mode, are durable)."""

    body_bytes: int
    trailers: bytes
    """Redacted trailer lines; forwarded never, recorded always."""

    def encode(self) -> bytes:
        return _COUNT.pack(self.body_bytes) + self.trailers

    @classmethod
    def decode(cls, data: bytes) -> RequestEnd:
        (body_bytes,) = _COUNT.unpack_from(data)
        return cls(body_bytes, data[_COUNT.size :])


class ExchangeEnd(NamedTuple):
    """The closing record."""

    outcome: Outcome
    response_bytes: int
    """Body bytes read from upstream (or made by the proxy), transfer coding removed."""
    detail: str
    """One short sentence of ours: which limit, which break. Never foreign bytes."""
    trailers: bytes = b""

    def encode(self) -> bytes:
        detail = self.detail.encode()[:65535]
        return _END.pack(self.outcome, self.response_bytes, len(detail)) + detail + self.trailers

    @classmethod
    def decode(cls, data: bytes) -> ExchangeEnd:
        outcome, response_bytes, size = _END.unpack_from(data)
        start = _END.size
        detail = data[start : start + size].decode("utf-8", "replace")
        return cls(Outcome(outcome), response_bytes, detail, data[start + size :])


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """Says which journal a segment belongs to; also the salt that tells two files apart."""

    worker: int
    boot: int
    index: int
    """Counts the segments of (worker, boot) from 0."""
    previous_end: int = 0
    """0: the segment before was sealed in good order. Else it is suspect, because the disk refused it:
    what stands in it at this offset or later is void, and was written again from here on."""

    def encode(self) -> bytes:
        return _SEGMENT.pack(self.worker, self.boot, self.index, self.previous_end)

    @classmethod
    def decode(cls, data: bytes) -> SegmentHead:
        return cls(*_SEGMENT.unpack(data))


@dataclass(frozen=True, slots=True)
class Gap:
    """Exchanges that passed without being recorded, or only in part."""

    exchange_count: int
    body_bytes: int
    first_wall_ns: int
    last_wall_ns: int
    reason: str

    def encode(self) -> bytes:
        start = _GAP.pack(
            self.exchange_count, self.body_bytes, self.first_wall_ns, self.last_wall_ns
        )
        return start + self.reason.encode()

    @classmethod
    def decode(cls, data: bytes) -> Gap:
        count, body_bytes, first_wall_ns, last_wall_ns = _GAP.unpack_from(data)
        reason = data[_GAP.size :].decode("utf-8", "replace")
        return cls(count, body_bytes, first_wall_ns, last_wall_ns, reason)


_FLAGS: Final = {
    Purpose.CLIENT: Flag.NONE,
    Purpose.STEWARD: Flag.STEWARD,
    Purpose.VERIFY: Flag.VERIFY,
}
_KINDS: Final = {kind.value: kind for kind in Kind}
_CODECS: Final = {codec.value: codec for codec in Codec}
_HEADER_START: Final = struct.Struct("<II")
_HEADER_TAIL: Final = struct.Struct("<HBBIQqq")
_ASSOCIATED: Final = struct.Struct("<BHQHBIQ")
_INTENT: Final = struct.Struct("<QIHBB")
_COUNT: Final = struct.Struct("<Q")
_END: Final = struct.Struct("<BQH")
_SEGMENT: Final = struct.Struct("<HQIQ")
_GAP: Final = struct.Struct("<QQqq")
