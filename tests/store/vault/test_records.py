from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.journal.format import ExchangeId, Outcome, Purpose
from proxy.recording.exchange import Body, Cut, Exchange, InterimHead, Part, Side
from proxy.store.vault.format import RecordKind, Ref, SealedPart, pack_box, unpack_box
from proxy.store.vault.records import (
    exchange_from_box,
    exchange_to_box,
    part_from_box,
    part_to_box,
    steps_in_box,
    with_parts,
)
from tests.store.vault.built import KEEP, finished

ID = ExchangeId(0, 7, 1)
TIMES = st.integers(0, 2**62)
CUTS = st.lists(st.builds(Cut, st.integers(1, 2**20), TIMES, TIMES), max_size=5).map(tuple)
BODIES = st.builds(
    Body, data=st.binary(max_size=50), size=st.just(0), cuts=CUTS, trailers=st.binary(max_size=9)
).map(lambda body: replace(body, size=len(body.data)))
EXCHANGES = st.builds(
    lambda times, **given: replace(
        finished(1).exchange,
        started_wall_ns=times[0],
        started_mono_ns=times[1],
        response_head_wall_ns=times[2],
        response_head_mono_ns=times[3],
        ended_wall_ns=times[4],
        ended_mono_ns=times[5],
        **given,
    ),
    times=st.tuples(TIMES, TIMES, TIMES, TIMES, TIMES, TIMES),
    request=BODIES,
    response=BODIES,
    request_ended_mono_ns=st.none() | TIMES,
    interim_heads=st.lists(st.builds(InterimHead, TIMES, st.binary(max_size=20))).map(tuple),
    response_head=st.binary(max_size=40),
    is_own_answer=st.booleans(),
    spliced_from_client_bytes=TIMES,
    spliced_from_upstream_bytes=TIMES,
    outcome=st.sampled_from(Outcome),
    detail=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    has_lost_frames=st.booleans(),
    purpose=st.sampled_from(Purpose),
    is_answer_withheld=st.booleans(),
    decision=st.binary(max_size=40),
)


def tails(exchange: Exchange) -> tuple[Part, ...]:
    bodies = {Side.REQUEST: exchange.request, Side.RESPONSE: exchange.response}
    return tuple(Part(ID, side, 0, body.data, body.cuts) for side, body in bodies.items())


@given(EXCHANGES, st.lists(st.binary(max_size=20)).map(tuple), st.integers(0, 2**32))
def test_an_exchange_comes_back_from_its_box_as_it_was(
    exchange: Exchange, steps: tuple[bytes, ...], next_ordinal: int
) -> None:
    box = exchange_to_box(exchange, tails(exchange), (), steps, next_ordinal)

    stored = exchange_from_box(ID, box)

    assert with_parts(stored, (), KEEP) == exchange
    assert stored.tails == tails(exchange)
    assert stored.steps == steps
    assert steps_in_box(box) == list(steps)
    assert stored.next_ordinal == next_ordinal


@given(CUTS, st.binary(max_size=30), st.sampled_from(Side), TIMES)
def test_a_part_comes_back_from_its_box_as_it_was(
    cuts: tuple[Cut, ...], data: bytes, side: Side, offset: int
) -> None:
    part = Part(ID, side, offset, data, cuts)

    assert part_from_box(ID, part_to_box(part)) == part


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1), st.integers(0, 60))
def test_spilled_parts_and_tail_join_to_the_start_of_the_body(
    pieces: list[bytes], bytes_max: int
) -> None:
    whole = b"".join(pieces)
    offsets = [sum(map(len, pieces[:place])) for place in range(len(pieces))]
    cuts = [(Cut(len(piece), 5, place),) for place, piece in enumerate(pieces)]
    parts = [Part(ID, Side.RESPONSE, *about) for about in zip(offsets, pieces, cuts, strict=True)]
    all_cuts = tuple(cut for (cut,) in cuts)
    body = Body(whole, len(whole), all_cuts)
    exchange = replace(finished(1).exchange, response=body, request=Body(b"", 0, ()))

    stored = exchange_from_box(ID, exchange_to_box(exchange, parts[-1:]))
    found = with_parts(stored, parts[:-1], bytes_max).response

    assert found.data == whole[:bytes_max]
    assert found.was_truncated == (len(whole) > bytes_max)
    assert (found.size, found.cuts) == (len(whole), all_cuts)


def test_the_records_of_spilled_parts_are_named() -> None:
    part = SealedPart(RecordKind.PART, Ref("20261118-000001", 9), 100, bytes(32))

    stored = exchange_from_box(ID, exchange_to_box(finished(1).exchange, (), [part]))

    assert stored.parts == (part,)


@given(st.binary(max_size=80))
def test_noise_is_neither_exchange_nor_part(noise: bytes) -> None:
    for decode in (exchange_from_box, part_from_box):
        with pytest.raises(FormatError):
            decode(ID, noise)


def test_a_box_of_a_later_version_is_refused() -> None:
    meta, blobs = unpack_box(exchange_to_box(finished(1).exchange, ()))

    with pytest.raises(FormatError, match="version 2"):
        exchange_from_box(ID, pack_box({**meta, "version": 2}, blobs))


def test_an_exchange_of_before_there_were_purposes_was_a_clients() -> None:
    meta, blobs = unpack_box(exchange_to_box(finished(1).exchange, ()))
    del meta["purpose"], meta["is_answer_withheld"], meta["blobs"]

    found = exchange_from_box(ID, pack_box(meta, blobs)).exchange

    assert (found.purpose, found.is_answer_withheld) == (Purpose.CLIENT, False)
