"""The checks of h1spec (uNetworking), from its public description: a server of HTTP/1.1 that echoes bodies.

Its own script is on no package index and needs Deno, so the cases stand here again, in its order and with
what it expects: a range of statuses, or that the server goes on waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WAITS: Final = range(0)
REFUSED: Final = range(400, 500)
ERROR: Final = range(400, 600)
SERVED: Final = range(200, 300)
SERVED_OR_ABSENT: Final = (*SERVED, 404)
CONTINUED: Final = (100, *SERVED)

GET: Final = b"GET / HTTP/1.1\r\n"
HOST: Final = b"Host: example.com\r\n"


@dataclass(frozen=True, slots=True)
class Check:
    """What is sent on a connection of its own, and the statuses that may answer it (none: it waits)."""

    name: str
    sent: bytes
    statuses: range | tuple[int, ...]


_WHOLE: Final = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
_CUTS: Final = {
    "method": 1,
    "URL 1": 4,
    "URL 2": 10,
    "URL 3": 11,
    "HTTP version": 15,
    "request line": 19,
    "request line newline 1": 20,
    "request line newline 2": 21,
    "field name": 24,
    "field value 1": 26,
    "field value 2": 27,
    "field value 3": 36,
    "field value 4": 37,
    "request": 38,
    "request termination": 39,
}
"""Where a request is cut, by the part that is cut."""

CHECKS: Final = [
    *(Check(f"fragmented {what}", _WHOLE[:cut], WAITS) for what, cut in _CUTS.items()),
    Check("request without HTTP version", b"GET / \r\n\r\n", ERROR),
    Check("request with Expect", GET + HOST + b"Expect: 100-continue\r\n\r\n", CONTINUED),
    Check("valid GET", GET + HOST + b"\r\n", SERVED),
    Check("valid GET with edge cases", GET + b"hoSt:\texample.com\r\nempty:\r\n\r\n", SERVED),
    Check("invalid header characters", GET + HOST + b"X-Invalid[]: test\r\n\r\n", REFUSED),
    Check("missing Host", GET + b"Content-Length: 5\r\n\r\n", REFUSED),
    Check("several Hosts", GET + HOST + b"Host: example.org\r\n\r\n", REFUSED),
    Check("overflowing negative length", GET + HOST + b"Content-Length: -%d\r\n\r\n" % 10**26, REFUSED),
    Check("negative length", GET + HOST + b"Content-Length: -1234\r\n\r\n", REFUSED),
    Check("length that is no number", GET + HOST + b"Content-Length: abc\r\n\r\n", REFUSED),
    Check("empty header value", GET + HOST + b"X-Empty-Header: \r\n\r\n", SERVED),
    Check("control character in a header", GET + HOST + b"X-Bad: test\x07\r\n\r\n", REFUSED),
    Check("invalid HTTP version", b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", ERROR),
    Check("invalid prefix of a request", b"Extra line" + GET + HOST + b"\r\n", ERROR),
    Check("invalid line ending", GET + HOST + b"\rSome-Header: Test\r\n\r\n", REFUSED),
    Check("valid POST with a body", b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", SERVED_OR_ABSENT),
    Check("chunked body", b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nc\r\nHello world1\r\n0\r\n\r\n", SERVED),
    Check("chunked and a length", GET + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", REFUSED),
    Check("chunked and a length in odd case", GET + HOST + b"Transfer-Encoding: chunked\r\ncontent-lEngth: 5\r\n\r\n", REFUSED),
]  # fmt: skip
