"""Bytes from a client, requests out, strictly one at a time. No sockets; httptools does the framing.

llhttp reports pipelined requests all in one call, and stops at an upgrade whether or not anybody
wants it. Here the second request waits until `proceed()`, and an upgrade that is not passed on is
read as the ordinary request it then is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import httptools

from proxy.gateway.limits import HEAD_BYTES_MAX, SLICE_BYTES
from proxy.gateway.wire import RawHeaders


@dataclass(slots=True)
class RequestHead:
    """Request line and header lines, names and values as received."""

    method: bytes
    target: bytes
    version: str
    headers: RawHeaders
    head_bytes: int


class RequestSink(Protocol):
    """Who is told. Calls come in the order head, body*, end, collected; or malformed, and then nothing."""

    def request_head(self, head: RequestHead) -> bool:
        """Take a head; returns whether its WebSocket upgrade is passed on."""
        ...

    def request_body(self, piece: bytes) -> None: ...
    def request_end(self, trailers: RawHeaders) -> None: ...
    def request_collected(self) -> None:
        """All that one read brought was told: act on it."""
        ...

    def request_malformed(self, status: int, what: str) -> None: ...


class RequestIntake:
    """Feed it reads; it tells the sink. After an `end` it waits for `proceed()`."""

    __slots__ = (
        "_ahead",
        "_headers",
        "_parser",
        "_sink",
        "_target",
        "_unfed",
        "_wants_upgrade",
        "head_bytes",
        "is_stopped",
        "is_waiting",
    )

    def __init__(self, sink: RequestSink) -> None:
        self._sink = sink
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: RawHeaders = []
        self._ahead: list[tuple[Any, ...]] = []
        """Callbacks of what came after the request that is being answered: at most one slice of it."""
        self._unfed = b""
        self._wants_upgrade = False
        self.head_bytes = 0
        """Bytes of the head that is being read; 0 between requests."""
        self.is_waiting = False
        """A request is whole and not yet answered."""
        self.is_stopped = False

    def feed(self, data: bytes) -> None:
        """Take one read. While waiting, it is kept: the caller pauses reading when has_more."""
        if self.is_stopped:
            return
        if self.is_waiting:
            self._unfed += data
        elif len(data) <= SLICE_BYTES:
            self._feed_slice(data)
        else:
            self._feed_slices(data)

    def proceed(self) -> None:
        """The request was answered: tell what came after it, up to the end of the next one."""
        self.is_waiting = False
        ahead, self._ahead = self._ahead, []
        unfed, self._unfed = self._unfed, b""
        for position, (callback, *values) in enumerate(ahead):
            callback(*values)
            if self.is_stopped:
                return
            if self.is_waiting:
                self._ahead = ahead[position + 1 :]
                break
        if ahead:
            self._sink.request_collected()
        if unfed:
            self.feed(unfed)

    def stop(self) -> None:
        """Nothing more is told."""
        self.is_stopped = True
        self._unfed = b""
        self._ahead = []

    @property
    def has_more(self) -> bool:
        """Bytes of a later request are waiting."""
        return bool(self._unfed or self._ahead)

    def take_raw(self) -> bytes:
        """After a 101: what the client sent early, to be passed on as it is."""
        unfed, self._unfed = self._unfed, b""
        return unfed

    # httptools ----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if not self.is_waiting:
            self.head_bytes = 1

    def on_url(self, part: bytes) -> None:
        if self.is_waiting:
            self._ahead.append((self.on_url, part))
            return
        self._target += part
        self.head_bytes += len(part)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.is_waiting:
            self._ahead.append((self.on_header, name, value))
            return
        self._headers.append((name, value))
        self.head_bytes += len(name) + len(value) + 4

    def on_headers_complete(self) -> None:
        method, version = self._parser.get_method(), self._parser.get_http_version()
        if self.is_waiting:
            self._ahead.append((self._head_complete, method, version))
        else:
            self._head_complete(method, version)

    def on_body(self, piece: bytes) -> None:
        if self.is_waiting:
            self._ahead.append((self.on_body, piece))
        elif not self.is_stopped:
            self._sink.request_body(piece)

    def on_message_complete(self) -> None:
        if self.is_waiting:
            self._ahead.append((self.on_message_complete,))
        elif not self.is_stopped and not self._is_upgrade_declined():
            self._complete()

    # --------------------------------------------------------------------------------------------

    def _feed_slices(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE_BYTES):
            if self.is_waiting:
                self._unfed += data[start:]
                return
            self._feed_slice(data[start : start + SLICE_BYTES])
            if self.is_stopped:
                return

    def _feed_slice(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._after_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            self._malformed(400, f"the request is not HTTP: {error}"[:200])
            return
        if self.head_bytes > HEAD_BYTES_MAX and not self.is_stopped:
            self._malformed(431, f"the request head is larger than {HEAD_BYTES_MAX} bytes")
        if not self.is_stopped:
            self._sink.request_collected()

    def _head_complete(self, method: bytes, version: str) -> None:
        if self.is_stopped:
            return
        head = RequestHead(method, self._target, version, self._headers, self.head_bytes)
        self._target, self._headers, self.head_bytes = b"", [], 0
        self._wants_upgrade = self._sink.request_head(head)
        if self._is_upgrade_declined():
            self._headers = head.headers  # _after_upgrade reads the framing from them

    def _complete(self) -> None:
        trailers, self._headers = self._headers, []
        self.is_waiting = True
        self._sink.request_end(trailers)

    def _is_upgrade_declined(self) -> bool:
        return bool(self._parser.should_upgrade()) and not self._wants_upgrade

    def _after_upgrade(self, rest: bytes) -> None:
        """Llhttp stopped. Go on with a parser that expects the body, or nothing, of this request."""
        if self.is_stopped:
            return
        if self._ahead:
            self._malformed(400, "an upgrade in a pipelined request")
            return
        headers, self._headers = self._headers, []
        is_over = self.is_waiting  # the upgrade is passed on: there is no body
        self._parser = httptools.HttpRequestParser(self)
        if not is_over:
            self.is_waiting = True  # the head is told already: its callbacks go to _ahead, and away
            self._parser.feed_data(_framing_head(headers))
            had_no_body = any(callback == self.on_message_complete for callback, *_ in self._ahead)
            self._ahead = []
            self.is_waiting = False
            if had_no_body:
                self._complete()
        self._sink.request_collected()
        if rest:
            self.feed(rest)

    def _malformed(self, status: int, what: str) -> None:
        if self.is_waiting:
            self._ahead.append((self._malformed, status, what))
        else:
            self.stop()
            self._sink.request_malformed(status, what)


def _framing_head(headers: RawHeaders) -> bytes:
    """The head of a request without upgrade whose body is framed like that of `headers`."""
    framing = [
        name + b": " + value + b"\r\n"
        for name, value in headers
        if name.lower() in {b"content-length", b"transfer-encoding"}
    ]
    return b"POST / HTTP/1.1\r\nHost: a\r\n" + b"".join(framing) + b"\r\n"
