"""Header lines, each read once: SDKs repeat theirs, so most are looked up. Pure but for the bounded cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from proxy.gateway.http.check import is_host
from proxy.gateway.http.credentials import REQUEST_CREDENTIALS, RESPONSE_CREDENTIALS, Redactor
from proxy.gateway.http.wire import FRAMING_NAMES, HOP_BY_HOP
from proxy.gateway.limits import LINE_CACHED_BYTES_MAX, LINES_CACHED_MAX

RawHeader = tuple[bytes, bytes]

HOST: Final = 1
CONNECTION: Final = 2
TRANSFER_CODING: Final = 4
UPGRADE: Final = 8
LENGTH: Final = 16
SECRET: Final = 32
STREAM: Final = 64
UPLOAD_URL: Final = 128
CHECK: Final = 256
MAX_FORWARDS: Final = 512
CLOSES: Final = 1024
KEEPS: Final = 2048
UPGRADES: Final = 4096
"""What a line is, beyond a line to pass on. CHECK: check_headers has to look at it. The last three: what a Connection line
says of the connection."""

_FLAGS: Final = {
    b"host": HOST,
    b"connection": CONNECTION,
    b"transfer-encoding": TRANSFER_CODING | CHECK,
    b"upgrade": UPGRADE,
    b"content-length": LENGTH,
    b"expect": CHECK,
    b"via": CHECK,
    b"max-forwards": CHECK | MAX_FORWARDS,
    b"x-goog-upload-url": UPLOAD_URL,
}
_OF_THE_CONNECTION: Final = {b"close": CLOSES, b"keep-alive": KEEPS, b"upgrade": UPGRADES}
NOTHING: Final[frozenset[bytes]] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """One header line and what to do with it."""

    flags: int
    forward: bytes
    """For the other side; empty when the line is of this hop only."""
    record: bytes
    """For the journal, credentials replaced."""
    value: bytes
    """The value; of a credential only the secret part."""
    removes: frozenset[bytes] = NOTHING
    """Names, in lower case, that a Connection line takes away; never Host or framing, whatever it says."""


class LineCache(dict[RawHeader, Line]):
    """Lines by name and value: `cache[header]`, from memory or by reading it. One per worker and direction."""

    def __init__(self, read: Callable[[RawHeader], Line]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, header: RawHeader) -> Line:
        line = self._read(header)
        if len(header[0]) + len(header[1]) <= LINE_CACHED_BYTES_MAX:
            if len(self) >= LINES_CACHED_MAX:
                self.clear()
            self[header] = line
        return line


class Lines:
    """Both directions, with the worker's redactor."""

    def __init__(self, redactor: Redactor, via: bytes = b"") -> None:
        """`via`: our name in the Via of requests; empty: we add none."""
        self.redactor = redactor
        self.via = via
        self.request = LineCache(self._request_line)
        self.response = LineCache(self._response_line)

    def _request_line(self, header: RawHeader) -> Line:
        name, value = header
        lower = name.lower()
        flags = _FLAGS.get(lower, 0) | (CHECK if b"_" in name else 0)
        if lower == b"host" and not is_host(value):
            flags |= CHECK
        forward = b"" if lower in HOP_BY_HOP else name + b": " + value
        if lower not in REQUEST_CREDENTIALS:
            return self._clear_line(flags, forward, name, value)
        secret = self.redactor.header_secret(value)
        record = name + b": " + self.redactor.mark(secret)
        return Line(flags | (SECRET if secret else 0), forward, record, secret)

    def _response_line(self, header: RawHeader) -> Line:
        name, value = header
        lower = name.lower()
        flags = _FLAGS.get(lower, 0)
        forward = b"" if lower in HOP_BY_HOP else name + b": " + value
        if lower == b"content-type" and value.lower().startswith(b"text/event-stream"):
            flags |= STREAM
        if lower not in RESPONSE_CREDENTIALS:
            return self._clear_line(flags, forward, name, value)
        record = name + b": " + self.redactor.mark(value)
        return Line(flags | (SECRET if value else 0), forward, record, value)

    @staticmethod
    def _clear_line(flags: int, forward: bytes, name: bytes, value: bytes) -> Line:
        """Without a credential."""
        record = name + b": " + value
        if not flags & CONNECTION:
            return Line(flags, forward, record, value)
        words = frozenset(word.strip() for word in value.lower().split(b","))
        for word in words & _OF_THE_CONNECTION.keys():
            flags |= _OF_THE_CONNECTION[word]
        removes = words - _OF_THE_CONNECTION.keys() - FRAMING_NAMES - {b""}
        return Line(flags, forward, record, value, removes)
