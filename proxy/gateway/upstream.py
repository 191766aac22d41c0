"""The connection to upstream: at most one per client connection, opened lazily, closed with it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import cast

import httptools

from proxy.gateway.forward import PEER_IS_FULL, Exchange
from proxy.gateway.http.answers import Refusal
from proxy.gateway.http.plan import plan_interim, plan_response
from proxy.gateway.http.wire import RawHeaders, ResponseHead, Upstream
from proxy.gateway.limits import RESPONSE_HEAD_BYTES_MAX
from proxy.journal.format import Flag, Kind, Outcome


def tls_context(upstream: Upstream, ca_file: Path | None) -> ssl.SSLContext | None:
    """How to speak TLS to upstream; None: it is plain http."""
    if upstream.scheme != "https":
        return None
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.set_alpn_protocols(["http/1.1"])
    return context


class UpstreamConnection(asyncio.Protocol):
    """Sends requests of one client connection, reads their responses, notes them, passes them on."""

    __slots__ = (
        "_client",
        "_has_surplus",
        "_headers",
        "_is_final_head_seen",
        "_out",
        "_parser",
        "_pause_reasons",
        "_problem",
        "_reason",
        "_silent_bytes",
        "_transport",
        "_unsent",
        "exchange",
        "has_exchanged",
        "heard_bytes",
        "is_closed",
    )

    def __init__(self, exchange: Exchange) -> None:
        self.exchange: Exchange | None = exchange
        self._client = exchange.client
        self.is_closed = False
        self.has_exchanged = False
        """Something of the current exchange was handed to this connection."""
        self.heard_bytes = 0
        """All that was read, framing and unfinished heads included."""
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._unsent: list[bytes] = []
        self._out: list[bytes] = []
        self._headers: RawHeaders = []
        self._reason = b""
        self._is_final_head_seen = False
        self._has_surplus = False
        self._pause_reasons = 0
        self._problem: str | None = None
        """What is wrong with the response although it is HTTP."""
        self._silent_bytes = 0
        """Read since a head was whole or a body had bytes."""

    # towards upstream ---------------------------------------------------------------------------

    def adopt(self, exchange: Exchange) -> None:
        """Take the next exchange of the same client connection."""
        assert self.exchange is None, "one exchange at a time"
        self.exchange = exchange
        self.has_exchanged = False
        self._is_final_head_seen = False

    def write(self, data: bytes) -> None:
        self.has_exchanged = True
        if self._transport is None:
            self._unsent.append(data)
        elif not self.is_closed:
            self._transport.write(data)
            if self.exchange is not None:
                self.exchange.sent_up(len(data))

    @property
    def unsent_bytes(self) -> int:
        """What upstream has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def failed(self, message: str) -> None:
        """No connection came about, so nothing was sent: 502 is true, and safe to retry."""
        self.is_closed = True
        self._unsent.clear()
        if self.exchange is not None:
            self.exchange.refuse(Refusal(502, message), Outcome.PROXY_ERROR)

    def close(self) -> None:
        """End after what was written; used between exchanges."""
        self.is_closed = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End at once; what upstream still says is not waited for."""
        self.is_closed = True
        self._unsent.clear()
        if self._transport is not None:
            self._transport.abort()

    def pause(self, reason: int) -> None:
        if self._pause_reasons == 0 and self._transport is not None and not self.is_closed:
            self._transport.pause_reading()
        self._pause_reasons |= reason

    def resume(self, reason: int) -> None:
        if not self._pause_reasons & reason:
            return
        self._pause_reasons &= ~reason
        if self._pause_reasons == 0 and self._transport is not None and not self.is_closed:
            self._transport.resume_reading()

    # asyncio ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self.is_closed:
            self._transport.abort()
            return
        if self._pause_reasons:
            # Not at once: uvloop begins to read only after this call.
            asyncio.get_running_loop().call_soon(self._pause_again)
        unsent, self._unsent = self._unsent, []
        for data in unsent:
            self.write(data)

    def pause_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.client.pause(PEER_IS_FULL)

    def resume_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.client.resume(PEER_IS_FULL)

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        self.heard_bytes += len(data)
        if exchange is None or exchange.ended or not exchange.was_sent:
            # Nobody asked, or the answer is over (as after HEAD): these bytes are nobody's answer.
            self.close()
            return
        if exchange.is_spliced:
            self._splice(exchange, data)
            return
        self._silent_bytes += len(data)
        problem = None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as stop:
            problem = self._stopped(stop, exchange, data)
        if self._silent_bytes > RESPONSE_HEAD_BYTES_MAX and problem is None:
            problem = f"a response head or trailer has more than {RESPONSE_HEAD_BYTES_MAX} bytes"
        problem = problem or self._problem
        if self._out:
            out = b"".join(self._out) if len(self._out) > 1 else self._out[0]
            self._out.clear()
            exchange.hold_down(out)
        elif exchange.is_response_whole:
            exchange.hold_down(b"")
        if self._has_surplus:
            self.close()
        if problem is not None and not exchange.ended:
            exchange.upstream_broke(problem, abruptly=True)
            self.abort()

    def eof_received(self) -> bool:
        self.is_closed = True  # the next request needs another connection
        return False

    def _pause_again(self) -> None:
        if self._pause_reasons and self._transport is not None and not self.is_closed:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        exchange = self.exchange
        if exchange is None:
            self._client.upstream_closed_idle(self)
        elif exchange.ended:
            # What is still held for the client is released in its turn; `finished` sees is_closed.
            return
        elif exchange.is_spliced:
            exchange.end(Outcome.COMPLETE, "upstream closed the spliced connection")
            exchange.hold(self._client.splice_ended, None)
        elif self._is_final_head_seen and self._ends_with_connection(exchange) and exc is None:
            last = exchange.response_end()
            exchange.hold_down(last)
        elif exchange.was_sent:
            how = "reset" if exc is not None else "closed"
            where = (
                "in the middle of its answer" if self._is_final_head_seen else "without an answer"
            )
            exchange.upstream_broke(
                f"upstream {how} the connection {where}", abruptly=exc is not None
            )

    # httptools ----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.exchange is None or self.exchange.ended:
            self._has_surplus = True

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        exchange = self.exchange
        if exchange is None or exchange.ended:
            return
        headers, self._headers = self._headers, []
        reason, self._reason = self._reason, b""
        self._silent_bytes = 0
        status = self._parser.get_status_code()
        head = ResponseHead(status, reason, self._parser.get_http_version(), headers)
        lines = exchange.relay.lines
        if status < 200:
            plan = plan_interim(head, request=exchange.request, lines=lines)
            is_switch = status == 101 and exchange.request.wants_upgrade
            exchange.response_head(plan, is_interim=not is_switch)
            if status == 101 and not is_switch:
                self._problem = "upstream switched protocols unasked"
                return
            if exchange.request.version == "1.0":
                return
        else:
            self._is_final_head_seen = True
            relay = exchange.relay
            plan = plan_response(
                head,
                request=exchange.request,
                upstream=relay.upstream,
                lines=lines,
                scheme=relay.scheme,
            )
            exchange.response_head(plan)
            if plan.problem:
                self._problem = plan.problem
                return
            self._head_is_known(exchange)
        self._out.append(plan.head)

    def on_body(self, piece: bytes) -> None:
        exchange = self.exchange
        self._silent_bytes = 0
        if exchange is None or exchange.ended or self._problem is not None:
            return
        if exchange.response is None:  # llhttp goes by its Content-Length or Transfer-Encoding
            self._problem = "an interim response of upstream (1xx) has a body"
            return
        self._out.append(exchange.response_piece(piece))

    def on_message_complete(self) -> None:
        exchange = self.exchange
        if (
            exchange is None
            or exchange.ended
            or not self._is_final_head_seen
            or self._problem is not None
        ):
            return
        headers, self._headers = self._headers, []
        trailers = b""
        if headers:
            trailers = exchange.relay.lines.redactor.lines(headers, exchange.request.secrets)
        last = exchange.response_end(trailers)
        if last:
            self._out.append(last)

    # --------------------------------------------------------------------------------------------

    def _stopped(self, stop: Exception, exchange: Exchange, data: bytes) -> str | None:
        """The parser does not go on: returns what is wrong with the response, if anything."""
        if isinstance(stop, httptools.HttpParserCallbackError):
            raise stop  # what we did with the callback failed: a bug of ours, not of upstream
        if not isinstance(stop, httptools.HttpParserUpgrade):
            return self._problem or f"the response is not HTTP: {stop}"[:200]
        if self._problem is None and exchange.response is not None and not exchange.ended:
            exchange.is_spliced = True
            exchange.client.splice_began()
            offset: int = stop.args[0]
            if len(data) > offset:
                self._out.append(self._spliced(exchange, data[offset:]))
        return self._problem

    def _head_is_known(self, exchange: Exchange) -> None:
        assert exchange.response is not None, "called after the head"
        if exchange.request.is_head:
            # llhttp would take what follows for this response's body: headers, then close.
            exchange.response_end()
            self.close()
        elif exchange.client.is_gone and exchange.response.is_stream:
            exchange.client_left()
            self._client.finished(keeps_alive=False)

    def _ends_with_connection(self, exchange: Exchange) -> bool:
        return exchange.response is not None and exchange.response.ends_with_connection

    def _spliced(self, exchange: Exchange, data: bytes) -> bytes:
        exchange.tap.note(exchange.sequence, Kind.SPLICED_CHUNK, data, Flag.NONE)
        return data

    def _splice(self, exchange: Exchange, data: bytes) -> None:
        exchange.hold_down(self._spliced(exchange, data))
