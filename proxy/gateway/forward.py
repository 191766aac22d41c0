"""One exchange on its way through: what was noted, what is still held, and how it ends.

The client's connection and the upstream's connection both work on an Exchange; it is the only place
that decides how an exchange ends, and it does so exactly once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from proxy.gateway.client_socket import Gauges, Places
from proxy.gateway.http.answers import Refusal, answer_to
from proxy.gateway.http.lines import Lines
from proxy.gateway.http.plan import RequestPlan, ResponsePlan
from proxy.gateway.http.wire import CHUNK, LAST_CHUNK, Upstream
from proxy.gateway.limits import HELD_BYTES_MAX
from proxy.gateway.tap import END, REQUEST_CHUNK, REQUEST_END, RESPONSE_CHUNK, RESPONSE_HEAD, Tap
from proxy.journal.format import ExchangeEnd, Flag, Mode, Outcome, Purpose, RequestEnd

PEER_IS_FULL = 1
IS_HELD = 2
IS_BACKED_UP = 4
IS_AHEAD = 8
"""Why reading from a connection is paused; bits, because several can hold at once."""
NO_ROOM: Final = "the journal had no room for the rest"
_COMPLETE: Final = Outcome.COMPLETE  # once, as in tap


class ClientSide(Protocol):
    """What an exchange asks of the connection it came from."""

    is_gone: bool

    def write(self, data: bytes) -> None: ...
    def dial(self, exchange: Exchange) -> UpstreamSide: ...
    def finished(self, *, keeps_alive: bool) -> None: ...
    def break_off(self, *, abruptly: bool) -> None: ...
    def answered(self, answer: bytes) -> None: ...
    def splice_began(self) -> None: ...
    def splice_ended(self, payload: None) -> None: ...
    def upstream_closed_idle(self, upstream: UpstreamSide) -> None: ...
    def pause(self, reason: int) -> None: ...
    def resume(self, reason: int) -> None: ...


class UpstreamSide(Protocol):
    """What an exchange, and the client's connection, ask of the connection it goes to."""

    exchange: Exchange | None
    is_closed: bool
    has_exchanged: bool
    heard_bytes: int

    @property
    def unsent_bytes(self) -> int: ...
    def adopt(self, exchange: Exchange) -> None: ...
    def close(self) -> None: ...

    def write(self, data: bytes) -> None: ...
    def abort(self) -> None: ...
    def pause(self, reason: int) -> None: ...
    def resume(self, reason: int) -> None: ...


class Connections(Protocol):
    """The worker's client connections: the open ones, and those gone whose exchange still runs."""

    def __len__(self) -> int: ...
    def add(self, connection: Any, /) -> None: ...
    def discard(self, connection: Any, /) -> None: ...


class Dial(Protocol):
    """Opens an upstream connection; bytes written before it is there wait for it."""

    def __call__(self, exchange: Exchange) -> UpstreamSide: ...


@dataclass(slots=True, kw_only=True)
class Relay:
    """What all connections of a worker share."""

    tap: Tap
    lines: Lines
    upstream: Upstream
    dial: Dial
    connections: Connections
    now: Callable[[], float]
    """Loop time, in seconds."""
    authority: bytes
    """What Host says to upstream."""
    places: Places
    mode: Mode
    """For what changes something upstream: POST, DELETE, and any method we do not know."""
    reads: Mode
    """For GET, HEAD and OPTIONS."""
    finishes: bool
    """An answer whose client left is read to its end, unless it is a stream."""
    gauges: Gauges
    purpose: Purpose = Purpose.CLIENT
    """Whose connections these are: each listener has a Relay of its own, which shares all the rest."""
    scheme: bytes = b"http"
    """By which clients come."""

    def mode_of(self, plan: RequestPlan) -> Mode:
        return self.reads if plan.is_read else self.mode


class Exchange:
    """State of one request and its response. Mutable; owned by the loop thread."""

    __slots__ = (
        "client",
        "down_held",
        "ended",
        "is_request_whole",
        "is_response_whole",
        "is_spliced",
        "is_strict",
        "is_withheld",
        "relay",
        "request",
        "request_bytes",
        "response",
        "response_bytes",
        "sequence",
        "tap",
        "up_held",
        "upstream",
        "was_sent",
    )

    def __init__(
        self,
        relay: Relay,
        client: ClientSide,
        sequence: int,
        request: RequestPlan,
        *,
        is_strict: bool = True,
    ) -> None:
        self.relay = relay
        self.tap: Tap = relay.tap
        self.client = client
        self.sequence = sequence
        self.request = request
        self.is_strict = is_strict
        self.response: ResponsePlan | None = None
        self.upstream: UpstreamSide | None = None
        self.request_bytes = 0
        self.response_bytes = 0
        self.up_held = 0
        """Bytes noted and not yet written to upstream."""
        self.down_held = 0
        self.is_request_whole = False
        self.is_response_whole = False
        self.is_spliced = False
        self.was_sent = False
        """A byte of the request may have reached upstream: from here on no refusal, only truth."""
        self.ended = False
        """The closing record is noted. Nothing is noted after it."""
        self.is_withheld = request.is_read and relay.purpose is Purpose.VERIFY
        """The body of the answer is passed on and written nowhere; the closing record tells its size."""
        relay.gauges.in_flight += 1

    def hold(self, release: Callable[[Any], None], payload: Any) -> None:
        """Call release(payload) when everything noted so far is durable; at once, if nobody waits for that."""
        self.tap.hold(release, payload, is_strict=self.is_strict)

    # request side -------------------------------------------------------------------------------

    def request_piece(self, piece: bytes) -> bytes:
        """Note a piece of the request body; returns it framed for upstream. Nothing once it ended."""
        if self.ended:
            return b""
        self.request_bytes += len(piece)
        self.tap.note(self.sequence, REQUEST_CHUNK, piece)
        return CHUNK % (len(piece), piece) if self.request.is_chunked else piece

    def request_end(self, trailers: bytes) -> bytes:
        """Note that the request is whole; returns the last framing bytes for upstream."""
        if self.ended:
            return b""
        self.is_request_whole = True
        end = RequestEnd(self.request_bytes, trailers)
        self.tap.note(self.sequence, REQUEST_END, end.encode())
        return LAST_CHUNK if self.request.is_chunked else b""

    def hold_up(self, data: bytes) -> None:
        """Send `data` upstream when everything noted so far is durable."""
        self.up_held += len(data)
        if self.up_held > HELD_BYTES_MAX:
            self.client.pause(IS_HELD)
        if self.tap.hold(self._release_up, data, is_strict=self.is_strict):
            self.client.pause(IS_BACKED_UP)
            self.tap.when_drained(self._resume_client)

    def _release_up(self, data: bytes) -> None:
        # An early answer does not cut the request: its connection may carry another one.
        if self.ended and not (self.is_response_whole or self.is_spliced):
            return
        upstream = self.upstream
        if upstream is None or (upstream.is_closed and not self.was_sent):
            # The kept-alive connection ended before a byte of this request went out: not a retry.
            if upstream is not None:
                upstream.exchange = None  # its end is no longer ours
            upstream = self.upstream = self.client.dial(self)
        upstream.write(data)

    def sent_up(self, count: int) -> None:
        """Upstream's transport took `count` bytes."""
        self.was_sent = True
        before = self.up_held
        left = self.up_held = before - count
        if before > HELD_BYTES_MAX >= left:
            self.client.resume(IS_HELD)

    def _resume_client(self) -> None:
        self.client.resume(IS_BACKED_UP)

    def intent_expired(self) -> None:
        """The intent is not durable in time. Nothing was sent, so refusing is safe and a retry is too."""
        if not self.awaits_intent or self.client.is_gone:
            return
        self.end(Outcome.REFUSED, "the intent was not durable within its deadline")
        self.drop_upstream()
        # Not held: the journal that would release it is the one that is late.
        refusal = Refusal(503, "the journal is too slow to record this request now")
        self.client.answered(answer_to(refusal).whole)

    @property
    def awaits_intent(self) -> bool:
        return not (self.was_sent or self.ended or self.upstream_has_bytes)

    @property
    def upstream_has_bytes(self) -> bool:
        """Whether the journal has released something of this request (it may wait for the connection)."""
        return self.upstream is not None and self.upstream.has_exchanged

    def refuse(self, refusal: Refusal, outcome: Outcome) -> None:
        """Answer in our own name. Only while nothing was sent upstream, or the request itself is broken."""
        if self.ended:
            return
        if not self.client.is_gone:
            answer = answer_to(refusal)
            self.response_bytes = len(answer.body)
            self.tap.note(self.sequence, RESPONSE_HEAD, answer.head, Flag.OWN_ANSWER)
            self.tap.note(self.sequence, RESPONSE_CHUNK, answer.body, Flag.OWN_ANSWER)
            self.end(outcome, refusal.message)
            self.hold(self.client.answered, answer.whole)
        else:
            self.end(outcome, refusal.message)
            self.hold(self._release_break, False)  # noqa: FBT003 - the tap hands over one payload
        self.drop_upstream()

    # response side ------------------------------------------------------------------------------

    def response_head(self, plan: ResponsePlan, *, is_interim: bool = False) -> None:
        """Note a response head."""
        flags = Flag.INTERIM if is_interim else 0
        self.tap.note(self.sequence, RESPONSE_HEAD, plan.record, flags)
        if not is_interim:
            self.response = plan

    def response_piece(self, piece: bytes) -> bytes:
        """Note a piece of the response body; returns it framed for the client."""
        self.response_bytes += len(piece)
        if not self.is_withheld:
            self.tap.note(self.sequence, RESPONSE_CHUNK, piece)
        assert self.response is not None, "a body comes after its head"
        return CHUNK % (len(piece), piece) if self.response.is_chunked else piece

    def response_end(self, trailers: bytes = b"") -> bytes:
        """The response is whole: note the closing record; returns the last framing bytes."""
        assert self.response is not None, "an end comes after its head"
        self.is_response_whole = True
        outcome, detail = _COMPLETE, ""
        if self.client.is_gone:
            outcome, detail = Outcome.CLIENT_GONE, "the answer was read to its end"
        elif not self.is_request_whole:
            detail = "answered before the request was whole"
        self.end(outcome, detail, trailers)
        return LAST_CHUNK if self.response.is_chunked else b""

    def hold_down(self, data: bytes) -> None:
        """Hand `data` to the client when everything noted so far is durable."""
        if self.is_response_whole:
            self.hold(self._release_last, data)
            return
        self.down_held += len(data)
        if self.down_held > HELD_BYTES_MAX and self.upstream is not None:
            self.upstream.pause(IS_HELD)
        is_backed_up = self.tap.hold(self._release_down, data, is_strict=self.is_strict)
        if is_backed_up and self.upstream is not None:
            self.upstream.pause(IS_BACKED_UP)
            self.tap.when_drained(self._resume_upstream)

    def _release_down(self, data: bytes) -> None:
        before = self.down_held
        left = self.down_held = before - len(data)
        self.client.write(data)
        if before > HELD_BYTES_MAX >= left and self.upstream is not None:
            self.upstream.resume(IS_HELD)

    def _release_last(self, data: bytes) -> None:
        self.client.write(data)
        assert self.response is not None, "the last piece comes after the head"
        self.client.finished(keeps_alive=self.response.keeps_alive and self.is_request_whole)

    def _resume_upstream(self) -> None:
        if self.upstream is not None:
            self.upstream.resume(IS_BACKED_UP)

    # endings ------------------------------------------------------------------------------------

    def end(self, outcome: Outcome, detail: str, trailers: bytes = b"") -> None:
        """Note the closing record, once."""
        assert not self.ended, f"exchange {self.sequence} ends twice: {outcome.name}"
        self.ended = True
        self.relay.gauges.in_flight -= 1
        if self.tap.is_full:
            outcome, detail = Outcome.PROXY_ERROR, NO_ROOM
        self._note_end(outcome, detail, trailers)

    def record_no_more(self) -> None:
        """The journal has no room: close the record, and let the bytes pass without one."""
        if not self.ended and self.sequence:
            self._note_end(Outcome.PROXY_ERROR, NO_ROOM, b"")
            self.sequence = 0

    def time_out(self, refusal: Refusal) -> None:
        """Somebody kept this exchange waiting for too long: say so while that can be said, else break off."""
        if self.ended:
            return
        if self.response is None and not self.client.is_gone:
            self.refuse(refusal, Outcome.TIMEOUT)
        else:
            self.upstream_broke(refusal.message, abruptly=True, outcome=Outcome.TIMEOUT)
            self.drop_upstream()

    def _note_end(self, outcome: Outcome, detail: str, trailers: bytes) -> None:
        closing = ExchangeEnd(outcome, self.response_bytes, detail, trailers)
        flags = Flag.WITHHELD if self.is_withheld and self.response is not None else 0
        self.tap.note(self.sequence, END, closing.encode(), flags)

    def upstream_broke(
        self, detail: str, *, abruptly: bool, outcome: Outcome = Outcome.UPSTREAM_ABORTED
    ) -> None:
        """Upstream ended before its answer did. The client gets a break too, never a clean end."""
        if self.ended:
            return
        if self.client.is_gone:
            outcome = Outcome.CLIENT_GONE
        self.end(outcome, detail)
        if self.response is not None and self.response.is_open_ended:
            abruptly = True
        self.hold(self._release_break, abruptly)

    def _release_break(self, abruptly: bool) -> None:  # noqa: FBT001 - the tap hands over one payload
        self.client.break_off(abruptly=abruptly)

    def client_left(self) -> None:
        """The client is gone: held until the head is known, then streams are released at once."""
        if self.ended:
            return
        if self.is_spliced:
            self.end(Outcome.COMPLETE, "the client closed the spliced connection")
            self.hold(self.client.splice_ended, None)  # behind what it said last
            return
        if not self.is_request_whole:
            self.end(Outcome.CLIENT_GONE, "the client left before its request was whole")
        elif not (self.was_sent or self.upstream_has_bytes):
            self.end(Outcome.CLIENT_GONE, "the client left before anything was sent upstream")
        elif self.response is not None and self.response.is_stream:
            self.end(Outcome.CLIENT_GONE, "the client left in the middle of the stream")
        elif not self.relay.finishes:
            self.end(Outcome.CLIENT_GONE, "the client left before its answer was whole")
        else:
            self._let_upstream_flow()
            return
        self.tap.flush()
        self.drop_upstream()

    def abandon(self, outcome: Outcome, detail: str) -> None:
        """Give up from our side: a deadline, or the worker stops."""
        if not self.ended:
            self.end(outcome, detail)
            self.tap.flush()
        self.drop_upstream()

    def drop_upstream(self) -> None:
        if self.upstream is not None:
            self.upstream.abort()

    def _let_upstream_flow(self) -> None:
        if self.upstream is not None:
            self.upstream.resume(PEER_IS_FULL)
