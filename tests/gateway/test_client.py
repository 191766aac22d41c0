"""Requests as clients send them: what is refused and how, pipelining, deadlines, clients that leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.gateway import client
from proxy.gateway.limits import HEAD_BYTES_MAX, HEADER_COUNT_MAX
from proxy.journal.format import Flag, Kind, Outcome
from tests.gateway.stage import GET, OK, Stage, post, response

BODY = b"POST / HTTP/1.1\r\nHost: a\r\n"

REFUSED = [
    pytest.param(400, b"GET / HTTP/1.1\r\n\r\n", id="no Host"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", id="two Hosts"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost: a b/@c\r\n\r\n", id="Host that is not host and port"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost: a:port\r\n\r\n", id="port that is no number"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n", id="empty Host"),
    pytest.param(501, BODY + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="gzip, chunked"),
    pytest.param(501, BODY + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", id="xchunked"),
    pytest.param(400, BODY + b"Transfer-Encoding: chunked, identity\r\n\r\n", id="chunked not last"),
    pytest.param(400, BODY + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked twice"),
    pytest.param(400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked on 1.0"),
    pytest.param(505, b"GET /\r\n\r\n", id="HTTP/0.9"),
    pytest.param(505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", id="HTTP/2.0"),
    pytest.param(400, b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", id="HTTP/1.2"),
    pytest.param(400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2 preface"),
    pytest.param(400, b"GET http://evil/x HTTP/1.1\r\nHost: a\r\n\r\n", id="absolute form"),
    pytest.param(400, b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", id="fragment"),
    pytest.param(400, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", id="asterisk without OPTIONS"),
    pytest.param(400, b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", id="target not ASCII"),
    pytest.param(405, b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", id="CONNECT"),
    pytest.param(405, b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", id="TRACE"),
    pytest.param(405, b"DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n", id="RTSP"),
    pytest.param(400, BODY + b"Content_Length: 3\r\n\r\n", id="Content_Length"),
    pytest.param(400, BODY + b"Transfer_Encoding: chunked\r\n\r\n", id="Transfer_Encoding"),
    pytest.param(400, BODY + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="length and chunked"),
    pytest.param(400, BODY + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", id="chunked and length"),
    pytest.param(400, BODY + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", id="two lengths"),
    pytest.param(400, BODY + b"Content-Length: +3\r\n\r\nabc", id="length +3"),
    pytest.param(400, BODY + b"Content-Length: 0x3\r\n\r\nabc", id="length 0x3"),
    pytest.param(400, BODY + b"Content-Length: 1_0\r\n\r\nabc", id="length 1_0"),
    pytest.param(400, BODY + b"Content-Length: 3,3\r\n\r\nabc", id="length list"),
    pytest.param(400, BODY + b"Content-Length: 99999999999999999999\r\n\r\n", id="length overflow"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", id="space before colon"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", id="folded line"),
    pytest.param(400, b"GET / HTTP/1.1\nHost: a\n\n", id="bare LF"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", id="bare CR"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", id="NUL in a value"),
    pytest.param(400, b"GET / HTTP/1.1\r\nHost: a\r\nX\x00: a\r\n\r\n", id="NUL in a name"),
    pytest.param(400, b"\x16\x03\x01\x02\x00\x01\x00", id="TLS hello"),
    pytest.param(400, b"NOSUCH / HTTP/1.1\r\nHost: a\r\n\r\n", id="method that llhttp does not know"),
    pytest.param(417, BODY + b"Expect: 200-ok\r\nContent-Length: 0\r\n\r\n", id="other Expect"),
    pytest.param(431, b"GET /" + b"a" * HEAD_BYTES_MAX + b" HTTP/1.1\r\nHost: a\r\n\r\n", id="giant target"),
    pytest.param(431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * HEAD_BYTES_MAX + b"\r\n\r\n", id="giant value"),
    pytest.param(431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000, id="value without an end"),
    pytest.param(431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X" * 200_000, id="name without an end"),
    pytest.param(431, b"GET /" + b"a" * 200_000, id="target without an end"),
    pytest.param(431, b"\r\n" * 100_000, id="nothing but empty lines"),
    pytest.param(431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * HEADER_COUNT_MAX + b"\r\n", id="too many lines"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "request_bytes"), REFUSED)
async def test_a_bad_request_is_refused_recorded_and_nothing_is_sent(
    stage: Stage, status: int, request_bytes: bytes
) -> None:
    client = await stage.client()

    await client.send(request_bytes)
    answer = await client.end()

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"]
    recorded = await stage.only()
    assert recorded.outcome is Outcome.REFUSED
    assert recorded.data(Kind.RESPONSE_HEAD, Flag.OWN_ANSWER).startswith(b"HTTP/1.1 %d" % status)
    assert not stage.worker._dials


async def test_garbage_behind_a_refused_request_is_not_answered_again(stage: Stage) -> None:
    client = await stage.client()

    await client.send(b"GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n\x00\x01\x02" + GET)

    assert (await client.end()).count(b"HTTP/1.1 400") == 1
    await stage.only()


async def test_a_head_request_is_refused_without_a_body(stage: Stage) -> None:
    client = await stage.client()

    await client.send(b"HEAD http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (await client.end()).endswith(b"\r\n\r\n")


async def test_options_asterisk_passes(stage: Stage) -> None:
    client = await stage.client()
    await client.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")

    upstream = await stage.accepted()

    assert (await upstream.head()).startswith(b"OPTIONS * HTTP/1.1\r\n")


@pytest.mark.parametrize("size", [b"g", b"-1", b"0x3", b"3 ", b"ffffffffffffffffff", b"3\n", b""])
async def test_a_bad_chunk_size_ends_the_exchange_and_is_answered(
    stage: Stage, size: bytes
) -> None:
    client = await stage.client()
    await client.send(BODY + b"Transfer-Encoding: chunked\r\n\r\n")
    upstream = await stage.accepted()
    await upstream.head()

    await client.send(size + b"\r\nabc\r\n0\r\n\r\n")

    assert (await client.end()).startswith(b"HTTP/1.1 400 ")
    assert b"0\r\n\r\n" not in await upstream.rest()
    recorded = await stage.only()
    assert recorded.outcome is Outcome.CLIENT_GONE
    assert Kind.REQUEST_END not in recorded.kinds


async def test_endless_trailers_are_cut_off(stage: Stage) -> None:
    client = await stage.client()
    await client.send(BODY + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    upstream = await stage.accepted()
    await upstream.head()

    await client.send(b"X: 1\r\n" * 20_000)

    assert (await client.end()).startswith(b"HTTP/1.1 431 ")
    assert (await stage.only()).outcome is Outcome.CLIENT_GONE


async def test_a_trailer_line_without_an_end_is_cut_off(stage: Stage) -> None:
    client = await stage.client()
    await client.send(BODY + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ")
    await stage.accepted()

    await client.send(b"a" * 200_000)

    assert (await client.end()).startswith(b"HTTP/1.1 431 ")


async def test_trailers_are_recorded_without_their_secrets_and_not_passed_on(stage: Stage) -> None:
    client = await stage.client()
    await client.send(
        BODY + b"X-Goog-Api-Key: PLANTEDSECRET1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;note=x\r\nabc\r\n0\r\nX-Sum: 1\r\nX-Copy: PLANTEDSECRET1\r\nCookie: PLANTEDSECRET2\r\n\r\n"
    )
    upstream = await stage.accepted()

    await upstream.head()
    assert await upstream.until(b"0\r\n\r\n") == b"3\r\nabc\r\n0\r\n\r\n"
    await upstream.send(OK)
    await client.message()

    recorded = await stage.only()
    assert recorded.request_body == b"abc"
    assert b"X-Sum: 1\r\n" in recorded.data(Kind.REQUEST_END)
    assert b"PLANTED" not in b"".join(entry.data for entry in recorded.entries)


async def test_an_idle_time_after_trailers_is_not_a_slow_head(stage: Stage) -> None:
    client = await stage.client()
    await client.send(BODY + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n")
    upstream = await stage.accepted()
    await upstream.until(b"0\r\n\r\n")
    await upstream.send(OK)

    await client.message()

    (connection,) = stage.worker._connections
    await stage.settled()
    assert connection.is_idle


# pipelining ---------------------------------------------------------------------------------------


async def test_fifty_requests_in_one_segment_are_answered_in_order_one_at_a_time(
    stage: Stage,
) -> None:
    client = await stage.client()
    await client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(50)))
    upstream = await stage.accepted()

    for number in range(50):
        assert (await upstream.head()).startswith(b"GET /%d " % number)
        assert upstream._buffer == b"", "the next one waits for its turn"
        await upstream.send(response(b"answer %d" % number))
        assert (await client.message()).endswith(b"answer %d" % number)

    assert [one.outcome for one in await stage.recorded()] == [Outcome.COMPLETE] * 50


async def test_pipelined_bodies_that_cross_reads_arrive_whole(stage: Stage) -> None:
    bodies = [bytes([65 + n]) * 50_000 for n in range(8)]
    client = await stage.client()
    stream = b"".join(map(post, bodies))
    for at in range(0, len(stream), 90_001):
        await client.send(stream[at : at + 90_001])
    upstream = await stage.accepted()

    for body in bodies:
        assert (await upstream.message()).endswith(body)
        await upstream.send(OK)
        assert await client.message() == OK

    assert [one.request_body for one in await stage.recorded()] == bodies


async def test_a_pipelining_client_is_read_ahead_by_a_bounded_amount(stage: Stage) -> None:
    client = await stage.client(SO_SNDBUF=4096)
    await client.send(GET)
    upstream = await stage.accepted()
    await upstream.head()
    await client.send(post(b"x" * 50_000))
    (connection,) = stage.worker._connections

    await stage.until(lambda: connection._pause_reasons)

    ahead = sum(len(value) for _, *values in connection._intake._ahead for value in values[:1])
    assert len(connection._intake._unfed) + ahead < 300_000


async def test_a_malformed_second_request_is_answered_after_the_first(stage: Stage) -> None:
    client = await stage.client()
    await client.send(GET + b"NO SUCH THING\r\n\r\n")
    upstream = await stage.accepted()
    await upstream.head()
    await upstream.send(OK)

    answers = await client.end()

    assert answers.startswith(OK)
    assert answers.removeprefix(OK).startswith(b"HTTP/1.1 400 ")
    first, second = await stage.recorded()
    assert (first.outcome, second.outcome) == (Outcome.COMPLETE, Outcome.REFUSED)


async def test_what_follows_connection_close_is_not_served(stage: Stage) -> None:
    client = await stage.client()
    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)
    upstream = await stage.accepted()
    await upstream.head()
    await upstream.send(OK)

    answers = await client.end()

    assert answers.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answers
    await stage.only()


# expectations, deadlines, limits -------------------------------------------------------------------


async def test_expect_100_continue_waits_for_upstreams_100(stage: Stage) -> None:
    client = await stage.client()
    await client.send(BODY + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    upstream = await stage.accepted()
    assert b"Expect: 100-continue" in await upstream.head()

    await upstream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(b"abc")
    assert await upstream.exactly(3) == b"abc"
    await upstream.send(OK)

    assert await client.message() == OK
    recorded = await stage.only()
    assert recorded.data(Kind.RESPONSE_HEAD, Flag.INTERIM) == b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_a_slow_head_is_answered_408(tmp_path: Path) -> None:
    async with Stage(tmp_path, header_timeout_s=0.0) as stage:
        client = await stage.client()
        await client.send(b"GET / HT")

        assert (await client.end()).startswith(b"HTTP/1.1 408 ")

        assert (await stage.only()).outcome is Outcome.REFUSED


async def test_an_idle_connection_is_closed_after_its_time(tmp_path: Path) -> None:
    async with Stage(tmp_path, keepalive_s=0.0) as stage:
        client, upstream = await stage.exchange()

        assert await client.end() == b""
        assert await upstream.end() == b""


async def test_one_connection_too_many_is_told_so(tmp_path: Path) -> None:
    async with Stage(tmp_path, connections_max=1) as stage:
        first, _ = await stage.exchange()
        second = await stage.client()

        assert (await second.end()).startswith(b"HTTP/1.1 503 ")

        await first.send(GET)
        assert stage.worker._relay.gauges.shed == 1


async def test_who_is_told_that_there_is_no_place_takes_none(tmp_path: Path) -> None:
    """Else a crowd that is told so, and does not go at once, keeps everybody out."""
    async with Stage(tmp_path, connections_max=1) as stage:
        first, _ = await stage.exchange()
        told = await stage.client()
        assert (await told.end()).startswith(b"HTTP/1.1 503 ")

        first.close()
        await stage.until(lambda: not stage.worker._relay.gauges.connections)
        await stage.exchange()

        assert len(stage.worker._connections) == 2


async def test_heads_that_were_begun_and_cut_off_are_counted(tmp_path: Path) -> None:
    """There is no request to record; who only looked in, or was refused with a record, is no such head."""
    async with Stage(tmp_path) as stage:
        for said in (b"G", GET[:-2], GET[:-2], b"", b"no HTTP at all\r\n\r\n"):
            gone = await stage.client()
            await gone.send(said)
            if said.startswith(b"no"):
                assert (await gone.end()).startswith(b"HTTP/1.1 400 ")
            gone.close()
        gauges = stage.worker._relay.gauges

        await stage.until(lambda: gauges.cut_heads == 3 and not gauges.connections)


async def test_beyond_a_crowd_nobody_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TOLD_MAX", 1)
    async with Stage(tmp_path, connections_max=1) as stage:
        await stage.exchange()
        told = await stage.client()
        await told.end()

        assert await (await stage.client()).is_reset()
        assert stage.worker._relay.gauges.shed == 2
