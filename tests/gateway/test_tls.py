"""Clients that come by TLS: everything else is as without it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.journal.format import Outcome, Purpose
from tests.certificates import certificate
from tests.gateway.stage import GET, OK, WAIT_S, Stage, post, response

LARGE = 3 * 1024 * 1024
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[Stage]:
    crt, key = certificate(tmp_path, "localhost")
    async with Stage(tmp_path, certificate_file=crt, key_file=key) as opened:
        yield opened


async def client_of(stage: Stage) -> Ends:
    context = ssl.create_default_context(cafile=str(stage.settings.certificate_file))
    return await asyncio.open_connection(
        "127.0.0.1", stage.port, ssl=context, server_hostname="localhost"
    )


async def closed(ends: Ends) -> None:
    ends[1].transport.abort()


async def test_exchanges_pass_and_are_recorded_one_after_the_other(secure: Stage) -> None:
    reader, writer = await client_of(secure)
    large = response(b"x" * LARGE)
    upstream = None
    for request, answer in ((GET, OK), (post(b"y" * LARGE), large)):
        writer.write(request)
        upstream = upstream or await secure.accepted()
        got = await upstream.message()
        await upstream.send(answer)
        async with asyncio.timeout(WAIT_S):
            assert await reader.readexactly(len(answer)) == answer
        assert got.partition(b"\r\n\r\n")[2] == request.partition(b"\r\n\r\n")[2]
    await closed((reader, writer))

    first, second = await secure.recorded()
    assert (first.outcome, second.outcome) == (Outcome.COMPLETE, Outcome.COMPLETE)
    assert (len(second.request_body), len(second.response_body)) == (LARGE, LARGE)
    assert (first.intent.client_address, first.intent.client_port != 0) == ("127.0.0.1", True)


async def test_a_refusal_reaches_a_client_that_is_still_sending(secure: Stage) -> None:
    reader, writer = await client_of(secure)

    writer.write(b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n" + b"z" * 300_000)

    async with asyncio.timeout(WAIT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
        await reader.read()
    await closed((reader, writer))
    assert (await secure.only()).outcome is Outcome.REFUSED


async def test_a_stream_ends_when_its_client_leaves(secure: Stage) -> None:
    reader, writer = await client_of(secure)
    writer.write(post(b"{}"))
    upstream = await secure.accepted()
    await upstream.message()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
    await upstream.send(head)
    async with asyncio.timeout(WAIT_S):
        await reader.readuntil(b"data: 1\n\n")

    await closed((reader, writer))

    await upstream.rest()
    assert (await secure.only()).outcome is Outcome.CLIENT_GONE


async def test_an_answer_that_ends_with_its_connection_is_whole(secure: Stage) -> None:
    reader, writer = await client_of(secure)
    writer.write(b"GET /v1 HTTP/1.0\r\nHost: a\r\n\r\n")
    upstream = await secure.accepted()
    await upstream.head()
    await upstream.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")
    upstream.close()

    async with asyncio.timeout(WAIT_S):
        assert (await reader.read()).endswith(b"all of it")
    await closed((reader, writer))
    assert (await secure.only()).outcome is Outcome.COMPLETE


async def test_who_does_not_speak_tls_gets_no_answer_and_no_record(secure: Stage) -> None:
    client = await secure.client()

    await client.send(GET)

    assert not (await client.rest()).startswith(b"HTTP")
    assert await secure.recorded() == []


async def test_an_upload_goes_on_by_tls(secure: Stage) -> None:
    reader, writer = await client_of(secure)
    writer.write(b"POST /upload HTTP/1.1\r\nHost: localhost:8443\r\nContent-Length: 0\r\n\r\n")
    upstream = await secure.accepted()
    await upstream.message()
    url = b"http://127.0.0.1:%d/upload?upload_id=1" % secure.upstream_port

    await upstream.send(response(b"", b"X-Goog-Upload-URL: " + url))

    async with asyncio.timeout(WAIT_S):
        head = await reader.readuntil(b"\r\n\r\n")
    assert b"X-Goog-Upload-URL: https://localhost:8443/upload?upload_id=1\r\n" in head
    await closed((reader, writer))


async def test_our_own_unix_sockets_stay_without_tls(tmp_path: Path) -> None:
    crt, key = certificate(tmp_path, "localhost")
    stage = Stage(tmp_path, certificate_file=crt, key_file=key)
    stage.private_doors = {Purpose.STEWARD: tmp_path / "steward.sock"}
    async with stage:
        client = await stage.private(Purpose.STEWARD)
        await client.send(GET)
        upstream = await stage.accepted()
        await upstream.message()
        url = b"http://127.0.0.1:%d/upload" % stage.upstream_port

        await upstream.send(response(b"", b"X-Goog-Upload-URL: " + url))

        assert b"X-Goog-Upload-URL: http://" in await client.message()
        client.close()
