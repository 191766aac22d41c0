"""Requests arrive as the client spelt them, two User-Agent lines included; aiohttp is as we believe it is."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from aiohttp import http_parser, web
from aiohttp.web_protocol import RequestHandler

from proxy.emulator.wire.connection import Server

HEAD = b"POST /a%%20b HTTP/1.1\r\nHost: x\r\nUser-Agent: one\r\nX-A: b\r\nuser-agent: %b\r\n%b\r\n"


async def told(data: list[bytes]) -> tuple[list[web.Request], list[bytes]]:
    """The requests that a server saw, with their bodies, of bytes that came one piece after another."""
    seen: list[web.Request] = []
    bodies: list[bytes] = []
    ended = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        bodies.append(await request.read())
        if request.headers.getall("user-agent")[-1] == "last":
            ended.set()
        return web.Response()

    runner = web.ServerRunner(Server(handle))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        place = urlsplit(f"//127.0.0.1:{runner.addresses[0][1]}")
        _, writer = await asyncio.open_connection(place.hostname, place.port)
        for piece in data:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(10):
            await ended.wait()
        writer.close()
    finally:
        await runner.cleanup()
    return seen, bodies


async def test_both_lines_arrive_in_their_places_and_spelling() -> None:
    (request,), _ = await told([HEAD % (b"last", b"Content-Length: 0\r\n")])

    assert request.headers.getall("User-Agent") == ["one", "last"]
    assert [name for name, _ in request.raw_headers] == [
        b"Host",
        b"User-Agent",
        b"X-A",
        b"user-agent",
        b"Content-Length",
    ]


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_requests_follow_each_other_on_one_connection(size: int) -> None:
    body = HEAD % (b"in a body", b"")
    one = HEAD % (b"two", b"Content-Length: %d\r\n" % len(body)) + body
    two = HEAD % (b"two", b"Transfer-Encoding: chunked\r\n")
    two += b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    data = one + two + one + HEAD % (b"last", b"")

    seen, bodies = await told([data[place : place + size] for place in range(0, len(data), size)])

    assert bodies == [body, body, body, b""]
    assert [each.headers.getall("User-Agent") for each in seen[:-1]] == [["one", "two"]] * 3


async def test_a_body_may_be_as_large_as_media_are() -> None:
    body = b"x" * 3_000_000
    head = HEAD % (b"last", b"Content-Length: %d\r\n" % len(body))

    _, bodies = await told([head, body])

    assert bodies == [body]


def test_the_internals_are_where_we_use_them() -> None:
    assert "_make_request" in web.Server.__init__.__code__.co_names
    assert "data_received" in vars(RequestHandler)
    assert "user-agent" in http_parser.SINGLETON_HEADERS  # else this is needed no more
    assert http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
