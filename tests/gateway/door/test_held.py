"""Requests that wait for a verdict: nothing goes upstream before it, and the record says all of it."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.gateway.client import ClientConnection
from proxy.gateway.door.frames import Answer, Kind, Way
from proxy.gateway.door.held import LOOKED_AT_BYTES_MAX, unasked
from proxy.journal.format import Flag, Outcome, Purpose
from proxy.journal.format import Kind as Noted
from proxy.recording.decision import Decision
from tests.gateway.door.porter import PASS, Porter
from tests.gateway.stage import GET, HEAD_END, OK, WAIT_S, Peer, Stage, post, response

BODY = b'{"input":"hi"}'
ERROR = b'{"error":{"code":"invalid_request","message":"no"}}'
REFUSE = Answer(Way.REFUSE, is_shown=False, status=400, record=b"record", body=ERROR)


@pytest.fixture
async def porter(tmp_path: Path) -> AsyncIterator[Porter]:
    async with Porter(tmp_path / "d") as opened:
        yield opened


@pytest.fixture
async def stage(tmp_path: Path, porter: Porter) -> AsyncIterator[Stage]:
    async with Stage(tmp_path / "s", door=porter.path, door_deadline_s=WAIT_S) as opened:
        yield opened


@pytest.fixture
async def hurried(tmp_path: Path, porter: Porter) -> AsyncIterator[Stage]:
    """Whose door has the usual deadline."""
    async with Stage(tmp_path / "s", door=porter.path) as opened:
        yield opened


async def sent(stage: Stage, request: bytes) -> Peer:
    client = await stage.client()
    await client.send(request)
    return client


async def test_a_request_that_passes_arrives_as_it_was(stage: Stage, porter: Porter) -> None:
    client = await sent(stage, post(BODY, b"x-goog-api-key: a-secret-key"))
    number, question = await porter.asked()
    assert question.body == BODY
    assert question.is_whole
    assert b"x-goog-api-key: fp:" in question.head
    assert b"a-secret-key" not in question.head
    porter.answer(number)
    upstream = await stage.accepted()

    arrived = await upstream.message()

    assert arrived.endswith(HEAD_END + BODY)
    assert b"x-goog-api-key: a-secret-key" in arrived
    await upstream.send(OK)
    assert (await client.message()).endswith(b"ok")
    recorded = await stage.only()
    assert recorded.request_body == BODY
    assert Noted.DECISION not in recorded.kinds
    assert recorded.outcome is Outcome.COMPLETE


async def test_nothing_goes_upstream_before_the_verdict(stage: Stage, porter: Porter) -> None:
    client = await sent(stage, post(BODY))
    number, _ = await porter.asked()
    upstream = await stage.accepted()
    await stage.durable()
    porter.answer(number, REFUSE)

    told = await client.message()

    assert told.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert told.endswith(HEAD_END + ERROR)
    assert await upstream.rest() == b""
    recorded = await stage.only()
    assert recorded.outcome is Outcome.REFUSED
    assert recorded.request_body == BODY
    assert recorded.data(Noted.DECISION) == b"record"
    assert recorded.data(Noted.RESPONSE_CHUNK, Flag.OWN_ANSWER) == ERROR


@pytest.mark.parametrize("is_chunked", [0, 1])
async def test_a_rewritten_body_is_framed_as_the_client_framed_its_own(
    stage: Stage, porter: Porter, is_chunked: int
) -> None:
    chunked = b"POST /v1/interactions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    framed = chunked + b"2\r\n{}\r\n0\r\n\r\n"
    client = await sent(stage, framed if is_chunked else post(b"{}", b"X-Content-Length: 2"))
    number, question = await porter.asked()
    assert question.body == b"{}"
    rewritten = b'{"store":false}'
    porter.answer(number, PASS._replace(way=Way.REWRITE, record=b"record", body=rewritten))
    upstream = await stage.accepted()

    head = await upstream.head()

    if is_chunked:
        expected = b"f\r\n" + rewritten + b"\r\n0\r\n\r\n"
        assert await upstream.exactly(len(expected)) == expected
    else:
        assert b"\r\nContent-Length: 15\r\n" in head
        assert b"\r\nX-Content-Length: 2\r\n" in head
        assert await upstream.exactly(15) == rewritten
    await upstream.send(OK)
    await client.message()
    recorded = await stage.only()
    assert recorded.request_body == b"{}"
    assert recorded.data(Noted.DECISION) == b"record"
    assert recorded.outcome is Outcome.COMPLETE


async def test_what_does_not_concern_the_door_is_not_asked_about(
    stage: Stage, porter: Porter
) -> None:
    client, upstream = await stage.exchange(GET)
    await client.send(post(BODY))
    await porter.passes()
    assert (await upstream.message()).endswith(BODY)
    await upstream.send(OK)
    await client.message()
    assert len(await stage.recorded()) == 2


async def test_requests_of_one_connection_are_decided_one_after_the_other(
    stage: Stage, porter: Porter
) -> None:
    client = await sent(stage, post(b"one") + post(b"two"))
    assert (await porter.passes()).body == b"one"
    upstream = await stage.accepted()
    for body in (b"one", b"two"):
        assert (await upstream.message()).endswith(body)
        await upstream.send(OK)
        await client.message()
        if body == b"one":
            assert (await porter.passes()).body == b"two"


async def test_a_door_that_is_silent_refuses_within_its_deadline(
    hurried: Stage, porter: Porter
) -> None:
    client = await sent(hurried, post(BODY))
    await porter.asked()

    told = await client.message()

    assert told.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After" in told
    recorded = await hurried.only()
    assert recorded.outcome is Outcome.REFUSED
    decision = Decision.decode(recorded.data(Noted.DECISION))
    assert (decision.decision, decision.policy) == ("refuse", "door")


async def test_where_it_may_the_request_passes_unasked_and_that_is_told(tmp_path: Path) -> None:
    async with (
        Porter(tmp_path / "d", must_answer=False) as porter,
        Stage(tmp_path / "s", door=porter.path) as stage,
    ):
        client = await sent(stage, post(BODY))
        await porter.asked()
        upstream = await stage.accepted()
        assert (await upstream.message()).endswith(BODY)
        await upstream.send(OK)
        await client.message()
        recorded = await stage.only()

    assert recorded.outcome is Outcome.COMPLETE
    assert Decision.decode(recorded.data(Noted.DECISION)).decision == "unasked"


async def test_a_large_body_is_decided_on_by_its_beginning_and_then_flows(
    stage: Stage, porter: Porter
) -> None:
    body = b"x" * (3 * LOOKED_AT_BYTES_MAX)
    client = await stage.client()
    head, _, rest = post(body).partition(HEAD_END)
    await client.send(head + HEAD_END + rest[: LOOKED_AT_BYTES_MAX + 1])
    number, question = await porter.asked()
    assert not question.is_whole
    assert len(question.body) > LOOKED_AT_BYTES_MAX
    porter.answer(number, PASS._replace(record=b"record"))
    await client.send(rest[LOOKED_AT_BYTES_MAX + 1 :])
    upstream = await stage.accepted()

    arrived = await upstream.message()

    assert arrived.endswith(HEAD_END + body)
    await upstream.send(OK)
    await client.message()
    recorded = await stage.only()
    assert recorded.request_body == body
    assert recorded.data(Noted.DECISION) == b"record"


async def test_a_client_that_leaves_meanwhile_is_passed_on_by_nobody(
    stage: Stage, porter: Porter
) -> None:
    client = await sent(stage, post(BODY))
    number, _ = await porter.asked()
    client.close()
    await stage.settled()
    porter.answer(number)

    recorded = await stage.only()

    assert recorded.outcome is Outcome.CLIENT_GONE
    assert await (await stage.accepted()).rest() == b""


async def test_nothing_is_kept_of_a_client_that_left(stage: Stage, porter: Porter) -> None:
    client = await sent(stage, post(BODY))
    number, _ = await porter.asked()
    client.close()
    await stage.settled()
    porter.answer(number, PASS._replace(is_shown=True))

    said = await porter.said()

    assert (said.kind, said.number) == (Kind.SHOWN_END, number)


async def test_more_bodies_than_are_kept_are_refused_until_there_is_room(
    stage: Stage, porter: Porter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.gateway.door.held.KEPT_BYTES_MAX", len(BODY))
    first = await sent(stage, post(BODY))
    number, _ = await porter.asked()
    upstream = await stage.accepted()

    second = await sent(stage, post(BODY))

    assert (await second.message()).startswith(b"HTTP/1.1 503 ")
    porter.answer(number)
    assert (await upstream.message()).endswith(BODY)
    await upstream.send(OK)
    await first.message()
    await sent(stage, post(BODY))
    assert (await porter.passes()).body == BODY


async def test_a_credential_that_is_spelled_like_the_path_hides_nothing(
    stage: Stage, porter: Porter
) -> None:
    await sent(stage, post(BODY, b"Cookie: interactions"))
    assert b" /v1/fp:" in (await porter.passes()).head


async def test_who_waits_for_a_100_is_asked_for_the_body(stage: Stage, porter: Porter) -> None:
    client = await stage.client()
    head, _, body = post(BODY, b"Expect: 100-continue").partition(HEAD_END)
    await client.send(head + HEAD_END)
    assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(body)
    await porter.passes()
    upstream = await stage.accepted()
    assert (await upstream.message()).endswith(BODY)
    await upstream.send(OK)
    assert (await client.message()).endswith(b"ok")
    recorded = await stage.only()
    assert recorded.data(Noted.RESPONSE_HEAD, Flag.INTERIM | Flag.OWN_ANSWER)


async def test_the_answer_is_shown_before_the_client_has_it(stage: Stage, porter: Porter) -> None:
    client = await sent(stage, post(BODY))
    number, _ = await porter.asked()
    porter.answer(number, PASS._replace(is_shown=True))
    upstream = await stage.accepted()
    await upstream.message()
    await upstream.send(response(b'{"id":"v1_a"}'))
    await client.message()

    said = [await porter.said() for _ in range(3)]

    assert [each.kind for each in said] == [Kind.SHOWN_HEAD, Kind.SHOWN_PIECE, Kind.SHOWN_END]
    assert {each.number for each in said} == {number}
    assert said[1].payload == b'{"id":"v1_a"}'
    await stage.only()


async def test_without_a_door_a_connection_is_the_plain_one(tmp_path: Path) -> None:
    """So not a call is added to any request."""
    async with Stage(tmp_path) as stage:
        client, upstream = await stage.exchange(post(BODY))
        assert {type(one) for one in stage.worker._connections} == {ClientConnection}
        client.close()
        upstream.close()


async def test_our_own_listeners_ask_nobody(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "s", door=tmp_path / "nobody")
    stage.private_doors = {Purpose.STEWARD: tmp_path / "own.sock"}
    async with stage:
        client = await stage.private(Purpose.STEWARD)
        await client.send(b"DELETE /v1/interactions/v1_a HTTP/1.1\r\nHost: a\r\n\r\n")
        upstream = await stage.accepted()
        await upstream.message()
        await upstream.send(OK)
        assert (await client.message()).endswith(b"ok")


def test_what_is_told_without_a_verdict_is_what_the_recorder_reads() -> None:
    told = unasked("refuse", "why")
    assert Decision.decode(told) == Decision("refuse", "door", "why")
    (size,) = struct.unpack_from("<I", told)
    assert json.loads(told[4 : 4 + size])["has_body"] is False
