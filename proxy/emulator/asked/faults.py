"""Faults on demand: what goes wrong with an answer, asked for in a header or in a model's name.

    x-emulator-fault: status=503, retry_after=1, times=2
    {"model": "fault:cut_stream=3", …}

Words are separated by commas; `FAULTS` lists them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from proxy.emulator.asked.catalogue import FAULT_MODEL
from proxy.emulator.asked.refusals import Shape, invalid

HEADER: Final = "x-emulator-fault"
GZIP_HEADER: Final = "x-emulator-gzip"

FAULTS: Final = {
    "status": "answer with this HTTP status and an error body (502 as HTML)",
    "shape": "form of that body: api, rpc, list, html, empty",
    "message": "text of that body or of the error event; no commas",
    "code": "code of that body or of the error event",
    "retry_after": "add a Retry-After header with this value",
    "retry_after_ms": "add a retry-after-ms header with this value",
    "times": "only the first n requests with the same body fail; later ones are served",
    "vanish": "close the connection without an answer",
    "delay": "seconds to wait before the answer's head",
    "gap": "seconds to wait before each event, or each eighth of a JSON body",
    "cut_stream": "break the connection after n events",
    "cut_bytes": "break the connection after n bytes of the body, also of a JSON answer",
    "reset": "make a break a TCP reset instead of a close",
    "end_stream": "end the stream properly after n events: no completed event, no [DONE]",
    "error_event": "after n events an error event, then [DONE]",
    "stall": "after n events send nothing more and keep the connection open",
    "framing": "spell the stream in another lawful way: see `FRAMINGS`",
    "one_write": "the whole stream in one write",
    "bytewise": "one byte per write",
    "chunked": "send JSON with Transfer-Encoding: chunked",
    "gzip": "compress, if Accept-Encoding allows it (as the header x-emulator-gzip: 1)",
    "size": "size of the output's text, or padding of its image, in bytes",
    "piece": "length of a text delta in characters",
    "hops": "a long decode of n requests: requires_continuation until the last",
    "ending": "end with this status: failed, incomplete, budget_exceeded",
    "downgrade": "serve and bill as standard, whatever tier was asked for",
    "type": "content type of the answer",
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
    "multiline": "JSON spread over several `data:` lines",
    "ids": "`id:` and `retry:` lines inside blocks",
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller's fault asks of the answer itself, beside what goes wrong on the wire."""

    output_bytes: int | None = None
    """Size of the text (or the padding of an image), in bytes."""
    ending: str | None = None
    """A status to end with, such as `failed` or `budget_exceeded`."""
    hops: int = 0
    """How many requests a long decode takes in all; 0 leaves it to the size of the output."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What shall go wrong. The default is: nothing."""

    status: int | None = None
    shape: Shape | None = None
    message: str = "Emulated fault."
    code: str | None = None
    retry_after: str | None = None
    retry_after_ms: str | None = None
    times: int | None = None
    vanish: bool = False
    delay: float = 0.0
    gap: float | None = None
    cut_stream: int | None = None
    cut_bytes: int | None = None
    reset: bool = False
    end_stream: int | None = None
    error_event: int | None = None
    stall: int | None = None
    framing: str | None = None
    one_write: bool = False
    bytewise: bool = False
    chunked: bool = False
    gzip: bool = False
    size: int | None = None
    piece: int | None = None
    hops: int = 0
    ending: str | None = None
    downgrade: bool = False
    type: str | None = None

    @property
    def wishes(self) -> Wishes:
        """The part that concerns the answer itself."""
        return Wishes(output_bytes=self.size, ending=self.ending, hops=self.hops)


WHOLE: Final = Fault()

_KINDS: Final = {
    "times": int,
    "status": int,
    "cut_stream": int,
    "cut_bytes": int,
    "end_stream": int,
    "error_event": int,
    "stall": int,
    "size": int,
    "piece": int,
    "hops": int,
    "delay": float,
    "gap": float,
}
_FLAGS: Final = frozenset(
    {"vanish", "reset", "one_write", "bytewise", "chunked", "gzip", "downgrade"}
)
_CLOSED: Final = {
    "framing": FRAMINGS,
    "shape": get_args(Shape),
    "ending": ("failed", "incomplete", "budget_exceeded"),
}


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


def _value(name: str, text: str | None) -> object:
    if name in _FLAGS:
        return True
    if text is None:
        raise invalid(f"emulator: fault {name} needs a value")
    if name in _CLOSED and text not in _CLOSED[name]:
        raise invalid(f"emulator: fault {name} is one of {', '.join(_CLOSED[name])}")
    try:
        value = _KINDS.get(name, str)(text)
    except ValueError:
        raise invalid(f"emulator: fault {name} cannot be {text!r}") from None
    if isinstance(value, (int, float)) and value < 0:
        raise invalid(f"emulator: fault {name} cannot be negative")
    return value
