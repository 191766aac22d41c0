"""One answer on its way out: writes what it is given, lets happen what a fault asks, keeps the account.

What was handed to the socket is digested and counted here, so the ledger says what left, not what was meant.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

from aiohttp import web

from proxy.emulator.asked.faults import Fault
from proxy.emulator.asked.refusals import JSON_TYPE, Refusal

EVENT_STREAM_TYPE: Final = "text/event-stream"

STALL_S: Final = 3600.0
"""How long a stalled answer is held if the client stays: longer than any client's patience."""

SLOW_PIECES: Final = 8
"""A slow JSON body is written in so many pieces."""

GZIP_WBITS: Final = 31
"""zlib's number for the gzip container with the largest window."""


class ConnectionBroken(Exception):
    """The answer was cut on purpose. Nothing more can be written; the account is complete."""


class Outlet:
    """Writes one answer. Use it for exactly one of `send` and `stream`."""

    def __init__(
        self,
        request: web.Request,
        fault: Fault,
        *,
        pause: Callable[[float], Awaitable[None]],
        gap_s: float = 0.0,
    ) -> None:
        self._request = request
        self._fault = fault
        self._pause = pause
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
        await self._before_head()
        is_coded = self._start_coding()
        coded = self._coded(body, is_last=True)
        length = None if self._fault.chunked else len(coded)
        await self._open(status, content_type, length, is_coded=is_coded, headers=headers or {})
        step = len(coded) if self._fault.gap is None else -(-len(coded) // SLOW_PIECES)
        for place in range(0, len(coded), max(step, 1)):
            await self._write(coded[place : place + step])
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
        await self._before_head()
        is_coded = self._start_coding()
        headers = {"Cache-Control": "no-cache"}
        await self._open(200, content_type, None, is_coded=is_coded, headers=headers)
        held = b""
        for data, is_event in blocks:
            if is_event:
                await self._between_events(gaps_s)
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

    async def _before_head(self) -> None:
        if self._fault.delay:
            await self._pause(self._fault.delay)
        if self._fault.vanish:
            await self.vanish()

    async def _between_events(self, gaps_s: Sequence[float]) -> None:
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

    def _is_at(self, place: int | None) -> bool:
        return place is not None and self.events >= place

    async def _open(
        self,
        status: int,
        content_type: str,
        length: int | None,
        *,
        is_coded: bool,
        headers: Mapping[str, str],
    ) -> None:
        response = web.StreamResponse(status=status, headers=headers)
        response.headers["Content-Type"] = self._fault.type or content_type
        response.headers["Server"] = "interactions-emulator"
        if self._fault.retry_after is not None and status >= 400:
            response.headers["Retry-After"] = self._fault.retry_after
        if self._fault.retry_after_ms is not None and status >= 400:
            response.headers["retry-after-ms"] = self._fault.retry_after_ms
        if is_coded:
            response.headers["Content-Encoding"] = "gzip"
        response.content_length = length
        self.response, self.status = response, status
        await response.prepare(self._request)

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
        size = 1 if self._fault.bytewise else max(len(kept), 1)
        assert self.response is not None, "write before open"
        for place in range(0, len(kept), size):
            piece = kept[place : place + size]
            self._digest.update(piece)
            self.body_bytes += len(piece)
            await self.response.write(piece)
        if limit is not None and self.body_bytes >= limit:
            self._break()
            raise ConnectionBroken

    async def _close(self) -> None:
        assert self.response is not None, "close before open"
        await self.response.write_eof()
        self.finished = True

    def _break(self) -> None:
        """Drop the connection: everything written before has left; nothing ends properly."""
        transport = self._request.transport
        if transport is None:
            return
        if self._fault.reset:
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
