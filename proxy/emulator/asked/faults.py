"""Faults on demand: what goes wrong with an answer, asked for in a header or in a model's name.

    x-emulator-fault: status=503, retry_after=1, times=2
    x-emulator-fault: on=delete+get, status=501, shape=html
    {"model": "fault:cut_stream=3,reset", …}

Words are separated by commas, several values of one word by `+`; `FAULTS` lists all words. Rules for many
requests at once: `wire.fault_rules`. Source of what is worth trying: the protocol reference, sections 10.7, 13, 14.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, get_args

from proxy.emulator.asked.catalogue import FAULT_MODEL
from proxy.emulator.asked.refusals import Refusal, Shape, invalid

HEADER: Final = "x-emulator-fault"
GZIP_HEADER: Final = "x-emulator-gzip"

TEXTS_MAX: Final = 1024
"""Different fault texts whose reading is remembered: a test run says the same few again and again."""

SIZE_MAX: Final = 256 * 1024 * 1024
"""Bytes of the largest output that can be wished for: it is held in memory as a whole."""

SECONDS_MAX: Final = 366 * 24 * 3600
"""The longest wait, and the latest date to come back at: a year ahead of any clock still has a date."""

FAULTS: Final = {
    # When.
    "on": "only for these operations, such as create, get, delete, cancel, models.list",
    "times": "only the first n requests with the same body fail; later ones are served",
    # An error instead of an answer.
    "status": "answer with this HTTP status and an error body (502 as HTML)",
    "shape": "form of that body: api, rpc, list, html, empty",
    "message": "text of that body, of the error event, or of what a failed ending says; no commas",
    "code": "code of that body, of the error event, or of what a failed ending says",
    "reason": "reason in the details of a body in the form of google.rpc, as API_KEY_INVALID",
    "location": "Location header of that answer: with status=302 a redirect",
    "retry_after": "add a Retry-After header with this value",
    "retry_after_ms": "add a retry-after-ms header with this value",
    "retry_date": "add a Retry-After header with a date so many seconds ahead of the clock",
    "carried_out": "do what was asked, then answer with that status all the same",
    # Breaks and waits on the wire.
    "vanish": "close the connection without an answer",
    "cut_head": "break the connection after n bytes of the answer's head",
    "cut_stream": "break the connection after n events",
    "cut_event": "break the connection in the middle of event n",
    "cut_bytes": "break the connection after n bytes of the body, also of a JSON answer",
    "reset": "make a break a TCP reset instead of a close",
    "end_stream": "end the stream properly after n events: no completed event, no [DONE]",
    "error_event": "after n events an error event, then [DONE]",
    "stall": "after n events, or n eighths of a JSON body, send nothing more and stay connected",
    "delay": "seconds to wait before the answer's head",
    "gap": "seconds to wait before each event, or each eighth of a JSON body",
    "drip": "seconds to wait after each byte",
    # Other spellings of a good answer.
    "framing": "spell the stream in other ways: see the list of framings",
    "one_write": "the whole stream in one write",
    "bytewise": "one byte per write",
    "chunked": "send JSON with Transfer-Encoding: chunked",
    "gzip": "compress, if Accept-Encoding allows it (as the header x-emulator-gzip: 1)",
    "type": "content type of the answer; none leaves the header out",
    "served_as": "HTTP status of a good answer instead of 200; 204 drops the body",
    "body": "what stands in the place of a good answer's body: see the list of bodies",
    "answer": "answer a create with json or with a stream, whatever was asked for",
    "drift": "say what no client knows yet: see the list of drifts",
    # What the interaction is like.
    "size": "size of the output's text, or padding of its image, in bytes",
    "piece": "length of a text delta in characters",
    "hops": "a long decode of n requests: requires_continuation until the last",
    "ending": "end with this status: failed, incomplete, budget_exceeded",
    "downgrade": "serve and bill as standard, whatever tier was asked for",
    "queued": "a background run is queued, and in progress only after n polls",
    "visible_after": "seconds until the created interaction can be found by its id",
    "undeleted": "answer a delete with 200 {} and keep the interaction",
}
"""Every fault the emulator knows. `n` counts from 0: `cut_stream=0` cuts before the first event."""

FRAMINGS: Final = {
    "cr": "lines end in a bare CR",
    "crlf": "lines end in CR LF",
    "bom": "a byte order mark before the first block",
    "comments": "comment lines and comment blocks in between",
    "no_event_lines": "no `event:` lines",
    "no_done": "no [DONE] at the end",
    "half_block": "the last block lacks its empty line",
    "half_event": "the completed event is the last block and its data line has no end",
    "multiline": "JSON spread over several `data:` lines",
    "ids": "`id:` lines inside blocks",
    "retry": "first a block that is `retry: 250` alone",
    "event_only": "a block that is `event: ping` alone, after two events",
    "ping": "`event: ping` with `data: {}`, after two events",
    "bad_json": "data that is not JSON, after two events",
    "after_done": "one more event after [DONE]",
}
"""Spellings of a stream; `framing=crlf+ids` is both. The last four carry more than the events."""

BODIES: Final = {
    "empty": b"",
    "braces": b"{}",
    "null": b"null",
    "broken": b'{"id": "v1_x", "status": ',
    "text": b"It works, but this is no JSON.",
    "minimal": b'{"status": "completed"}',
}
"""Bodies that may stand in the place of a good answer's."""

DRIFTS: Final = {
    "field": "unknown fields in the resource, its steps, its usage and in every event",
    "step": "a step of unknown type, in streams with a delta of unknown type",
    "delta": "a delta of unknown type in a known step",
    "content": "content and an annotation of unknown type in a JSON answer",
    "event": "an event of unknown type",
    "status": "an unknown status of the interaction",
}
"""What a newer service might say; `drift=field+event` says both."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller's fault asks of the answer itself, beside what goes wrong on the wire."""

    output_bytes: int | None = None
    """Size of the text (or the padding of an image), in bytes."""
    ending: str | None = None
    """A status to end with, such as `failed` or `budget_exceeded`."""
    hops: int = 0
    """How many requests a long decode takes in all; 0 leaves it to the size of the output."""
    code: str | None = None
    """The code of the error that a failed ending shows, such as `safety`; None takes the usual one."""
    message: str | None = None
    """The text of that error; None takes the usual one."""


USUAL_MESSAGE: Final = "Emulated fault."


@dataclass(frozen=True, slots=True)
class Fault:
    """What shall go wrong. The default is: nothing."""

    on: frozenset[str] = frozenset()
    """Operations as in `asked.routes`; empty means all."""
    times: int | None = None
    status: int | None = None
    shape: Shape | None = None
    message: str = USUAL_MESSAGE
    code: str | None = None
    reason: str | None = None
    location: str | None = None
    retry_after: str | None = None
    retry_after_ms: str | None = None
    retry_date: float | None = None
    carried_out: bool = False
    vanish: bool = False
    cut_head: int | None = None
    cut_stream: int | None = None
    cut_event: int | None = None
    cut_bytes: int | None = None
    reset: bool = False
    end_stream: int | None = None
    error_event: int | None = None
    stall: int | None = None
    delay: float = 0.0
    gap: float | None = None
    drip: float = 0.0
    framing: frozenset[str] = frozenset()
    one_write: bool = False
    bytewise: bool = False
    chunked: bool = False
    gzip: bool = False
    type: str | None = None
    served_as: int | None = None
    body: str | None = None
    answer: str | None = None
    drift: frozenset[str] = frozenset()
    size: int | None = None
    piece: int | None = None
    hops: int = 0
    ending: str | None = None
    downgrade: bool = False
    queued: int | None = None
    visible_after: float | None = None
    undeleted: bool = False

    @property
    def wishes(self) -> Wishes:
        """The part that concerns the answer itself."""
        return Wishes(
            output_bytes=self.size,
            ending=self.ending,
            hops=self.hops,
            code=self.code,
            message=None if self.message is USUAL_MESSAGE else self.message,
        )

    def is_meant_for(self, operation: str) -> bool:
        """Whether it names this operation, or none at all."""
        return not self.on or operation in self.on


WHOLE: Final = Fault()

_INTEGERS: Final = frozenset(
    [
        "times",
        "status",
        "cut_head",
        "cut_stream",
        "cut_event",
        "cut_bytes",
        "end_stream",
        "error_event",
        "stall",
        "served_as",
        "size",
        "piece",
        "hops",
        "queued",
    ]
)
_SECONDS: Final = frozenset(["retry_date", "delay", "gap", "drip", "visible_after"])
_FLAGS: Final = frozenset(
    [
        "carried_out",
        "vanish",
        "reset",
        "one_write",
        "bytewise",
        "chunked",
        "gzip",
        "downgrade",
        "undeleted",
    ]
)
_SETS: Final = frozenset({"on", "framing", "drift"})
_CLOSED: Final[dict[str, Collection[str]]] = {
    "framing": FRAMINGS,
    "drift": DRIFTS,
    "body": BODIES,
    "answer": ("json", "stream"),
    "shape": get_args(Shape),
    "ending": ("failed", "incomplete", "budget_exceeded"),
}
_RANGES: Final = {
    "status": range(200, 600),
    "served_as": range(200, 400),
    "size": range(SIZE_MAX + 1),
}


@lru_cache(maxsize=TEXTS_MAX)
def fault_from_text(text: str) -> Fault:
    """Read the words of a fault.

    Raises:
        Refusal: 400 for a word or a value the emulator does not know.
    """
    given: dict[str, object] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        name, has_value, value = (part.strip() for part in word.partition("="))
        if name not in FAULTS:
            raise invalid(f"emulator: unknown fault {name!r}; known: {', '.join(FAULTS)}")
        given[name] = _value(name, value if has_value else None)
    return Fault(**given)  # type: ignore[arg-type]  # names and kinds were checked word by word


def fault_of(header: str | None, gzip_header: str | None, model: object) -> Fault:
    """The fault of a request: from its header, else from its model's name."""
    text = header or ""
    if not text and isinstance(model, str) and model.startswith(FAULT_MODEL):
        text = model.removeprefix(FAULT_MODEL)
    if gzip_header:
        text += ",gzip"
    return fault_from_text(text) if text else WHOLE


def refusal_of(fault: Fault) -> Refusal:
    """The error that a fault with a status answers with."""
    assert fault.status is not None, "no error was asked for"
    shape = fault.shape or ("html" if fault.status == 502 else "api")
    return Refusal(fault.status, fault.message, code=fault.code, shape=shape, reason=fault.reason)


def _value(name: str, text: str | None) -> object:
    if name in _FLAGS:
        return True
    if not text:
        raise invalid(f"emulator: fault {name} needs a value")
    values = [part.strip() for part in text.split("+")] if name in _SETS else [text]
    if name in _CLOSED and not all(value in _CLOSED[name] for value in values):
        raise invalid(f"emulator: fault {name} is one of {', '.join(_CLOSED[name])}")
    return frozenset(values) if name in _SETS else _number(name, text)


def _number(name: str, text: str) -> object:
    """The value of a word that takes a number; any other word's text as it is."""
    if name not in _INTEGERS and name not in _SECONDS:
        return text
    try:
        value = int(text) if name in _INTEGERS else float(text)
    except ValueError:
        raise invalid(f"emulator: fault {name} cannot be {text!r}") from None
    if not 0 <= value < float("inf") or (name in _SECONDS and value > SECONDS_MAX):
        raise invalid(f"emulator: fault {name} cannot be {text}")
    if value not in _RANGES.get(name, (value,)):
        allowed = _RANGES[name]
        raise invalid(f"emulator: fault {name} is from {allowed[0]} to {allowed[-1]}")
    return value
