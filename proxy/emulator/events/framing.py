"""Other spellings of a stream, lawful and not, to try readers with (reference, section 10.7).

Their names stand in `asked.faults.FRAMINGS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from proxy.emulator.asked.request import Json
from proxy.emulator.events.stream import DONE, block


def spelled(events: Iterable[Json], framing: str | None) -> Iterator[tuple[bytes, bool]]:
    """Blocks of a stream with its end; each with whether it is an event (and not a comment or [DONE])."""
    if framing == "bom":
        yield "\ufeff".encode(), False
    for number, event in enumerate(events):
        if framing == "comments":
            yield b": keep-alive\n\n", False
        yield _ended(_block(event, number, framing), framing), True
    if framing == "half_block":
        yield b"event: done\ndata: [DONE]\n", False
    elif framing != "no_done":
        yield _ended(DONE, framing), False


def _block(event: Json, number: int, framing: str | None) -> bytes:
    plain = block(event)
    match framing:
        case "comments":
            return b": inside\n" + plain
        case "no_event_lines":
            return plain.partition(b"\n")[2]
        case "multiline":
            lines = orjson.dumps(event, option=orjson.OPT_INDENT_2).split(b"\n")
            name = plain.partition(b"\n")[0]
            return b"\n".join([name, *(b"data: " + line for line in lines)]) + b"\n\n"
        case "ids":
            return b"id: %d\nretry: 250\n" % number + plain
    return plain


def _ended(data: bytes, framing: str | None) -> bytes:
    """The same lines with other ends; JSON on the wire holds no raw line end."""
    ends = {"cr": b"\r", "crlf": b"\r\n"}
    return data.replace(b"\n", ends[framing]) if framing in ends else data
