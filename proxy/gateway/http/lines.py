"""Header lines, each read once: SDKs repeat theirs, so most are looked up. Pure but for the bounded cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from proxy.gateway.http.credentials import REQUEST_CREDENTIALS, RESPONSE_CREDENTIALS, Redactor
from proxy.gateway.http.wire import HOP_BY_HOP
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
"""What a line is, beyond a line to pass on. CHECK: check_headers has to look at it."""

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


class LineCache:
    """Lines by name and value. One per worker and direction."""

    def __init__(self, read: Callable[[RawHeader], Line]) -> None:
        self._read = read
        self._lines: dict[RawHeader, Line] = {}

    def look_up(self, header: RawHeader) -> Line:
        """The line, from memory or by reading it."""
        line = self._lines.get(header)
        if line is None:
            line = self._read(header)
            if len(header[0]) + len(header[1]) <= LINE_CACHED_BYTES_MAX:
                if len(self._lines) >= LINES_CACHED_MAX:
                    self._lines.clear()
                self._lines[header] = line
        return line


class Lines:
    """Both directions, with the worker's redactor."""

    def __init__(self, redactor: Redactor, via: bytes = b"") -> None:
        """`via`: our name in the Via of requests; empty: we add none."""
        self.redactor = redactor
        self.via = via
        self.request = LineCache(self._request_line).look_up
        self.response = LineCache(self._response_line).look_up

    def _request_line(self, header: RawHeader) -> Line:
        name, value = header
        lower = name.lower()
        flags = _FLAGS.get(lower, 0) | (CHECK if b"_" in name else 0)
        forward = b"" if lower in HOP_BY_HOP else name + b": " + value
        if lower not in REQUEST_CREDENTIALS:
            return Line(flags, forward, name + b": " + value, value)
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
            return Line(flags, forward, name + b": " + value, value)
        record = name + b": " + self.redactor.mark(value)
        return Line(flags | (SECRET if value else 0), forward, record, value)
