"""Bytes from a client, requests out, strictly one at a time. No sockets; httptools does the framing.

llhttp reports pipelined requests all in one call, and stops at an upgrade whether or not anybody
wants it. Here the second request waits until `proceed()`, and an upgrade that is not passed on is
read as the ordinary request it then is.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

import httptools

from proxy.gateway.http.wire import RawHeaders, RequestHead
from proxy.gateway.limits import HEAD_BYTES_MAX, SILENT_BYTES_MAX, SLICE_BYTES


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
        "_is_upgrade_declined",
        "_parser",
        "_silent_bytes",
        "_sink",
        "_target",
        "_unfed",
        "head_bytes",
        "is_stopped",
        "is_waiting",
    )

    def __init__(self, sink: RequestSink) -> None:
        self._sink = sink
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: RawHeaders = []
        self._ahead: deque[tuple[Any, ...]] = deque()
        """Callbacks of what came after the request that is being answered: at most one slice of it."""
        self._unfed = b""
        self._is_upgrade_declined = False
        """Llhttp stops at the present request's head, and we go on."""
        self._silent_bytes = 0
        """Read since a head was whole or a body had bytes: the parser may be keeping all of them."""
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
        ahead = self._ahead
        was_ahead = bool(ahead)
        unfed, self._unfed = self._unfed, b""
        while ahead and not self.is_waiting:
            callback, *values = ahead.popleft()
            callback(*values)
        if was_ahead and not self.is_stopped:
            self._sink.request_collected()
        if unfed:
            self.feed(unfed)

    def stop(self) -> None:
        """Nothing more is told."""
        self.is_stopped = True
        self._unfed = b""
        self._ahead.clear()

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
        if self.is_waiting:
            self._ahead.append((self.on_message_begin,))
        else:
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
        parser = self._parser
        self._silent_bytes = 0
        told = (parser.get_method(), parser.get_http_version(), parser.should_upgrade())
        if self.is_waiting:
            self._ahead.append((self._head_complete, *told))
        else:
            self._head_complete(*told)

    def on_body(self, piece: bytes) -> None:
        self._silent_bytes = 0
        if self.is_waiting:
            self._ahead.append((self.on_body, piece))
        elif not self.is_stopped:
            self._sink.request_body(piece)

    def on_message_complete(self) -> None:
        if self.is_waiting:
            self._ahead.append((self.on_message_complete,))
        elif not self.is_stopped and not self._is_upgrade_declined:
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
        self._silent_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._after_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserCallbackError:
            raise  # what we did with the callback failed: a bug of ours, not of the client
        except httptools.HttpParserError as error:
            self._malformed(400, f"the request is not HTTP: {error}"[:200])
        if self.head_bytes > HEAD_BYTES_MAX or self._silent_bytes > SILENT_BYTES_MAX:
            self._malformed(431, f"a request head or trailer has more than {HEAD_BYTES_MAX} bytes")
        if not self.is_stopped:
            self._sink.request_collected()

    def _head_complete(self, method: bytes, version: str, stops_here: bool) -> None:  # noqa: FBT001 - replayed by position
        if self.is_stopped:
            return
        head = RequestHead(method, self._target, version, self._headers, self.head_bytes)
        self._target, self._headers, self.head_bytes = b"", [], 0
        is_passed_on = self._sink.request_head(head)
        self._is_upgrade_declined = stops_here and not is_passed_on
        if self._is_upgrade_declined:
            self._headers = head.headers  # _renew reads the framing from them

    def _complete(self) -> None:
        trailers, self._headers = self._headers, []
        self.head_bytes = 0  # trailers counted
        self.is_waiting = True
        self._sink.request_end(trailers)

    def _after_upgrade(self, rest: bytes) -> None:
        """Llhttp stopped behind a head. `rest` follows: a body, a request, or another protocol."""
        if self.is_stopped:
            return
        if self._ahead:
            self._ahead.append((self._renew,))
        else:
            self._renew()
        self._sink.request_collected()
        if rest:
            self.feed(rest)

    def _renew(self) -> None:
        """Go on with a new parser: it expects what the request that asked for the upgrade still lacks."""
        self._parser = httptools.HttpRequestParser(self)
        if not self._is_upgrade_declined:
            return  # it is over: an upgrade that is passed on has no body
        self._is_upgrade_declined = False
        headers, self._headers = self._headers, []
        ahead, self._ahead = self._ahead, deque()
        self.is_waiting = True  # the head is told already: its callbacks go to _ahead, and away
        self._parser.feed_data(_framing_head(headers))
        had_no_body = any(callback == self.on_message_complete for callback, *_ in self._ahead)
        self._ahead = ahead
        self.is_waiting = False
        if had_no_body:
            self._complete()

    def _malformed(self, status: int, what: str) -> None:
        if self.is_stopped:
            return
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
