"""A request that waits for the door's verdict: its body is kept, nothing of it goes upstream before."""

from __future__ import annotations

import re
import struct
from typing import Final

from proxy.errors import JournalUnavailable
from proxy.gateway.client import ClientConnection
from proxy.gateway.door.frames import Answer, Kind, Way
from proxy.gateway.door.link import DoorLink, is_concerned
from proxy.gateway.forward import ClientSide, Exchange, Relay
from proxy.gateway.http.answers import Refusal, own_answer
from proxy.gateway.http.plan import RequestPlan, ResponsePlan
from proxy.gateway.http.wire import CHUNK, LAST_CHUNK
from proxy.journal.format import Flag, Mode, Outcome
from proxy.journal.format import Kind as Noted

LOOKED_AT_BYTES_MAX: Final = 1024 * 1024
"""Of a body that waits for a verdict; a larger one is decided on by its beginning."""
KEPT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of all bodies of one worker that wait: what comes beyond it is treated as if the door were silent, lest ten thousand
connections keep ten thousand MiB."""
IS_ASKED: Final = 16
"""A reason to pause reading, beside those of `forward`: there is more of the body than is looked at."""
_LENGTH: Final = re.compile(rb"(?i)(\r\ncontent-length:[ \t]*)[0-9]+")
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_ANSWER: Final = "the door did not answer in time: what it has to allow is not passed on now"


def unasked(decision: str, why: str) -> bytes:
    """For the record, as the recorder reads it: what was done without a verdict."""
    told = (
        f'{{"decision":"{decision}","policy":"door","why":"{why}","interaction":null,'
        '"received":"","sent":"","has_body":false}'
    ).encode()
    return struct.pack("<I", len(told)) + told


_REFUSED: Final = unasked("refuse", "the door did not answer in time")
_PASSED: Final = unasked("unasked", "the door did not answer in time, and the request passed")


class HeldExchange(Exchange):
    """An exchange whose request waits. Once it is decided it is like any other, but for what it shows."""

    __slots__ = ("_door", "_is_undecided", "_pieces", "is_shown", "number")

    def __init__(
        self,
        relay: Relay,
        client: ClientSide,
        sequence: int,
        request: RequestPlan,
        *,
        is_strict: bool,
        door: DoorLink,
    ) -> None:
        super().__init__(relay, client, sequence, request, is_strict=is_strict)
        self._door = door
        self._is_undecided = True
        self._pieces: list[bytes] = []
        self.number = 0
        self.is_shown = False
        """The answer is shown to the door before the client gets it."""

    # request side ---------------------------------------------------------------------------------

    def request_piece(self, piece: bytes) -> bytes:
        if not self._is_undecided:
            return super().request_piece(piece)
        if not self.ended:
            self.request_bytes += len(piece)
            self.tap.note(self.sequence, Noted.REQUEST_CHUNK, piece)
            self._pieces.append(piece)
            self._door.kept_bytes += len(piece)
            if self._door.kept_bytes > KEPT_BYTES_MAX:
                self.unanswered()
            elif self.request_bytes > LOOKED_AT_BYTES_MAX and not self.number:
                self.client.pause(IS_ASKED)
                self._ask(is_whole=False)
        return b""

    def request_end(self, trailers: bytes) -> bytes:
        last = super().request_end(trailers)
        if not self._is_undecided:
            return last
        if not (self.ended or self.number):
            self._ask(is_whole=True)
        return b""

    def hold_up(self, data: bytes) -> None:
        if self._is_undecided:
            self.tap.flush(is_strict=self.is_strict)
        else:
            super().hold_up(data)

    def _ask(self, *, is_whole: bool) -> None:
        body = b"".join(self._pieces)
        self._door.ask(self, self.request.record, body, is_whole=is_whole)

    # what the link tells --------------------------------------------------------------------------

    def decided(self, answer: Answer) -> None:
        """The door's verdict."""
        if self._settle(answer.record):
            if answer.way is Way.REFUSE:
                self._refuse(answer)
            else:
                self._go_on(answer.body if answer.way is Way.REWRITE else None)

    def unanswered(self) -> None:
        """No verdict came in time."""
        if self._door.must_answer:
            if self._settle(_REFUSED):
                self.refuse(Refusal(503, _NO_ANSWER), Outcome.REFUSED)
        elif self._settle(_PASSED):
            self._go_on(None)

    def _settle(self, record: bytes) -> bool:
        """No longer undecided; False: it has ended meanwhile."""
        if self.ended or not self._is_undecided:
            return False
        self._wait_no_more()
        if record:
            self.tap.note(self.sequence, Noted.DECISION, record)
        self.client.resume(IS_ASKED)
        return True

    def _wait_no_more(self) -> None:
        """Until now all that came was kept."""
        self._is_undecided = False
        self._door.kept_bytes -= self.request_bytes

    def _go_on(self, body: bytes | None) -> None:
        """Send what was kept, or another body in its place."""
        head = self.request.head
        pieces, self._pieces = self._pieces, []
        if body is not None:
            pieces = [body]
            head = _LENGTH.sub(rb"\g<1>%d" % len(body), head)
        if self.request.is_chunked:
            pieces = [CHUNK % (len(piece), piece) for piece in pieces if piece]
            pieces += [LAST_CHUNK] * self.is_request_whole
        if self.is_strict:
            self.tap.await_intent(self)
        self.hold_up(b"".join([head, *pieces]))

    def _refuse(self, given: Answer) -> None:
        """As `refuse`, in the words of the door."""
        self._pieces.clear()
        if self.client.is_gone:
            self.end(Outcome.REFUSED, "a policy refused it")
            self.hold(self._release_break, False)  # noqa: FBT003 - the tap hands over one payload
        else:
            answer = own_answer(given.status, given.body, without_body=self.request.is_head)
            self.response_bytes = len(answer.body)
            self.tap.note(self.sequence, Noted.RESPONSE_HEAD, answer.head, Flag.OWN_ANSWER)
            self.tap.note(self.sequence, Noted.RESPONSE_CHUNK, answer.body, Flag.OWN_ANSWER)
            self.end(Outcome.REFUSED, "a policy refused it")
            self.hold(self.client.answered, answer.whole)
        self.drop_upstream()

    # response side --------------------------------------------------------------------------------

    def response_head(self, plan: ResponsePlan, *, is_interim: bool = False) -> None:
        super().response_head(plan, is_interim=is_interim)
        if self.is_shown and not is_interim:
            self._door.show(Kind.SHOWN_HEAD, self, plan.record)

    def response_piece(self, piece: bytes) -> bytes:
        if self.is_shown:
            self._door.show(Kind.SHOWN_PIECE, self, piece)
        return super().response_piece(piece)

    def end(self, outcome: Outcome, detail: str, trailers: bytes = b"") -> None:
        if self._is_undecided:
            self._wait_no_more()
            self._pieces.clear()
            self._door.forget(self)
        elif self.is_shown:
            self._door.show(Kind.SHOWN_END, self)
        super().end(outcome, detail, trailers)


class HeldConnection(ClientConnection):
    """A client's connection whose requests are shown to the door, if they concern it."""

    __slots__ = ("_door",)

    def __init__(self, relay: Relay, number: int, door: DoorLink) -> None:
        super().__init__(relay, number)
        self._door = door

    def _begin(self, plan: RequestPlan) -> None:
        """As the other, but that nothing is sent yet, and so nothing waits for the journal."""
        if not is_concerned(plan.head):
            super()._begin(plan)
            return
        relay = self._relay
        mode = relay.mode_of(plan)
        is_strict = mode is Mode.STRICT
        try:
            sequence = relay.tap.begin(is_strict=is_strict)
        except JournalUnavailable:
            self._answer_unrecorded(Refusal(503, "the journal takes no records now"))
            return
        exchange = self.exchange = HeldExchange(
            relay, self, sequence, plan, is_strict=is_strict, door=self._door
        )
        intent = self._intent(plan.record, mode)
        relay.tap.note(sequence, Noted.INTENT, intent, relay.purpose.flag)
        if self._upstream is None or self._upstream.is_closed:
            exchange.upstream = self.dial(exchange)
        else:
            self._upstream.adopt(exchange)
            exchange.upstream = self._upstream
        if plan.version != "1.0" and not plan.is_plain and b"\r\nexpect:" in plan.head.lower():
            # The client waits for this before it sends the body that the door has to see.
            flags = Flag.INTERIM | Flag.OWN_ANSWER
            relay.tap.note(sequence, Noted.RESPONSE_HEAD, _CONTINUE, flags)
            self.write(_CONTINUE)
