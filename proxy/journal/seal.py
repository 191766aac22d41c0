"""Sealing: entries of one group commit in, frames out; and the way back, frame by frame. No files, no clock.

Both sides keep the key of each exchange that has begun and not ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.errors import FormatError
from proxy.journal.format import (
    ENTRY_HEADER,
    ENTRY_HEADER_BYTES,
    PAYLOAD_BYTES_MAX,
    Codec,
    Entry,
    FrameHeader,
    Kind,
    associated_data,
    decode_entries,
    frame_start,
    nonce,
)

COMPRESS_BYTES_MIN: Final = 4096
"""Smaller payloads are sealed as they are. zstd 1 costs about 4 µs per KiB (measured 2026-11-22: 11 µs
for 1 KiB, 18 µs for 4 KiB of JSON), writing a KiB to disk less, until the disk is what limits."""
GAIN_MIN: Final = 8
"""A payload that shrinks by less than one part in 8 (compressed media) is kept plain, and the rest of
its exchange is not tried again."""
COMPRESSION_LEVEL: Final = 1
UNPACKED_BYTES_MAX: Final = PAYLOAD_BYTES_MAX + ENTRY_HEADER_BYTES
"""What a writer can have packed: its limit, and one entry of the largest size alone."""
KEYS_OPEN_MAX: Final = 10_000
"""Keys an Opener keeps: the connections a worker serves at most, each with one open exchange."""

QueuedEntry = tuple[int, int, int, int, int, bytes]
"""sequence, kind, flags, wall_ns, mono_ns, data. A tuple, because the loop thread makes one per chunk."""

_Decrypt = Callable[[bytes, bytes | memoryview, bytes], bytes]
_END_BIT: Final = 1 << Kind.END
_INTENT_BIT: Final = 1 << Kind.INTENT
_ZSTD: Final = int(Codec.ZSTD)


class _Group:
    """The entries of one exchange that will share a frame."""

    __slots__ = ("kinds", "mono_ns", "parts", "size", "wall_ns")

    def __init__(self, wall_ns: int, mono_ns: int) -> None:
        self.kinds = 0
        self.size = 0
        self.parts: list[bytes] = []
        self.wall_ns = wall_ns
        self.mono_ns = mono_ns


class _OpenExchange:
    """What must be remembered between two commits of one exchange."""

    __slots__ = ("encrypt", "is_poor", "ordinal")

    def __init__(self, key: bytes | None) -> None:
        self.encrypt = None if key is None else AESGCM(key).encrypt
        self.is_poor = False
        """Its payloads do not compress."""
        self.ordinal = 0


class Sealer:
    """Turns what one group commit took into frames: one per exchange, more if they grow too large.

    Entries of one exchange keep their order. An exchange is forgotten, key and all, with its END.
    """

    def __init__(
        self,
        worker: int,
        boot: int,
        take_key: Callable[[int], bytes],
        compress_bytes_min: int = COMPRESS_BYTES_MIN,
    ) -> None:
        self._worker = worker
        self._boot = boot
        self._take_key = take_key
        self._compress_bytes_min = compress_bytes_min
        self._compress = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress
        # Sequence 0 is about no exchange: no key, and never forgotten.
        self._open: dict[int, _OpenExchange] = {0: _OpenExchange(None)}
        self.intent_count = 0
        """INTENT entries sealed so far."""

    def seal(self, entries: Iterable[QueuedEntry]) -> list[bytes]:
        """The frames that hold `entries`: header, payload, header, payload... (apart, to copy neither)."""
        buffers: list[bytes] = []
        groups: dict[int, _Group] = {}
        pack = ENTRY_HEADER.pack
        for sequence, kind, flags, wall_ns, mono_ns, data in entries:
            size = len(data)
            group = groups.get(sequence)
            if group is None:
                group = groups[sequence] = _Group(wall_ns, mono_ns)
            elif group.size + size + ENTRY_HEADER_BYTES > PAYLOAD_BYTES_MAX:
                buffers += self._frame(sequence, group)
                group = groups[sequence] = _Group(wall_ns, mono_ns)
            group.parts += (pack(kind, flags, 0, size, wall_ns, mono_ns), data)
            group.kinds |= 1 << kind
            group.size += size + ENTRY_HEADER_BYTES
        for sequence, group in groups.items():
            buffers += self._frame(sequence, group)
        return buffers

    def _frame(self, sequence: int, group: _Group) -> tuple[bytes, bytes]:
        exchange = self._open.get(sequence)
        if exchange is None:
            exchange = self._open[sequence] = _OpenExchange(self._take_key(sequence))
        payload = b"".join(group.parts)
        codec = 0
        if group.size >= self._compress_bytes_min and not exchange.is_poor:
            compressed = self._compress(payload)
            if len(compressed) * GAIN_MIN < len(payload) * (GAIN_MIN - 1):
                payload, codec = compressed, _ZSTD
            else:
                exchange.is_poor = True
        ordinal = exchange.ordinal
        exchange.ordinal = ordinal + 1
        kinds = group.kinds
        if exchange.encrypt is not None:
            bound_to = associated_data(self._worker, self._boot, kinds, codec, ordinal, sequence)
            payload = exchange.encrypt(nonce(ordinal), payload, bound_to)
            if kinds & _END_BIT:
                del self._open[sequence]
        if kinds & _INTENT_BIT:
            self.intent_count += 1
        wall_ns, mono_ns = group.wall_ns, group.mono_ns
        return frame_start(kinds, codec, ordinal, sequence, wall_ns, mono_ns, payload), payload


class Opener:
    """Turns the frames of one journal back into entries. An exchange's key is forgotten with its END."""

    def __init__(self, worker: int, boot: int, key: Callable[[int], bytes]) -> None:
        """`key` gives the data key of a sequence, or raises KeyDestroyed."""
        self._worker = worker
        self._boot = boot
        self._key = key
        self._open: dict[int, _Decrypt] = {}
        self._decompress = zstandard.ZstdDecompressor().decompress

    def open(self, header: FrameHeader, sealed: bytes | memoryview) -> tuple[Entry, ...]:
        """The entries of a frame whose CRC was right.

        Raises:
            KeyDestroyed: nobody can open it any more.
            FormatError: it was not sealed under this key for this place, or is not what a writer writes.
        """
        sequence = header.sequence
        payload = bytes(sealed) if sequence == 0 else self._unsealed(header, sealed)
        if header.codec is Codec.ZSTD:
            payload = self._unpacked(payload)
        return decode_entries(payload)

    def _unsealed(self, header: FrameHeader, sealed: bytes | memoryview) -> bytes:
        sequence, ordinal, kinds = header.sequence, header.ordinal, header.kinds
        decrypt = self._open.get(sequence) or self._decrypt(sequence)
        bound_to = associated_data(self._worker, self._boot, kinds, header.codec, ordinal, sequence)
        if kinds & _END_BIT:
            self._open.pop(sequence, None)
        try:
            return decrypt(nonce(ordinal), sealed, bound_to)
        except InvalidTag as error:
            raise FormatError(
                f"the seal of exchange {sequence}, frame {ordinal} is broken"
            ) from error

    def _decrypt(self, sequence: int) -> _Decrypt:
        decrypt = self._open[sequence] = AESGCM(self._key(sequence)).decrypt
        if len(self._open) > KEYS_OPEN_MAX:
            del self._open[next(iter(self._open))]
        return decrypt

    def _unpacked(self, payload: bytes) -> bytes:
        try:
            size = zstandard.frame_content_size(payload)
            if not 0 <= size <= UNPACKED_BYTES_MAX:
                raise FormatError(f"a payload unpacks to {size} bytes, over {UNPACKED_BYTES_MAX}")
            return self._decompress(payload)
        except zstandard.ZstdError as error:
            raise FormatError(f"a payload does not unpack: {error}") from error
