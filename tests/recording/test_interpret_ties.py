"""What ties exchanges to each other: repeats of a body, a place in a stream, the answer told again."""

from __future__ import annotations

import gzip
from typing import Any

from proxy.recording.exchange import Exchange
from proxy.recording.facts import ExchangeFact, ObservationFact
from proxy.recording.interpret import interpret
from proxy.recording.secrecy.equality import Equality
from tests.recording.samples import EVENT_STREAM, ID, MODEL, START_NS, event, exchange
from tests.strategies import make_id, turn

DAY_NS = 86_400 * 1_000_000_000
CREATED_S = START_NS // 1_000_000_000 - 3 * 86_400
DATED_ID = make_id(turn(CREATED_S, bytes(12)), turn(CREATED_S, bytes(12)))
TEXT = {"type": "model_output", "content": [{"type": "text", "text": "One two."}]}


def of_day(wall_ns: int) -> Equality:
    return Equality(b"%d" % (wall_ns // DAY_NS))


def row(given: Exchange) -> ExchangeFact:
    return interpret(given, of_day).exchange


def seen(given: Exchange) -> ObservationFact:
    (observation,) = interpret(given, of_day).observations
    return observation


def read(steps: list[Any], status: str = "completed", interaction: str = DATED_ID) -> Exchange:
    resource = {"id": interaction, "status": status, "model": MODEL, "steps": steps}
    return exchange(method="GET", target=f"/v1/interactions/{interaction}", response=resource)


def streamed(*pieces: str, is_cut: bool = False) -> Exchange:
    head = {"id": DATED_ID, "status": "in_progress", "model": MODEL}
    blocks = [
        event("interaction.created", interaction=head),
        event("step.start", index=0, step={"type": "model_output"}),
        *(event("step.delta", index=0, delta={"type": "text", "text": text}) for text in pieces),
        event("step.stop", index=0),
        event("interaction.completed", interaction={**head, "status": "completed"}),
    ]
    return exchange(
        request={"model": MODEL, "input": "x", "stream": True},
        response=blocks[:-2] if is_cut else blocks,
        response_headers=[("Content-Type", EVENT_STREAM)],
    )


def test_a_create_repeated_byte_for_byte_has_the_same_digest_whatever_its_coding() -> None:
    body = b'{"model": "m", "input": "hello"}'
    plain = row(exchange(request=body, response={}))
    packed = row(
        exchange(
            request=gzip.compress(body),
            request_headers=[("content-encoding", "gzip")],
            response={},
        )
    )

    assert plain.request_mac is not None
    assert plain.request_mac == packed.request_mac
    assert plain.request_mac != row(exchange(request=body + b" ", response={})).request_mac
    assert row(read([TEXT])).request_mac is None


def test_what_was_streamed_and_what_is_read_later_compare() -> None:
    user = {"type": "user_input", "content": [{"type": "text", "text": "x"}]}
    told = seen(streamed("One ", "two."))

    assert told.answer_mac is not None
    assert told.answer_mac == seen(read([user, TEXT])).answer_mac
    assert told.answer_mac != seen(streamed("One ", "three.")).answer_mac


def test_a_part_of_an_answer_compares_with_nothing() -> None:
    assert seen(streamed("One ", is_cut=True)).answer_mac is None
    assert seen(read([TEXT], status="in_progress")).answer_mac is None
    assert row(streamed("One ")).resumed_after is None


def test_an_answer_is_compared_under_the_key_of_the_day_in_its_id() -> None:
    def only_that_day(wall_ns: int) -> Equality:
        is_it = wall_ns // DAY_NS == CREATED_S * 1_000_000_000 // DAY_NS
        return Equality(b"that day" if is_it else None)

    (dated,) = interpret(read([TEXT]), only_that_day).observations
    (undated,) = interpret(read([TEXT], interaction=ID), only_that_day).observations

    assert dated.answer_mac is not None
    assert undated.answer_mac is None


def test_media_are_compared_as_they_came_not_by_their_place_in_the_record() -> None:
    def shown(data: str) -> str | None:
        image = {"type": "image", "mime_type": "image/png", "data": data}
        return seen(read([{"type": "model_output", "content": [image]}])).answer_mac

    assert shown("aGVsbG8=") == shown("aGVsbG8=") != shown("aGVsbG9v")


def test_a_resumed_stream_is_tied_to_the_event_it_goes_on_behind() -> None:
    def resumed(last_event_id: str, event_id: str) -> tuple[str | None, str | None]:
        recording = interpret(
            exchange(
                method="GET",
                target=f"/v1/interactions/{DATED_ID}?last_event_id={last_event_id}&stream=true",
                response=[event("step.stop", index=0, event_id=event_id)],
                response_headers=[("Content-Type", EVENT_STREAM)],
            ),
            of_day,
        )
        return recording.exchange.resumed_after, recording.events[0].event_id

    assert resumed("evt_7", "evt_8") == ("evt_7", "evt_8")
    after, before = resumed("a%20b%3D", "a b=")
    assert after == before
    assert after is not None
    assert after.startswith("mac:")
