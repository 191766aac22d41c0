"""What an upstream may do wrong, word for word: twelve faults, each with what must come of it. Pure.

A script follows from the fault's name and a number, so the far end that plays it and the test that
judges it need not speak to each other.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Final

CONNECT_S: Final = 3.0
IDLE_S: Final = 2.0
"""The proxy's deadlines in this play."""

DRIP_S: Final = 0.1
"""Between the bytes of an upstream that drips: so much quicker than one a second as IDLE_S is
shorter than a deadline of 20 s."""
DRIPS: Final = 35
"""Bytes that drip: longer, all in all, than IDLE_S."""

CLOSED: Final = "upstream closed the connection"
RESET: Final = "upstream reset the connection"
NO_HTTP: Final = "the response is not HTTP"
SILENT: Final = "upstream was silent for too long"


class Ending(enum.Enum):
    """What a far end does after its last byte."""

    CLOSES = enum.auto()
    RESETS = enum.auto()
    STAYS = enum.auto()
    """Until the proxy closes."""


class Sees(enum.Enum):
    """How the client's connection ends."""

    CLOSE = enum.auto()
    RESET = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What upstream says, and what must come of it."""

    pieces: tuple[bytes, ...] = ()
    gap_s: float = 0.0
    """Before each piece but the first."""
    ending: Ending = Ending.CLOSES
    status: int = 200
    """What the client gets; 0: no head at all. Not 200: an answer of the proxy's own."""
    body: bytes = b""
    """What the client gets of upstream's body."""
    is_whole: bool = False
    """The client can tell that the body came to its end."""
    sees: Sees = Sees.CLOSE
    outcome: str = "upstream_aborted"
    detail: str
    """How the detail of the closing record begins."""
    requests: int = 1
    """How many the far end gets."""


def script(fault: str, number: int) -> Script:
    """What upstream does with request `number` of this fault."""
    return FAULTS[fault](Random(f"{fault} {number}"))


def text(random: Random, least: int = 20, most: int = 20_000) -> bytes:
    words = random.randbytes(random.randint(least, most) // 2).hex().encode()
    return b'{"id":"v1_x","status":"completed","text":"' + words + b'"}'


def with_length(body: bytes, told: int | None = None) -> bytes:
    size = len(body) if told is None else told
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % size + body


CHUNKED: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def event(random: Random) -> bytes:
    delta = b'{"index":0,"delta":{"type":"text","text":"%b"}}' % random.randbytes(40).hex().encode()
    return b"event: step.delta\ndata: " + delta + b"\n\n"


def in_chunk(data: bytes, told: int | None = None) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data) if told is None else told, data)


def _break(random: Random) -> tuple[Ending, Sees, str]:
    """One of the two ways to go without a word, and what must come of it."""
    if random.random() < 0.5:
        return Ending.CLOSES, Sees.CLOSE, CLOSED
    return Ending.RESETS, Sees.RESET, RESET


def _in_pieces(random: Random, data: bytes) -> tuple[bytes, ...]:
    """Cut at up to three places."""
    cuts = sorted({0, len(data), *(random.randint(0, len(data)) for _ in range(3))})
    return tuple(data[a:b] for a, b in pairwise(cuts))


def refuses(_: Random) -> Script:
    detail = "no connection to upstream: Connection refused"
    return Script(status=502, is_whole=True, outcome="proxy_error", detail=detail, requests=0)


def does_not_accept(_: Random) -> Script:
    detail = f"no connection to upstream within {CONNECT_S} s"
    return Script(status=502, is_whole=True, outcome="proxy_error", detail=detail, requests=0)


def breaks_before_the_head(random: Random) -> Script:
    ending, sees, how = _break(random)
    return Script(ending=ending, status=0, sees=sees, detail=f"{how} without an answer")


def breaks_in_the_head(random: Random) -> Script:
    ending, sees, how = _break(random)
    head = with_length(b"", 100)
    part = head[: random.randint(1, len(head) - 1)]
    pieces = _in_pieces(random, part)
    detail = f"{how} without an answer"
    return Script(pieces=pieces, ending=ending, status=0, sees=sees, detail=detail)


def breaks_in_the_body(random: Random) -> Script:
    ending, sees, how = _break(random)
    body = text(random)
    part = body[: random.randint(0, len(body) - 1)]
    pieces = _in_pieces(random, with_length(part, len(body)))
    detail = f"{how} in the middle of its answer"
    return Script(pieces=pieces, ending=ending, body=part, sees=sees, detail=detail)


def breaks_in_a_chunk(random: Random) -> Script:
    """Anywhere in the framing: in the data, in its size line, in the line end behind it."""
    ending, sees, how = _break(random)
    first, second = event(random), event(random)
    sent = in_chunk(second)
    size_bytes = sent.index(b"\r\n") + 2
    cut = random.randint(1, len(sent) - 1)
    body = first + second[: max(0, cut - size_bytes)]
    pieces = _in_pieces(random, CHUNKED + in_chunk(first) + sent[:cut])
    detail = f"{how} in the middle of its answer"
    return Script(pieces=pieces, ending=ending, body=body, sees=sees, detail=detail)


def breaks_in_an_event(random: Random) -> Script:
    """Between chunks, but in the middle of an event."""
    ending, sees, how = _break(random)
    events = b"".join(event(random) for _ in range(random.randint(1, 5)))
    last = event(random)
    body = events + last[: random.randint(1, len(last) - 1)]
    half = random.randint(1, len(body) - 1)
    pieces = (CHUNKED, in_chunk(body[:half]), in_chunk(body[half:]))
    detail = f"{how} in the middle of its answer"
    return Script(pieces=pieces, ending=ending, body=body, sees=sees, detail=detail)


def drips(random: Random) -> Script:
    """Slow is not silent: it is waited for, to the end."""
    body = text(random)
    sent = with_length(body)
    begin = random.choice((0, len(sent) - DRIPS))
    dripping = tuple(bytes([one]) for one in sent[begin : begin + DRIPS])
    pieces = (*filter(None, (sent[:begin], *dripping, sent[begin + DRIPS :])),)
    return Script(
        pieces=pieces, gap_s=DRIP_S, body=body, is_whole=True, outcome="complete", detail=""
    )


def says_too_little(random: Random) -> Script:
    """Its length is shorter than its body, or its chunk's is."""
    ending, _, _ = _break(random)
    ending = random.choice((Ending.STAYS, ending))
    if random.random() < 0.5:
        body = text(random)
        told = random.randint(0, len(body) - 1)
        pieces = (with_length(body, told),)
        part = body[:told]
        return Script(
            pieces=pieces, ending=ending, body=part, is_whole=True, outcome="complete", detail=""
        )
    one = event(random)
    told = random.randint(1, len(one) - 3)
    pieces = (CHUNKED + in_chunk(one, told),)
    part = one[:told]
    return Script(pieces=pieces, ending=Ending.STAYS, body=part, sees=Sees.RESET, detail=NO_HTTP)


def says_too_much(random: Random) -> Script:
    """Its length is longer than its body, or its last chunk's is: what follows is taken for data."""
    ending, sees, how = _break(random)
    detail = f"{how} in the middle of its answer"
    if random.random() < 0.5:
        body = text(random)
        pieces = _in_pieces(random, with_length(body, len(body) + random.randint(1, 5000)))
        return Script(pieces=pieces, ending=ending, body=body, sees=sees, detail=detail)
    body = event(random) + b"\r\n0\r\n\r\n"
    chunk = in_chunk(body[:-7], len(body) + random.randint(1, 5000)) + b"0\r\n\r\n"
    pieces = _in_pieces(random, CHUNKED + chunk)
    return Script(pieces=pieces, ending=ending, body=body, sees=sees, detail=detail)


def never_ends(random: Random) -> Script:
    """It falls silent, and stays: before its head, in it, or behind some of its body."""
    body = text(random)
    head = with_length(b"", len(body))
    if random.random() < 0.5:
        part = head[: random.randint(0, len(head) - 1)]
        return Script(
            pieces=_in_pieces(random, part) if part else (),
            ending=Ending.STAYS,
            status=424,
            is_whole=True,
            outcome="timeout",
            detail=SILENT,
        )
    part = body[: random.randint(0, len(body) - 1)]
    return Script(
        pieces=_in_pieces(random, head + part),
        ending=Ending.STAYS,
        body=part,
        sees=Sees.RESET,
        outcome="timeout",
        detail=SILENT,
    )


def speaks_another_protocol(random: Random) -> Script:
    said = random.choice(
        (
            b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
            b"\x15\x03\x01\x00\x02\x02\x28",
            b"220 mail.example ESMTP\r\n",
            b"\x00" + random.randbytes(random.randint(1, 500)),
            b"<html><body>It works</body></html>",
            b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
        )
    )
    return Script(pieces=(said,), ending=Ending.STAYS, status=0, sees=Sees.RESET, detail=NO_HTTP)


FAULTS: Final[dict[str, Callable[[Random], Script]]] = {
    "refuses": refuses,
    "does not accept in time": does_not_accept,
    "breaks before the head": breaks_before_the_head,
    "breaks in the head": breaks_in_the_head,
    "breaks in the body": breaks_in_the_body,
    "breaks in a chunk": breaks_in_a_chunk,
    "breaks in an event": breaks_in_an_event,
    "drips": drips,
    "says too little": says_too_little,
    "says too much": says_too_much,
    "never ends": never_ends,
    "speaks another protocol": speaks_another_protocol,
}
