"""Upgrades: a WebSocket is spliced as raw bytes, any other request for an upgrade is an ordinary request."""

from __future__ import annotations

import pytest

from proxy.journal.format import Flag, Kind, Outcome
from tests.gateway.stage import GET, OK, Stage, post, response

WEBSOCKET = (
    b"GET //ws/x?key=PLANTEDSECRET HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Set-Cookie: PLANTEDSECRET2\r\n\r\n"
)


async def test_a_websocket_is_spliced_both_ways_early_bytes_included(stage: Stage) -> None:
    client = await stage.client()
    await client.send(WEBSOCKET + b"early")
    upstream = await stage.accepted()
    head = await upstream.head()
    assert b"Connection: Upgrade\r\nUpgrade: websocket\r\n" in head
    assert upstream._buffer == b""

    await upstream.send(SWITCH + b"hello")
    assert await client.exactly(len(SWITCH) + 5) == SWITCH + b"hello"
    assert await upstream.exactly(5) == b"early"
    await client.send(b"\x00raw\xff")
    assert await upstream.exactly(5) == b"\x00raw\xff"
    await upstream.send(b"back")
    assert await client.exactly(4) == b"back"
    upstream.close()
    assert await client.end() == b""

    recorded = await stage.only()
    assert recorded.outcome is Outcome.COMPLETE
    assert recorded.data(Kind.SPLICED_CHUNK, Flag.FROM_CLIENT) == b"early\x00raw\xff"
    assert recorded.data(Kind.SPLICED_CHUNK, Flag.NONE) == b"helloback"
    assert recorded.end.response_bytes == 0  # no body: a count would read as frames that were lost
    assert b"PLANTED" not in recorded.intent.head + recorded.head


async def test_what_a_websocket_client_said_last_arrives(stage: Stage) -> None:
    async with stage.asked(WEBSOCKET) as (client, upstream):
        await upstream.send(SWITCH)
        await client.head()

        await client.send(b"farewell")
        client.close()

        assert await upstream.end() == b"farewell"
    assert (await stage.only()).outcome is Outcome.COMPLETE


async def test_bytes_after_upstream_closed_a_spliced_connection_are_not_recorded(
    stage: Stage,
) -> None:
    async with stage.asked(WEBSOCKET) as (client, upstream):
        await upstream.send(SWITCH)
        await client.head()
        (connection,) = stage.worker._connections

        upstream.close()
        await stage.until(lambda: connection.exchange is None or connection.exchange.ended)
        connection.data_received(b"too late")

        await client.end()
    await stage.only()


async def test_a_declined_websocket_is_followed_by_other_requests(stage: Stage) -> None:
    async with stage.asked(WEBSOCKET + GET) as (client, upstream):
        await upstream.send(response(b"no", status=b"403 Forbidden"))
        assert await client.message() == response(b"no", status=b"403 Forbidden")
        assert await upstream.head() == GET.replace(
            b"Host: a", b"Host: 127.0.0.1:%d" % stage.upstream_port
        )
        await upstream.send(OK)
        assert await client.message() == OK

    assert [one.outcome for one in await stage.recorded()] == [Outcome.COMPLETE] * 2


H2C = (
    b"POST /v1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABk\r\n"
)


@pytest.mark.parametrize(
    ("request_bytes", "body"),
    [
        (H2C + b"\r\n", b""),
        (H2C + b"Content-Length: 3\r\n\r\nabc", b"abc"),
        (H2C + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-T: 1\r\n\r\n", b"abc"),
        (H2C.replace(b"h2c", b"websocket") + b"Content-Length: 3\r\n\r\nabc", b"abc"),
    ],
    ids=["no body", "length", "chunked", "websocket with a body"],
)  # fmt: skip
@pytest.mark.parametrize("before", [b"", GET, GET + GET], ids=["first", "second", "third"])
async def test_an_upgrade_that_is_not_for_us_is_an_ordinary_request(
    stage: Stage, request_bytes: bytes, body: bytes, before: bytes
) -> None:
    """Wherever it stands in a segment: llhttp stops at it, and must not stop the others."""
    client = await stage.client()
    await client.send(before + request_bytes + GET)
    upstream = await stage.accepted()

    for _ in range(before.count(GET)):
        await upstream.head()
        await upstream.send(OK)
        await client.message()
    head = await upstream.head()
    assert b"pgrade" not in head
    assert b"Settings" not in head
    if b"chunked" in head:
        await upstream.until(b"0\r\n\r\n")
    else:
        assert await upstream.exactly(len(body)) == body
    await upstream.send(OK)
    await client.message()
    await upstream.head()
    await upstream.send(OK)
    assert await client.message() == OK

    recorded = await stage.recorded()
    assert [one.outcome for one in recorded] == [Outcome.COMPLETE] * len(recorded)
    assert recorded[-2].request_body == body


async def test_a_websocket_asked_for_behind_another_request_is_spliced(stage: Stage) -> None:
    async with stage.asked(post(b"{}") + WEBSOCKET + b"early") as (client, upstream):
        await upstream.send(OK)
        await client.message()
        await upstream.head()
        await upstream.send(SWITCH)
        await client.head()

        assert await upstream.exactly(5) == b"early"
        client.close()
        await upstream.end()

    assert [one.outcome for one in await stage.recorded()] == [Outcome.COMPLETE] * 2
