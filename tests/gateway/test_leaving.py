"""Clients that leave: before their request is whole, before the answer, in the middle of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from proxy.journal.format import Outcome
from tests.gateway.stage import GET, OK, Peer, Stage, post, response

STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n"
)
WAYS = [Peer.close, Peer.reset, Peer.half_close]


async def test_a_client_that_leaves_before_its_request_is_whole_releases_upstream(
    stage: Stage,
) -> None:
    client = await stage.client()
    await client.send(post(b"x" * 100)[:-1])
    upstream = await stage.accepted()
    await upstream.head()

    client.close()

    assert len(await upstream.rest()) < 100
    recorded = await stage.only()
    assert recorded.outcome is Outcome.CLIENT_GONE
    assert recorded.request_body == b"x" * 99


async def test_a_create_whose_client_left_is_read_to_its_end(stage: Stage) -> None:
    client = await stage.client()
    await client.send(post(b"{}"))
    upstream = await stage.accepted()
    await upstream.message()

    client.close()
    await stage.until(lambda: not stage.worker._relay.gauges.connections)
    await upstream.send(response(b'{"id":"v1_x"}', b"Content-Type: application/json"))

    assert await upstream.end() == b""
    recorded = await stage.only()
    assert recorded.outcome is Outcome.CLIENT_GONE
    assert recorded.response_body == b'{"id":"v1_x"}'


@pytest.mark.parametrize("begun", [b"", response(b'{"id":"v1_x"}')[:-4]], ids=["no", "half an"])
async def test_without_finishing_an_answer_whose_client_left_is_released(
    tmp_path: Path, begun: bytes
) -> None:
    async with Stage(tmp_path, finishes=False) as stage:
        client = await stage.client()
        await client.send(post(b"{}"))
        upstream = await stage.accepted()
        await upstream.message()
        await upstream.send(begun)
        await client.exactly(len(begun))

        client.close()

        await upstream.rest()
        recorded = await stage.only()
    assert recorded.outcome is Outcome.CLIENT_GONE
    assert recorded.end.detail == "the client left before its answer was whole"
    assert recorded.response_body == begun.partition(b"\r\n\r\n")[2]


async def test_a_stream_whose_client_left_before_the_head_is_released_at_the_head(
    stage: Stage,
) -> None:
    client = await stage.client()
    await client.send(post(b"{}"))
    upstream = await stage.accepted()
    await upstream.message()

    client.close()
    await stage.until(lambda: not stage.worker._relay.gauges.connections)
    await upstream.send(STREAM)

    await upstream.rest()
    assert (await stage.only()).outcome is Outcome.CLIENT_GONE


async def test_a_client_that_leaves_in_a_stream_releases_upstream(stage: Stage) -> None:
    client = await stage.client()
    await client.send(post(b"{}"))
    upstream = await stage.accepted()
    await upstream.message()
    await upstream.send(STREAM)
    await client.until(b"abc\r\n")

    client.close()

    await upstream.rest()
    recorded = await stage.only()
    assert recorded.outcome is Outcome.CLIENT_GONE
    assert recorded.response_body == b"abc"


async def test_a_client_that_half_closes_has_left(stage: Stage) -> None:
    client = await stage.client()
    await client.send(post(b"{}"))
    upstream = await stage.accepted()
    await upstream.message()

    client.half_close()
    assert await client.end() == b""
    await upstream.send(OK)

    assert (await stage.only()).outcome is Outcome.CLIENT_GONE


@pytest.mark.parametrize("leave", WAYS)
async def test_a_client_that_leaves_while_its_next_request_waits_releases_upstream(
    stage: Stage, leave: Callable[[Peer], None]
) -> None:
    """Its connection is not being read, and upstream says nothing: the kernel must be asked."""
    client = await stage.client()
    await client.send(post(b"{}") + GET)
    upstream = await stage.accepted()
    await upstream.message()
    await upstream.send(STREAM)
    await client.until(b"abc\r\n")

    leave(client)

    async with asyncio.timeout(2):
        await upstream.rest()
    assert (await stage.only()).outcome is Outcome.CLIENT_GONE


async def stuff(peer: Peer, piece: bytes) -> None:
    """Send until the other end is gone."""
    with suppress(ConnectionError):
        while True:
            await peer.send(piece)


@pytest.mark.parametrize("leave", WAYS)
async def test_a_client_that_never_reads_and_leaves_releases_upstream(
    stage: Stage, leave: Callable[[Peer], None]
) -> None:
    client = await stage.client(SO_RCVBUF=4096)
    await client.send(post(b"{}"))
    upstream = await stage.accepted()
    await upstream.message()
    await upstream.send(STREAM)
    (connection,) = stage.worker._connections
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(stuff(upstream, b"10000\r\n" + bytes(65536) + b"\r\n"))
        await stage.until(lambda: connection._is_full)

        leave(client)

    assert (await stage.only()).outcome is Outcome.CLIENT_GONE


async def test_a_client_that_resets_while_upstream_reads_nothing_is_noticed(stage: Stage) -> None:
    """A close cannot be: what it sent before it cannot arrive either."""
    client = await stage.client()
    await client.send(post(bytes(64_000_000))[:-63_999_999])
    upstream = await stage.accepted()
    await upstream.head()
    (connection,) = stage.worker._connections
    async with asyncio.TaskGroup() as group:
        stuffing = group.create_task(stuff(client, bytes(65536)))
        await stage.until(lambda: connection._pause_reasons)
        stuffing.cancel()

    client.reset()

    assert (await stage.only()).outcome is Outcome.CLIENT_GONE
