"""Responses as upstreams send them: framing, breaks, what must never reach a client, protocol switches."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.journal.format import Flag, Kind, Outcome
from tests.gateway.stage import GET, OK, Stage, response

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OPEN_ENDED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
HEAD = b"HEAD /v1 HTTP/1.1\r\nHost: a\r\n\r\n"
GET_10 = b"GET /v1 HTTP/1.0\r\n\r\n"
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Set-Cookie: PLANTEDSECRET2\r\n\r\n"
)


# framing ------------------------------------------------------------------------------------------


async def test_the_answer_to_head_has_a_length_and_no_body(stage: Stage) -> None:
    async with stage.asked(HEAD + GET) as (client, upstream):
        await upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")

        answer = await client.end()

    assert answer == b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"
    assert (await stage.only()).outcome is Outcome.COMPLETE


async def test_a_body_behind_the_answer_to_head_reaches_nobody(stage: Stage) -> None:
    async with stage.asked(HEAD) as (client, upstream):
        await upstream.send(response(b"never asked for"))

        assert b"never" not in await client.end()

    assert (await stage.only()).response_body == b""


async def test_a_body_may_end_with_its_connection(stage: Stage) -> None:
    async with stage.asked() as (client, upstream):
        await upstream.send(OPEN_ENDED + b"all of it")
        upstream.close()

        assert (await client.end()).endswith(b"Connection: close\r\n\r\nall of it")

    recorded = await stage.only()
    assert (recorded.outcome, recorded.response_body) == (Outcome.COMPLETE, b"all of it")


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body_keeps_the_connection(stage: Stage, status: bytes) -> None:
    async with stage.asked() as (client, upstream):
        await upstream.send(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n")
        assert await client.head() == b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n"
        await client.send(GET)
        await upstream.head()
        await upstream.send(OK)
        assert await client.message() == OK

    assert [one.outcome for one in await stage.recorded()] == [Outcome.COMPLETE] * 2


async def test_chunks_pass_as_they_are_read_and_trailers_stay_in_the_record(stage: Stage) -> None:
    async with stage.asked(b"GET / HTTP/1.1\r\nHost: a\r\nCookie: PLANTED1234\r\n\r\n") as (
        client,
        upstream,
    ):
        await upstream.send(CHUNKED + b"3;ext=1\r\nabc\r\n")
        assert await client.until(b"3\r\nabc\r\n") == CHUNKED + b"3\r\nabc\r\n"
        await upstream.send(b"2\r\nde\r\n0\r\nX-Sum: 1\r\nX-Echo: PLANTED1234\r\n\r\n")
        assert await client.until(b"0\r\n\r\n") == b"2\r\nde\r\n0\r\n\r\n"

    recorded = await stage.only()
    assert recorded.response_body == b"abcde"
    assert recorded.end.trailers.startswith(b"X-Sum: 1\r\n")
    assert b"PLANTED" not in recorded.end.trailers


async def test_chunks_for_an_http_10_client_become_a_body_that_ends_with_the_connection(
    stage: Stage,
) -> None:
    async with stage.asked(GET_10) as (client, upstream):
        await upstream.send(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n")

        answer = await client.end()

    assert answer == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"


async def test_an_http_10_client_may_keep_its_connection(stage: Stage) -> None:
    async with stage.asked(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") as (
        client,
        upstream,
    ):
        await upstream.send(OK)

        assert b"Connection: keep-alive" in await client.message()
        await client.send(GET_10)
        await upstream.head()
        await upstream.send(OK)
        await client.end()


async def test_interim_answers_pass_but_not_to_http_10(stage: Stage) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSet-Cookie: PLANTED1234\r\n\r\n"
    async with stage.asked() as (client, upstream):
        await upstream.send(early + early + OK)
        assert await client.exactly(2 * len(early) + len(OK)) == early + early + OK
    async with stage.asked(GET_10) as (client, upstream):
        await upstream.send(early + OK)
        assert (await client.end()).startswith(b"HTTP/1.1 200 OK\r\n")

    for recorded in await stage.recorded():
        assert b"103 Early Hints" in recorded.data(Kind.RESPONSE_HEAD, Flag.INTERIM)
        assert b"PLANTED" not in b"".join(entry.data for entry in recorded.entries)


async def test_an_upload_url_of_upstream_points_at_us_and_its_record_is_a_fingerprint(
    stage: Stage,
) -> None:
    url = b"http://127.0.0.1:%d/upload?upload_id=PLANTED1234" % stage.upstream_port
    async with stage.asked(b"POST / HTTP/1.1\r\nHost: proxy:80\r\n\r\n") as (client, upstream):
        await upstream.send(response(b"", b"X-Goog-Upload-URL: " + url))

        assert b"X-Goog-Upload-URL: http://proxy:80/upload?upload_id=PLANTED1234\r\n" in (
            await client.message()
        )

    assert b"PLANTED" not in (await stage.only()).head


# breaks ---------------------------------------------------------------------------------------------

CUTS = [
    pytest.param(b"", id="before the head"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-", id="in the head"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", id="in a body with length"),
    pytest.param(CHUNKED + b"3\r\nabc\r\n", id="between chunks"),
    pytest.param(CHUNKED + b"3\r\nabc\r\n0\r\n", id="before the last line end"),
]


@pytest.mark.parametrize("sent", CUTS)
@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
async def test_a_break_of_upstream_is_passed_on_as_a_break(
    stage: Stage,
    sent: bytes,
    is_reset: bool,  # noqa: FBT001 - a column of the table
) -> None:
    async with stage.asked() as (client, upstream):
        await upstream.send(sent)
        (connection,) = stage.worker._connections
        await stage.until(lambda: connection.exchange and connection.exchange.was_sent)
        if b"\r\n\r\n" in sent:
            await client.head()

        (upstream.reset if is_reset else upstream.close)()

        assert await client.is_reset() is is_reset
    recorded = await stage.only()
    assert recorded.outcome is Outcome.UPSTREAM_ABORTED


async def test_a_reset_of_an_open_ended_body_never_looks_like_its_end(stage: Stage) -> None:
    async with stage.asked() as (client, upstream):
        await upstream.send(OPEN_ENDED + b"some")
        await client.until(b"some")

        upstream.reset()

        assert await client.is_reset()
    assert (await stage.only()).outcome is Outcome.UPSTREAM_ABORTED


async def test_a_close_between_chunks_is_no_end_for_an_http_10_client(stage: Stage) -> None:
    async with stage.asked(GET_10) as (client, upstream):
        await upstream.send(CHUNKED + b"3\r\nabc\r\n")
        await client.until(b"abc")

        upstream.close()

        assert await client.is_reset()


MALFORMED = [
    pytest.param(b"SSH-2.0-OpenSSH\r\n", id="another protocol"),
    pytest.param(b"HTTP/1.1 99 Low\r\n\r\n", id="status"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", id="length"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="lengths"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", id="both"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", id="gzip, chunked"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", id="gzip"),
    pytest.param(CHUNKED + b"xyz\r\n", id="chunk size"),
    pytest.param(b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n", id="NUL"),
    pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 900_000, id="header without an end"),
    pytest.param(CHUNKED + b"0\r\n" + b"X: 1\r\n" * 150_000, id="endless trailers"),
    pytest.param(SWITCH, id="a switch that nobody asked for"),
    pytest.param(b"HTTP/1.1 101 Switching\r\n\r\n", id="a switch to nothing"),
    pytest.param(b"HTTP/1.1 103 Early\r\nContent-Length: 3\r\n\r\nabc", id="interim with a body"),
    pytest.param(b"HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", id="interim, chunked"),
]  # fmt: skip


@pytest.mark.parametrize("sent", MALFORMED)
async def test_a_malformed_answer_breaks_the_connection(stage: Stage, sent: bytes) -> None:
    async with stage.asked() as (client, upstream):
        await upstream.send(sent)

        assert await client.is_reset()

    recorded = await stage.only()
    assert recorded.outcome is Outcome.UPSTREAM_ABORTED
    assert recorded.end.detail


# what nobody asked for -------------------------------------------------------------------------------


async def test_a_second_answer_in_the_same_segment_reaches_nobody(stage: Stage) -> None:
    async with stage.asked() as (client, upstream):
        await upstream.send(OK + response(b"planted"))

        assert await client.end() == OK

    assert (await stage.only()).response_body == b"ok"


async def test_bytes_between_requests_close_both_sides(stage: Stage) -> None:
    client, upstream = await stage.exchange()

    await upstream.send(response(b"planted"))

    assert await client.end() == b""
    await stage.only()


async def test_bytes_that_came_before_the_next_request_are_not_its_answer(stage: Stage) -> None:
    client, upstream = await stage.exchange()
    (connection,) = stage.worker._connections
    await stage.settled()
    side = connection._upstream
    assert side is not None
    hold, release = stage.worker._tap.hold, []

    def keep(*told: Any, **how: Any) -> bool:
        release.append((told, how))
        return False

    stage.worker._tap.hold = keep  # type: ignore[method-assign]
    await client.send(GET)
    await stage.until(lambda: release)

    await upstream.send(response(b"planted"))
    await stage.until(lambda: side.is_closed)
    stage.worker._tap.hold = hold  # type: ignore[method-assign]
    for told, how in release:
        hold(*told, **how)

    second = await stage.accepted()
    await second.head()
    await stage.until(lambda: upstream.socket.fileno() >= 0)
    await second.send(OK)
    assert await client.message() == OK
    await client.send(GET)
    await second.head()
    await second.send(OK)
    assert await client.message() == OK
    assert [one.outcome for one in await stage.recorded()] == [Outcome.COMPLETE] * 3


async def test_an_upstream_that_closes_idle_closes_its_client(stage: Stage) -> None:
    client, upstream = await stage.exchange()

    upstream.close()

    assert await client.end() == b""


async def test_upstreams_connection_close_is_said_on_and_done(stage: Stage) -> None:
    async with stage.asked() as (client, upstream):
        await upstream.send(response(b"ok", b"Connection: close"))

        assert await client.end() == response(b"ok", b"Connection: close")
