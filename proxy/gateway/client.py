"""The connection a client opened: checks its requests, notes them, passes them on, one at a time."""

from __future__ import annotations

import asyncio
from typing import cast

from proxy.errors import JournalUnavailable
from proxy.gateway.client_socket import ClientSocket
from proxy.gateway.deadlines import Waiting, Watch
from proxy.gateway.forward import IS_AHEAD, NO_ROOM, PEER_IS_FULL, Exchange, Relay, UpstreamSide
from proxy.gateway.http.answers import Refusal, answer_to
from proxy.gateway.http.check import check_headers, check_start
from proxy.gateway.http.intake import RequestIntake
from proxy.gateway.http.plan import RequestPlan, plan_request
from proxy.gateway.http.wire import RawHeaders, RequestHead
from proxy.gateway.limits import HEAD_BYTES_MAX, HEADER_COUNT_MAX, TOLD_MAX
from proxy.gateway.tap import END, INTENT, RESPONSE_CHUNK, RESPONSE_HEAD
from proxy.journal.format import ExchangeEnd, Flag, IntentHead, Kind, Mode, Outcome


class ClientConnection(ClientSocket):
    """One client connection. At most one exchange is in flight on it."""

    __slots__ = (
        "_address",
        "_exchange_count",
        "_has_place",
        "_intake",
        "_is_full",
        "_number",
        "_out",
        "_port",
        "_refusal",
        "_relay",
        "_upstream",
        "exchange",
        "is_reading_head",
        "watch",
    )

    def __init__(self, relay: Relay, number: int) -> None:
        super().__init__(relay.now)
        self._relay = relay
        self._number = number
        self._exchange_count = 0
        self._intake = RequestIntake(self)
        self._upstream: UpstreamSide | None = None
        self._out: list[bytes] = []
        self._is_full = False
        """The client takes less than it is given."""
        self._refusal = b""
        """An answer of ours that waits for the journal, without an exchange."""
        self._address, self._port = "", 0
        self._has_place = False
        self.exchange: Exchange | None = None
        self.is_reading_head = False
        """The worker saw a head begun and not whole; `since` then."""
        self.watch = Watch()

    # what the worker asks ------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Between requests, not a byte of the next one read."""
        return self.exchange is None and not self._intake.head_bytes and not self.is_lingering

    def head_timed_out(self) -> None:
        self._intake.stop()
        self._refuse(Refusal(408, "the request head did not arrive in time"))

    def close(self) -> None:
        """End after what was written."""
        self._close_upstream()
        self._close()

    def waits_for(self) -> tuple[Waiting, int]:
        """Whom the exchange waits for, and how many bytes have come from there, or gone there, so far."""
        exchange = self.exchange
        if exchange is None or exchange.ended or exchange.is_spliced:
            return Waiting.NOBODY, 0
        if self._is_full:
            given = exchange.response_bytes - exchange.down_held
            return Waiting.FOR_READER, given - self.untaken_bytes()
        if not (exchange.is_request_whole or self._pause_reasons & PEER_IS_FULL):
            if self._pause_reasons & ~IS_AHEAD:
                return Waiting.NOBODY, 0
            return Waiting.FOR_BODY, exchange.request_bytes
        if self._upstream is None or not exchange.was_sent:
            return Waiting.NOBODY, 0
        given = exchange.request_bytes - exchange.up_held
        heard = self._upstream.heard_bytes
        return Waiting.FOR_UPSTREAM, heard + given - self._upstream.unsent_bytes

    def look_for_hangup(self) -> None:
        """A client that is not being read may leave unseen, while upstream takes or says nothing."""
        if self.is_gone or not self._pause_reasons & (IS_AHEAD | PEER_IS_FULL):
            return
        is_spliced = self.exchange is not None and self.exchange.is_spliced
        if (
            not is_spliced and self.has_hung_up()
        ):  # what it said last on a splice is still passed on
            self._transport.abort()

    def journal_is_full(self) -> None:
        """strict: ends, and says so. available: goes on unrecorded."""
        if self.exchange is not None:
            if self.exchange.is_strict:
                self.abort(Outcome.PROXY_ERROR, NO_ROOM)
            else:
                self.exchange.record_no_more()
        elif self._refusal:
            self.answered(self._refusal)

    def journal_failed(self) -> None:
        """strict: what waits for the disk would wait for ever. available: goes on unrecorded."""
        if self.exchange is not None:
            if self.exchange.is_strict:
                self.abort(Outcome.PROXY_ERROR, "the journal failed")
            else:
                self.exchange.sequence = 0
        elif self._refusal:
            self.answered(self._refusal)

    def abort(self, outcome: Outcome, detail: str) -> None:
        """End now; an exchange in flight is closed with `outcome`."""
        if self.exchange is not None:
            self.exchange.abandon(outcome, detail)
        if self._upstream is not None:
            self._upstream.abort()
        if self.is_gone:
            self._leave()
        else:
            self._reset()  # a body without length must not seem whole

    # what an exchange asks (ClientSide) -----------------------------------------------------------

    def dial(self, exchange: Exchange) -> UpstreamSide:
        """A new upstream connection for `exchange`, in the place of any earlier one."""
        upstream = self._upstream = self._relay.dial(exchange)
        if self._is_full:
            upstream.pause(PEER_IS_FULL)
        return upstream

    def finished(self, *, keeps_alive: bool) -> None:
        """The answer is handed over. Next request, or the end."""
        has_unread = not self._intake.is_waiting or self._intake.has_more
        self.exchange = None
        upstream = self._upstream
        if upstream is not None:
            upstream.exchange = None
        if self.is_gone:
            self._leave()
        elif not keeps_alive or upstream is None or upstream.is_closed or self.is_closing:
            self._close_upstream()
            self._stop_gently(has_unread=has_unread)
        else:
            self.since = self._relay.now()
            self.is_reading_head = False
            self._intake.proceed()
            if not self._intake.has_more:
                self.resume(IS_AHEAD)

    def break_off(self, *, abruptly: bool) -> None:
        """Pass a break on: what was released goes out, then the connection ends without an end mark."""
        self.exchange = None
        if self.is_gone:
            self._leave()
        elif abruptly:
            self._reset()
        else:
            self._close()

    def answered(self, answer: bytes) -> None:
        """The proxy answered by itself: hand it over, then end."""
        self.exchange = None
        self._refusal = b""
        if self.is_gone:
            self._leave()
            return
        self._relay.gauges.refused += 1
        self.write(answer)
        self._close_upstream()
        self._stop_gently(has_unread=True)

    def splice_began(self) -> None:
        """Upstream switched protocols: raw bytes from here on, those that came early first."""
        early = self._intake.take_raw()
        self._intake.stop()
        if early:
            self._splice(early)
        self.resume(IS_AHEAD)

    def splice_ended(self, payload: None) -> None:  # noqa: ARG002 - the tap hands over one payload
        self.exchange = None
        if self.is_gone:
            self._leave()
        else:
            self._close()

    def upstream_closed_idle(self, upstream: UpstreamSide) -> None:
        """No pool: the client's connection ends with its upstream connection."""
        is_ours = upstream is self._upstream and self.exchange is None
        if is_ours and not self.is_gone and not self.is_closing:
            self.close()

    # asyncio --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            # A client without IPv6 at a socket for both: its address as it is.
            self._address, self._port = str(peer[0]).removeprefix("::ffff:"), int(peer[1])
        relay = self._relay
        relay.connections.add(self)
        none_because = relay.places.take(self._address)
        self._has_place = not none_because
        if none_because:
            relay.gauges.shed += 1
            if len(relay.connections) > relay.places.in_all + TOLD_MAX:
                self._reset()
            else:
                self._answer_unrecorded(Refusal(503, none_because))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        self.is_gone = True
        if self._intake.head_bytes and not self._intake.is_stopped:
            self._relay.gauges.cut_heads += 1
        if self._has_place:
            self._relay.places.give_back(self._address)
        self.since = self._relay.now()
        exchange = self.exchange
        if exchange is not None:
            exchange.client_left()
        if exchange is None or (exchange.ended and not exchange.is_spliced):
            self._leave()

    def eof_received(self) -> bool:
        """It has left. asyncio would first have it take what is unsent, which it may never do."""
        exchange = self.exchange
        is_under_way = exchange is not None and not (exchange.ended or exchange.is_spliced)
        if is_under_way and self._transport.get_write_buffer_size():
            self._transport.abort()
        return False

    def pause_writing(self) -> None:
        self._is_full = True
        if self._upstream is not None:
            self._upstream.pause(PEER_IS_FULL)

    def resume_writing(self) -> None:
        self._is_full = False
        if self._upstream is not None:
            self._upstream.resume(PEER_IS_FULL)

    def data_received(self, data: bytes) -> None:
        if self.is_closing:
            return
        if self.exchange is not None and self.exchange.is_spliced:
            self._splice(data)
            return
        self._intake.feed(data)
        if self._intake.has_more:
            self.pause(IS_AHEAD)

    # RequestSink ----------------------------------------------------------------------------------

    def request_head(self, head: RequestHead) -> bool:
        relay = self._relay
        plan = plan_request(head, upstream_host=relay.authority, lines=relay.lines)
        refusal = check_start(head.method, head.target, head.version)
        if refusal is None and not plan.is_plain:
            refusal = check_headers(head, relay.lines.via)
        if head.head_bytes > HEAD_BYTES_MAX or len(head.headers) > HEADER_COUNT_MAX:
            limits = f"{HEAD_BYTES_MAX} bytes or {HEADER_COUNT_MAX} lines"
            refusal = Refusal(431, f"the request head has more than {limits}")
        if refusal is not None:
            self._intake.stop()
            self._refuse(refusal, plan.record, without_body=plan.is_head)
        else:
            self._begin(plan)
        return plan.wants_upgrade

    def request_body(self, piece: bytes) -> None:
        if self.exchange is not None:
            self._out.append(self.exchange.request_piece(piece))

    def request_end(self, trailers: RawHeaders) -> None:
        exchange = self.exchange
        if exchange is None:
            return
        lines = b""
        if trailers:
            lines = self._relay.lines.redactor.lines(trailers, exchange.request.secrets)
        last = exchange.request_end(lines)
        if last:
            self._out.append(last)

    def request_collected(self) -> None:
        out = self._out
        if out and self.exchange is not None:
            data = b"".join(out) if len(out) > 1 else out[0]
            out.clear()
            self.exchange.hold_up(data)

    def request_malformed(self, status: int, what: str) -> None:
        """Not HTTP. In the middle of a request its exchange ends; else it is refused."""
        exchange = self.exchange
        self._out.clear()
        if exchange is None:
            self._refuse(Refusal(status, what))
        elif exchange.ended:
            return  # its last bytes are on their way, and close the connection
        elif exchange.response is None:
            exchange.refuse(Refusal(status, what), Outcome.CLIENT_GONE)
        else:
            exchange.abandon(Outcome.CLIENT_GONE, what)
            self.exchange = None
            self._reset()

    # ----------------------------------------------------------------------------------------------

    def _begin(self, plan: RequestPlan) -> None:
        relay = self._relay
        mode = relay.mode_of(plan)
        is_strict = mode is Mode.STRICT
        try:
            sequence = relay.tap.begin(is_strict=is_strict)
        except JournalUnavailable:
            # Why stands in our log: it may name paths, and a caller can only come again.
            self._answer_unrecorded(Refusal(503, "the journal takes no records now"))
            return
        exchange = self.exchange = Exchange(relay, self, sequence, plan, is_strict=is_strict)
        intent = self._intent(plan.record, mode)
        relay.tap.note(sequence, INTENT, intent, relay.purpose.flag)
        if is_strict:
            relay.tap.await_intent(exchange)
        if self._upstream is None or self._upstream.is_closed:
            exchange.upstream = self.dial(exchange)
        else:
            self._upstream.adopt(exchange)
            exchange.upstream = self._upstream
        self._out.append(plan.head)

    def _intent(self, record: bytes, mode: Mode) -> bytes:
        index = self._exchange_count
        self._exchange_count += 1
        return IntentHead(self._number, index, self._port, self._address, mode, record).encode()

    def _splice(self, data: bytes) -> None:
        exchange = self.exchange
        assert exchange is not None, "spliced bytes belong to an exchange"
        if exchange.ended:
            return  # upstream closed; what it said last is on its way
        exchange.tap.note(exchange.sequence, Kind.SPLICED_CHUNK, data, Flag.FROM_CLIENT)
        exchange.hold_up(data)

    def _refuse(self, refusal: Refusal, record: bytes = b"", *, without_body: bool = False) -> None:
        """Answer a request that is not passed on, and record that it was made and refused."""
        tap = self._relay.tap
        answer = answer_to(refusal, without_body=without_body)
        try:
            sequence = tap.begin(is_strict=True)
        except JournalUnavailable:
            self._answer_unrecorded(refusal)
            return
        self.is_closing = True
        self.since = self._relay.now()
        self._refusal = answer.whole
        intent = self._intent(record, Mode.STRICT)
        tap.note(sequence, INTENT, intent, self._relay.purpose.flag)
        tap.note(sequence, RESPONSE_HEAD, answer.head, Flag.OWN_ANSWER)
        tap.note(sequence, RESPONSE_CHUNK, answer.body, Flag.OWN_ANSWER)
        closing = ExchangeEnd(Outcome.REFUSED, len(answer.body), refusal.message)
        tap.note(sequence, END, closing.encode())
        tap.hold(self.answered, answer.whole, is_strict=True)

    def _answer_unrecorded(self, refusal: Refusal) -> None:
        """The journal takes nothing, or the worker is full: answer without a record, and count it."""
        self._intake.stop()
        self.answered(answer_to(refusal).whole)

    def _close_upstream(self) -> None:
        if self._upstream is not None:
            self._upstream.close()

    def _stop_gently(self, *, has_unread: bool) -> None:
        self._intake.stop()
        self._close_gently(has_unread=has_unread)

    def _leave(self) -> None:
        self._close_upstream()
        self._relay.connections.discard(self)
