"""One answer on its way out: writes what it is given, lets happen what a fault asks, keeps the account.

What was handed to the socket is digested and counted here, so the ledger says what left, not what was meant.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from email.utils import formatdate
from typing import Final

from aiohttp import web

from proxy.emulator.asked.faults import BODIES, WHOLE, Fault, refusal_of
from proxy.emulator.asked.refusals import JSON_TYPE, Refusal
from proxy.emulator.wire.response import Response, has_body

EVENT_STREAM_TYPE: Final = "text/event-stream"
SERVER: Final = "interactions-emulator"

STALL_S: Final = 3600.0
"""How long a stalled answer is held if the client stays: longer than any client's patience."""

SLOW_PIECES: Final = 8
"""A slow or stalling JSON body is written in so many pieces."""

GZIP_WBITS: Final = 31
"""zlib's number for the gzip container with the largest window."""

NS: Final = 1_000_000_000


class ConnectionBroken(Exception):
    """The answer was cut on purpose. Nothing more can be written; the account is complete."""


class Outlet:
    """Writes one answer. Use it for exactly one of `send` and `stream`."""

    def __init__(
        self,
        request: web.BaseRequest,
        fault: Fault,
        *,
        pause: Callable[[float], Awaitable[None]],
        now_ns: Callable[[], int],
        gap_s: float = 0.0,
    ) -> None:
        """`pause` lets so many seconds pass; `now_ns` is what dates in the answer are counted from."""
        self._request = request
        self._fault = fault
        self._pause = pause
        self._now_ns = now_ns
        self._gap_s = fault.gap if fault.gap is not None else gap_s
        self._digest = hashlib.sha256()
        self._compressor: zlib._Compress | None = None
        self.response: web.StreamResponse | None = None
        self.status = 0
        self.body_bytes = 0
        self.events = 0
        self.finished = False

    @property
    def body_sha256(self) -> str:
        return self._digest.hexdigest()

    def suffer(self, fault: Fault) -> None:
        """Let this go wrong instead. Only before anything was written."""
        assert self.response is None, "a fault after the answer's head"
        self._fault = fault
        self._gap_s = fault.gap if fault.gap is not None else self._gap_s

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with an error's body."""
        body, content_type = refusal.body()
        status, headers = refusal.status, refusal.headers
        await self.send(body, status=status, content_type=content_type, headers=headers)

    async def send(
        self,
        body: bytes,
        *,
        status: int = 200,
        content_type: str = JSON_TYPE,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with a body known as a whole.

        Raises:
            ConnectionBroken: a fault cut it.
            ConnectionError: the client left.
        """
        if self._fault is WHOLE:
            await self._send_plainly(body, status, content_type, headers or {})
            return
        if self._must_fail_after_all():
            refusal = refusal_of(self._fault)
            status, (body, content_type) = refusal.status, refusal.body()
        elif status < 400:
            status = self._fault.served_as or status
            body = BODIES[self._fault.body] if self._fault.body else body
            body = body if has_body(status) else b""
        await self._before_head()
        is_coded = self._start_coding()
        coded = self._coded(body, is_last=True)
        length = None if self._fault.chunked or not has_body(status) else len(coded)
        coded = self._sent(coded)
        await self._open(status, content_type, length, is_coded=is_coded, headers=headers or {})
        for number, piece in enumerate(self._pieces(coded)):
            if self._fault.stall is not None and number >= self._fault.stall:
                await self._pause(STALL_S)
            await self._write(piece)
            if self._fault.gap:
                await self._pause(self._fault.gap)
        await self._close()

    async def stream(
        self,
        blocks: Iterable[tuple[bytes, bool]],
        content_type: str = EVENT_STREAM_TYPE,
        *,
        gaps_s: Sequence[float] = (),
    ) -> None:
        """Answer with a stream of blocks, each with whether it counts as an event.

        `gaps_s` are the seconds before the first, second, … event; behind its end, and without it,
        the gap is the emulator's own.

        Raises:
            ConnectionBroken: a fault cut it.
            ConnectionError: the client left.
        """
        if self._must_fail_after_all():
            await self.send(b"")
            return
        if self._fault.body is not None:
            blocks = [(BODIES[self._fault.body], False)]
        await self._before_head()
        is_coded = self._start_coding()
        headers = {"Cache-Control": "no-cache"}
        status = self._fault.served_as or 200
        await self._open(status, content_type, None, is_coded=is_coded, headers=headers)
        held = b""
        for data, is_event in blocks if has_body(status) else ():
            if is_event:
                await self._between_events(data, gaps_s)
            elif self._is_at(self._fault.cut_stream):
                self._break()  # behind the last event, before [DONE]
                raise ConnectionBroken
            if self._is_at(self._fault.end_stream):
                break
            self.events += is_event
            if self._fault.one_write:
                held += data
            else:
                await self._write(self._coded(data))
        await self._write(self._coded(held, is_last=True))
        await self._close()

    async def vanish(self) -> None:
        """Close the connection without a byte of an answer."""
        self._break()
        raise ConnectionBroken

    async def _send_plainly(
        self, body: bytes, status: int, content_type: str, headers: Mapping[str, str]
    ) -> None:
        """What `send` does if nothing is to go wrong: head and body leave in one piece."""
        length = str(len(body))
        head = {"Content-Type": content_type, "Content-Length": length, "Server": SERVER}
        self.response = Response(status, {**head, **headers}, leaves_at_once=False)
        self.status = status
        body = self._sent(body)
        self._digest.update(body)
        self.body_bytes = len(body)
        await self.response.prepare(self._request)
        await self.response.write_eof(body)
        self.finished = True

    def _sent(self, body: bytes) -> bytes:
        """What leaves of a body: nothing if the head alone was asked for."""
        return b"" if self._request.method == "HEAD" else body

    def _must_fail_after_all(self) -> bool:
        return self._fault.carried_out and self._fault.status is not None

    async def _before_head(self) -> None:
        if self._fault.delay:
            await self._pause(self._fault.delay)
        if self._fault.vanish:
            await self.vanish()

    async def _between_events(self, data: bytes, gaps_s: Sequence[float]) -> None:
        """What comes before the event with these bytes: a wait, a stall, a cut before it or within."""
        if self._is_at(self._fault.cut_stream):
            self._break()
            raise ConnectionBroken
        if self._is_at(self._fault.stall):
            await self._pause(STALL_S)
        gap_s = self._gap_s if self.events else 0.0
        if self.events < len(gaps_s) and self._fault.gap is None:
            gap_s = gaps_s[self.events]
        if gap_s:
            await self._pause(gap_s)
        if self._is_at(self._fault.cut_event):
            await self._write(self._coded(data[: len(data) // 2]))
            self._break()
            raise ConnectionBroken

    def _is_at(self, place: int | None) -> bool:
        return place is not None and self.events >= place

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        """The whole, or its eighths if something is to happen between them."""
        is_slow = self._fault.gap is not None or self._fault.stall is not None
        step = max(1, -(-len(data) // SLOW_PIECES) if is_slow else len(data))
        return (data[place : place + step] for place in range(0, len(data), step))

    async def _open(
        self,
        status: int,
        content_type: str,
        length: int | None,
        *,
        is_coded: bool,
        headers: Mapping[str, str],
    ) -> None:
        head = {"Content-Type": self._fault.type or content_type, "Server": SERVER, **headers}
        if head["Content-Type"] == "none":
            del head["Content-Type"]
        if status >= 400:
            head |= self._told_to_come_back()
        if self._fault.location is not None and 300 <= status < 400:
            head["Location"] = self._fault.location
        if is_coded:
            head["Content-Encoding"] = "gzip"
        if length is not None:
            head["Content-Length"] = str(length)
        response = Response(status, head)
        if self._fault.cut_head is not None:
            self._break(response.half_head(self._fault.cut_head))
            raise ConnectionBroken
        self.response, self.status = response, status
        await response.prepare(self._request)

    def _told_to_come_back(self) -> Iterator[tuple[str, str]]:
        """When a client may try again, in the forms that the fault names."""
        if self._fault.retry_after is not None:
            yield "Retry-After", self._fault.retry_after
        if self._fault.retry_date is not None:
            at_s = self._now_ns() / NS + self._fault.retry_date
            yield "Retry-After", formatdate(at_s, usegmt=True)
        if self._fault.retry_after_ms is not None:
            yield "retry-after-ms", self._fault.retry_after_ms

    def _start_coding(self) -> bool:
        is_accepted = "gzip" in self._request.headers.get("Accept-Encoding", "").lower()
        if self._fault.gzip and is_accepted:
            self._compressor = zlib.compressobj(wbits=GZIP_WBITS)
        return self._compressor is not None

    def _coded(self, data: bytes, *, is_last: bool = False) -> bytes:
        if self._compressor is None:
            return data
        mode = zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH
        return self._compressor.compress(data) + self._compressor.flush(mode)

    async def _write(self, data: bytes) -> None:
        limit = self._fault.cut_bytes
        kept = data if limit is None else data[: max(0, limit - self.body_bytes)]
        size = 1 if self._fault.bytewise or self._fault.drip else max(len(kept), 1)
        assert self.response is not None, "write before open"
        for place in range(0, len(kept), size):
            piece = kept[place : place + size]
            self._digest.update(piece)
            self.body_bytes += len(piece)
            await self.response.write(piece)
            if self._fault.drip:
                await self._pause(self._fault.drip)
        if limit is not None and self.body_bytes >= limit:
            self._break()
            raise ConnectionBroken

    async def _close(self) -> None:
        assert self.response is not None, "close before open"
        await self.response.write_eof()
        self.finished = True

    def _break(self, last: bytes = b"") -> None:
        """Drop the connection: everything written before has left, and `last`; nothing ends properly."""
        transport = self._request.transport
        if transport is None:
            return
        if last:
            transport.write(last)
        if self._fault.reset:
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
