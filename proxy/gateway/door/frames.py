"""What a gateway and the door say to each other on a Unix socket. Pure. Numbers are little-endian.

    size u32 | kind u8 | number u64 | payload of `size` bytes

Numbers count the questions of one worker; ends of a connection end everything said on it.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from proxy.errors import FormatError

HEADER: Final = struct.Struct("<IBQ")
FRAME_BYTES_MAX: Final = 8 * 1024 * 1024
"""More is damage: an answer that rewrites a packed body of 1 MiB, and the record of it, is 2 MiB and a bit."""
_QUESTION: Final = struct.Struct("<BI")
_ANSWER: Final = struct.Struct("<BBHI")


class Kind(enum.IntEnum):
    """Who says it: the door (1, 3, 7), a gateway (the others)."""

    GREETING = 1
    """One byte, 1: nothing passes without an answer. Again whenever the rules changed."""
    QUESTION = 2
    """is_whole u8, size of the head u32, the head as it is recorded, the body so far."""
    ANSWER = 3
    """way u8, is_shown u8, status u16, size of the record u32, the record, the body."""
    SHOWN_HEAD = 4
    SHOWN_PIECE = 5
    SHOWN_END = 6
    """Of the answer to a request that passed, before its client gets it."""
    ENOUGH = 7
    """No more of it is wanted."""


class Way(enum.IntEnum):
    """What happens to a request."""

    PASS = 0
    REFUSE = 1
    REWRITE = 2


class Frame(NamedTuple):
    """One thing said."""

    kind: Kind
    number: int
    payload: bytes


class Question(NamedTuple):
    """A request to be decided on."""

    head: bytes
    body: bytes
    is_whole: bool


class Answer(NamedTuple):
    """What was decided."""

    way: Way
    is_shown: bool
    """The answer of upstream is to be shown."""
    status: int
    """Of a refusal."""
    record: bytes
    """For the journal; empty: a plain pass."""
    body: bytes
    """Of a refusal the answer's; of a rewrite the request's."""


def frame(kind: Kind, number: int, payload: bytes = b"") -> bytes:
    """The bytes of one frame."""
    return HEADER.pack(len(payload), kind, number) + payload


def question(number: int, head: bytes, body: bytes, *, is_whole: bool) -> bytes:
    """The frame of a question."""
    return frame(Kind.QUESTION, number, _QUESTION.pack(is_whole, len(head)) + head + body)


def read_question(payload: bytes) -> Question:
    """The inverse. Raises struct.error: it is none."""
    is_whole, size = _QUESTION.unpack_from(payload)
    start = _QUESTION.size
    return Question(payload[start : start + size], payload[start + size :], bool(is_whole))


def answer(number: int, given: Answer) -> bytes:
    """The frame of an answer."""
    start = _ANSWER.pack(given.way, given.is_shown, given.status, len(given.record))
    return frame(Kind.ANSWER, number, start + given.record + given.body)


def read_answer(payload: bytes) -> Answer:
    """The inverse. Raises struct.error or ValueError: it is none."""
    way, is_shown, status, size = _ANSWER.unpack_from(payload)
    start = _ANSWER.size
    record, body = payload[start : start + size], payload[start + size :]
    return Answer(Way(way), bool(is_shown), status, record, body)


class FrameReader:
    """Reads in, whole frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Frames that are whole now.

        Raises:
            FormatError: these are none.
        """
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            size, kind, number = HEADER.unpack_from(self._buffer)
            if size > FRAME_BYTES_MAX or kind not in _KINDS:
                raise FormatError(f"no frame of the door: kind {kind}, {size} bytes")
            end = HEADER.size + size
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield Frame(_KINDS[kind], number, payload)


_KINDS: Final = {kind.value: kind for kind in Kind}
