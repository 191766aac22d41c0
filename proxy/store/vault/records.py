"""What stands inside the vault's sealed boxes: exchanges, parts, steps. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from proxy.errors import FormatError
from proxy.journal.format import ExchangeId, IntentHead, Mode, Outcome, Purpose
from proxy.recording.exchange import Body, Cut, Exchange, InterimHead, Part, Side
from proxy.store.vault.format import RecordKind, Ref, SealedPart, pack_box, unpack_box

EXCHANGE_BOX_VERSION: Final = 1
FIXED_BLOBS: Final = 4
"""Blobs of an exchange box that are always there: request head, response head, both trailers. Then
the interim heads, the tails, the steps."""


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """An opened EXCHANGE or OPEN record."""

    exchange: Exchange
    """Its bodies are empty; `with_parts` fills them."""
    tails: tuple[Part, ...]
    parts: tuple[SealedPart, ...]
    """Records of the parts spilled before, in order of writing."""
    steps: tuple[bytes, ...]
    """Empty if they have a record of their own."""
    next_ordinal: int
    """Of an OPEN record: the journal frame it goes on with."""


def exchange_to_box(
    exchange: Exchange,
    tails: Sequence[Part],
    parts: Sequence[SealedPart] = (),
    steps: Sequence[bytes] = (),
    next_ordinal: int = 0,
) -> bytes:
    """The box of an EXCHANGE or OPEN record."""
    intent, request, response = exchange.intent, exchange.request, exchange.response
    start = (exchange.started_wall_ns, exchange.started_mono_ns)
    meta = {
        "version": EXCHANGE_BOX_VERSION,
        "intent": (intent.connection, intent.index, intent.client_port, intent.client_address),
        "mode": intent.mode,
        "started": start,
        "request_ended": exchange.request_ended_mono_ns,
        "response_head": (exchange.response_head_wall_ns, exchange.response_head_mono_ns),
        "ended": (exchange.ended_wall_ns, exchange.ended_mono_ns),
        "outcome": exchange.outcome,
        "detail": exchange.detail,
        "is_own_answer": exchange.is_own_answer,
        "has_lost_frames": exchange.has_lost_frames,
        "sizes": (
            request.size,
            response.size,
            exchange.spliced_from_client_bytes,
            exchange.spliced_from_upstream_bytes,
        ),
        "interim": [head.wall_ns for head in exchange.interim_heads],
        "tails": [(part.side, part.offset, _cuts_to_json(part.cuts, *start)) for part in tails],
        "parts": [(str(part.ref), part.payload_bytes, part.digest.hex()) for part in parts],
        "next_ordinal": next_ordinal,
        "purpose": exchange.purpose,
        "is_answer_withheld": exchange.is_answer_withheld,
    }
    if exchange.decision:
        meta["has_decision"] = True
    blobs = [intent.head, exchange.response_head, request.trailers, response.trailers]
    blobs += [head.head for head in exchange.interim_heads]
    blobs += [part.data for part in tails]
    blobs += steps
    blobs += [exchange.decision] * bool(exchange.decision)
    return pack_box(meta, blobs)


def exchange_from_box(id_: ExchangeId, box: bytes) -> StoredExchange:
    """The inverse of exchange_to_box.

    Raises:
        FormatError: the box is not one, or of a later version.
    """
    meta, blobs = unpack_box(box)
    _check_version(meta)
    try:
        return _exchange_from_meta(id_, meta, blobs)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError(f"not an exchange box: {error!r}") from error


def steps_in_box(box: bytes) -> list[bytes]:
    """The steps of an exchange's box, and nothing else of it: a quarter of what the exchange takes.

    Raises:
        FormatError: the box is not one, or of a later version.
    """
    meta, blobs = unpack_box(box)
    _check_version(meta)
    try:
        start = FIXED_BLOBS + len(meta["interim"]) + len(meta["tails"])
        return blobs[start : len(blobs) - bool(meta.get("has_decision", False))]
    except (KeyError, TypeError) as error:
        raise FormatError(f"not an exchange box: {error!r}") from error


def with_parts(stored: StoredExchange, parts: Iterable[Part], bytes_max: int) -> Exchange:
    """The exchange with its bodies put together from the spilled parts and the tails.

    Of each body at most the first `bytes_max` bytes are joined; all cuts are kept. The parts must
    be those of `stored.parts`, in that order; they are taken one at a time.
    """
    exchange = stored.exchange
    joins = {Side.REQUEST: _Join(bytes_max), Side.RESPONSE: _Join(bytes_max)}
    for part in chain(parts, stored.tails):
        if part.side in joins:
            joins[part.side].add(part)
    return dataclasses.replace(
        exchange,
        request=joins[Side.REQUEST].body(exchange.request),
        response=joins[Side.RESPONSE].body(exchange.response),
    )


def part_to_box(part: Part) -> bytes:
    """The box of a PART record. Its cuts are told from its own first one."""
    first = part.cuts[0] if part.cuts else Cut(0, 0, 0)
    start = (first.wall_ns, first.mono_ns)
    cuts = _cuts_to_json(part.cuts, *start)
    meta = {"side": part.side, "offset": part.offset, "started": start, "cuts": cuts}
    return pack_box(meta, (part.data,))


def part_from_box(id_: ExchangeId, box: bytes) -> Part:
    """The inverse of part_to_box. Raises FormatError: the box is not one."""
    meta, blobs = unpack_box(box)
    try:
        cuts = _cuts_from_json(meta["cuts"], *meta["started"])
        return Part(id_, Side(meta["side"]), meta["offset"], blobs[0], cuts)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError(f"not a part box: {error!r}") from error


def _check_version(meta: dict[str, Any]) -> None:
    if meta.get("version") != EXCHANGE_BOX_VERSION:
        raise FormatError(f"exchange box of version {meta.get('version')}: use the newer release")


def _exchange_from_meta(
    id_: ExchangeId, meta: dict[str, Any], blobs: list[bytes]
) -> StoredExchange:
    request_head, response_head, request_trailers, response_trailers = blobs[:FIXED_BLOBS]
    interim_end = FIXED_BLOBS + len(meta["interim"])
    interim = zip(meta["interim"], blobs[FIXED_BLOBS:interim_end], strict=True)
    tails_end = interim_end + len(meta["tails"])
    tails = tuple(
        Part(id_, Side(side), offset, data, _cuts_from_json(cuts, *meta["started"]))
        for (side, offset, cuts), data in zip(
            meta["tails"], blobs[interim_end:tails_end], strict=True
        )
    )
    steps_end = len(blobs) - meta.get("has_decision", False)
    connection, index, port, address = meta["intent"]
    request_bytes, response_bytes, from_client_bytes, from_upstream_bytes = meta["sizes"]
    exchange = Exchange(
        id=id_,
        intent=IntentHead(connection, index, port, address, Mode(meta["mode"]), request_head),
        started_wall_ns=meta["started"][0],
        started_mono_ns=meta["started"][1],
        request=Body(b"", request_bytes, (), request_bytes > 0, request_trailers),
        request_ended_mono_ns=meta["request_ended"],
        interim_heads=tuple(InterimHead(wall_ns, head) for wall_ns, head in interim),
        response_head=response_head,
        response_head_wall_ns=meta["response_head"][0],
        response_head_mono_ns=meta["response_head"][1],
        response=Body(b"", response_bytes, (), response_bytes > 0, response_trailers),
        is_own_answer=meta["is_own_answer"],
        spliced_from_client_bytes=from_client_bytes,
        spliced_from_upstream_bytes=from_upstream_bytes,
        outcome=Outcome(meta["outcome"]),
        detail=meta["detail"],
        ended_wall_ns=meta["ended"][0],
        ended_mono_ns=meta["ended"][1],
        has_lost_frames=meta["has_lost_frames"],
        purpose=Purpose(meta.get("purpose", Purpose.CLIENT)),
        is_answer_withheld=meta.get("is_answer_withheld", False),
        decision=b"".join(blobs[steps_end:]),
    )
    steps = tuple(blobs[tails_end:steps_end])
    parts = tuple(
        SealedPart(RecordKind.PART, Ref.parse(ref), size, bytes.fromhex(digest))
        for ref, size, digest in meta["parts"]
    )
    return StoredExchange(exchange, tails, parts, steps, meta["next_ordinal"])


class _Join:
    """Puts one body together, as far as its pieces join up from its start."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._data: list[bytes] = []
        self._bytes = 0
        self._cuts: list[Cut] = []

    def add(self, part: Part) -> None:
        self._cuts += part.cuts
        room = self._bytes_max - self._bytes
        if part.offset == self._bytes and room > 0:
            self._data.append(part.data[:room])
            self._bytes += len(self._data[-1])

    def body(self, empty: Body) -> Body:
        data = b"".join(self._data)
        return Body(data, empty.size, tuple(self._cuts), self._bytes < empty.size, empty.trailers)


def _cuts_to_json(cuts: Sequence[Cut], wall_ns: int, mono_ns: int) -> list[int]:
    """Size, then both clocks as differences to the cut before (the first: to the given start)."""
    flat: list[int] = []
    for cut in cuts:
        flat += (cut.size, cut.wall_ns - wall_ns, cut.mono_ns - mono_ns)
        wall_ns, mono_ns = cut.wall_ns, cut.mono_ns
    return flat


def _cuts_from_json(flat: list[int], wall_ns: int, mono_ns: int) -> tuple[Cut, ...]:
    return tuple(_running_cuts(flat, wall_ns, mono_ns))


def _running_cuts(flat: list[int], wall_ns: int, mono_ns: int) -> Iterator[Cut]:
    numbers = iter(flat)
    for size, wall_step, mono_step in zip(numbers, numbers, numbers, strict=True):
        wall_ns += wall_step
        mono_ns += mono_step
        yield Cut(size, wall_ns, mono_ns)
