"""Other spellings of a stream, lawful and not, to try readers with (reference, section 10.7).

Their names stand in `asked.faults.FRAMINGS`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

import orjson

from proxy.emulator.asked.request import Json
from proxy.emulator.events.stream import DONE, block

NOISE: Final = {
    "event_only": b"event: ping\n\n",
    "ping": b"event: ping\ndata: {}\n\n",
    "bad_json": b"event: step.delta\ndata: {not json}\n\n",
}
"""Blocks that no reader asked for."""

NOISE_PLACE: Final = 2
"""Noise comes after so many events: behind the first ones, before the first step."""

LATE: Final[Json] = {
    "event_type": "step.delta",
    "index": 1,
    "delta": {"type": "text", "text": "late"},
}
"""What is said after [DONE], where anything is."""


def spelled(
    events: Iterable[Json], framing: Collection[str] = frozenset()
) -> Iterator[tuple[bytes, bool]]:
    """Blocks of a stream with its end; each with whether it is an event (and not a comment, noise or [DONE])."""
    if not framing:
        for event in events:
            yield block(event), True
        yield DONE, False
        return
    for data, is_event in _blocks(events, framing):
        yield _ended(data, framing), is_event


def _blocks(events: Iterable[Json], framing: Collection[str]) -> Iterator[tuple[bytes, bool]]:
    if "bom" in framing:
        yield "\ufeff".encode(), False
    if "retry" in framing:
        yield b"retry: 250\n\n", False
    for number, event in enumerate(events):
        if number == NOISE_PLACE:
            yield from ((NOISE[name], False) for name in NOISE if name in framing)
        if "comments" in framing:
            yield b": keep-alive\n\n", False
        data = _block(event, number, framing)
        if "half_event" in framing and event["event_type"].startswith("interaction.complete"):
            yield data.removesuffix(b"\n\n"), True
            return
        yield data, True
    if "no_done" not in framing:
        yield DONE.removesuffix(b"\n") if "half_block" in framing else DONE, False
    if "after_done" in framing:
        yield block(LATE), False


def _block(event: Json, number: int, framing: Collection[str]) -> bytes:
    name, data = block(event).split(b"\n", 1)
    if "multiline" in framing:
        lines = orjson.dumps(event, option=orjson.OPT_INDENT_2).split(b"\n")
        data = b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"
    if "no_event_lines" not in framing:
        data = name + b"\n" + data
    if "ids" in framing:
        data = b"id: line_%d\n" % number + data
    if "comments" in framing:
        data = b": inside\n" + data
    return data


def _ended(data: bytes, framing: Collection[str]) -> bytes:
    """The same lines with other ends; JSON on the wire holds no raw line end."""
    if "crlf" in framing:
        return data.replace(b"\n", b"\r\n")
    return data.replace(b"\n", b"\r") if "cr" in framing else data
