"""What waits for the journal, what an early answer means, and that nothing grows behind a slow side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.gateway.limits import HELD_BYTES_MAX
from proxy.journal.format import Kind, Mode, Outcome
from tests.gateway.stage import GET, OK, READ_BYTES, Peer, Stage, post, response
from tests.gateway.still import StillStage

BOUND_BYTES = HELD_BYTES_MAX + 4 * READ_BYTES
"""What a direction may hold at most: the limit, a read that was under way, transports' own buffers."""


@pytest.fixture
async def still(tmp_path: Path) -> AsyncIterator[StillStage]:
    async with StillStage(tmp_path) as opened:
        yield opened


async def nothing_arrives(peer: Peer) -> bool:
    """After the loop had every chance to bring something."""
    import asyncio

    for _ in range(50):
        await asyncio.sleep(0)
    try:
        found = peer.socket.recv(READ_BYTES)
    except BlockingIOError:
        return True
    return found == b""


async def test_a_request_and_its_answer_pass_and_are_recorded(stage: Stage) -> None:
    client = await stage.client()
    await client.send(post(b"hello"))
    upstream = await stage.accepted()
    assert (await upstream.message()).endswith(b"\r\n\r\nhello")
    await upstream.send(OK)
    assert await client.message() == OK

    recorded = await stage.only()
    assert recorded.outcome is Outcome.COMPLETE
    assert recorded.request_body == b"hello"
    assert recorded.response_body == b"ok"


# P1 and P2 ----------------------------------------------------------------------------------------


async def test_no_byte_goes_upstream_before_its_intent_is_durable(still: StillStage) -> None:
    client = await still.client()
    await client.send(GET)
    upstream = await still.accepted()
    await still.noted(Kind.REQUEST_END)

    assert await nothing_arrives(upstream)
    still.journal.commit()

    await upstream.head()
    await upstream.send(OK)
    await still.noted(Kind.END)
    still.journal.commit()
    await client.message()


async def test_the_last_byte_goes_upstream_only_behind_the_request_end(still: StillStage) -> None:
    whole = post(b"abcdef")
    client = await still.client()
    await client.send(whole[:-3])
    upstream = await still.accepted()
    await still.noted(Kind.REQUEST_CHUNK)
    still.journal.commit()
    assert (await upstream.until(b"abc")).endswith(b"abc")
    await client.send(whole[-3:])
    await still.noted(Kind.REQUEST_END)

    assert await nothing_arrives(upstream)
    still.journal.commit()

    assert await upstream.exactly(3) == b"def"
    await upstream.send(OK)
    await still.noted(Kind.END)
    still.journal.commit()
    await client.message()


async def test_the_last_chunk_mark_goes_upstream_only_behind_the_request_end(
    still: StillStage,
) -> None:
    client = await still.client()
    await client.send(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    )
    upstream = await still.accepted()
    await still.noted(Kind.REQUEST_CHUNK)
    still.journal.commit()
    await upstream.until(b"abc\r\n")
    await client.send(b"0\r\n\r\n")
    await still.noted(Kind.REQUEST_END)

    assert await nothing_arrives(upstream)
    still.journal.commit()

    assert await upstream.exactly(5) == b"0\r\n\r\n"
    client.close()


async def test_each_piece_of_an_answer_is_handed_over_only_when_durable(still: StillStage) -> None:
    client = await still.client()
    await client.send(GET)
    upstream = await still.accepted()
    await still.noted(Kind.REQUEST_END)
    still.journal.commit()
    await upstream.head()

    await upstream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    await still.noted(Kind.RESPONSE_CHUNK)
    assert await nothing_arrives(client)
    still.journal.commit()
    await client.until(b"1\r\na\r\n")
    await upstream.send(b"0\r\n\r\n")
    await still.noted(Kind.END)
    assert await nothing_arrives(client)
    still.journal.commit()
    assert await client.exactly(5) == b"0\r\n\r\n"


async def test_a_refusal_is_handed_over_only_when_it_is_durable(still: StillStage) -> None:
    client = await still.client()
    await client.send(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")
    await still.noted(Kind.END)

    assert await nothing_arrives(client)
    still.journal.commit()

    assert (await client.end()).startswith(b"HTTP/1.1 405 ")


async def test_an_intent_that_is_not_durable_in_time_is_answered_503_and_not_sent(
    tmp_path: Path,
) -> None:
    async with StillStage(tmp_path, intent_deadline_s=0.0) as still:
        client = await still.client()
        await client.send(GET)

        answer = await client.end()

        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in answer
        still.journal.commit()
        assert await (await still.accepted()).end() == b""
        assert still.journal.outcomes() == [Outcome.REFUSED]


async def test_an_intent_that_was_durable_in_time_is_left_alone_afterwards(tmp_path: Path) -> None:
    async with Stage(tmp_path, intent_deadline_s=1.0) as stage:
        client = await stage.client()
        await client.send(GET)
        upstream = await stage.accepted()
        await upstream.head()
        await stage.until(lambda: not stage.worker._tap._is_ticking)

        await upstream.send(OK)

        assert await client.message() == OK


async def test_a_client_that_leaves_before_the_intent_is_durable_sends_nothing(
    still: StillStage,
) -> None:
    client = await still.client()
    await client.send(GET)
    upstream = await still.accepted()
    await still.noted(Kind.REQUEST_END)

    client.close()
    await still.noted(Kind.END)
    still.journal.commit()

    assert await upstream.end() == b""
    assert still.journal.outcomes() == [Outcome.CLIENT_GONE]


async def test_available_waits_for_nothing(tmp_path: Path) -> None:
    async with StillStage(tmp_path, mode=Mode.AVAILABLE) as still:
        still.journal.backlog_bytes = 1 << 40

        client, _ = await still.exchange(post(b"x" * 300_000))

        await client.send(GET)


# early answers --------------------------------------------------------------------------------------


async def test_an_answer_to_half_a_request_passes_and_closes(stage: Stage) -> None:
    client = await stage.client()
    await client.send(post(b"x" * 1000)[:-500])
    upstream = await stage.accepted()
    await upstream.head()

    await upstream.send(response(b"too large", status=b"413 Content Too Large"))
    assert (await client.message()).endswith(b"too large")
    await client.send(b"x" * 499)

    assert await client.end() == b""
    recorded = await stage.only()
    assert recorded.outcome is Outcome.COMPLETE
    assert recorded.end.detail == "answered before the request was whole"


async def test_request_bytes_behind_the_closing_record_are_not_recorded(still: StillStage) -> None:
    """They would have stopped the journal's thread: its key of the exchange is forgotten by then."""
    client = await still.client()
    await client.send(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    )
    upstream = await still.accepted()
    await still.noted(Kind.REQUEST_CHUNK)
    still.journal.commit()
    await upstream.until(b"abc\r\n")
    await upstream.send(OK)
    await still.noted(Kind.END)
    (connection,) = still.worker._connections

    connection.data_received(b"3\r\ndef\r\n0\r\nX: 1\r\n\r\n")
    still.journal.commit()

    assert await client.end() == OK
    assert still.journal.noted[-1][1] is Kind.END


async def test_garbage_behind_the_closing_record_does_not_eat_the_answer(
    still: StillStage,
) -> None:
    client = await still.client()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    upstream = await still.accepted()
    await still.noted(Kind.INTENT)
    still.journal.commit()
    await upstream.head()
    await upstream.send(OK)
    await still.noted(Kind.END)
    (connection,) = still.worker._connections

    connection.data_received(b"garbage")
    still.journal.commit()

    assert await client.end() == OK


async def test_an_early_answer_does_not_cut_a_request_whose_connection_goes_on(
    still: StillStage,
) -> None:
    """The rest of the body is only held: dropped, the next request would be read as this one's body."""
    whole = post(b"abcdef")
    client = await still.client()
    await client.send(whole[:-3])
    upstream = await still.accepted()
    await still.noted(Kind.REQUEST_CHUNK)
    still.journal.commit()
    await upstream.until(b"abc")
    await client.send(whole[-3:])
    await still.noted(Kind.REQUEST_END)
    await upstream.send(OK)
    await still.noted(Kind.END)

    still.journal.commit()

    assert await client.message() == OK
    assert await upstream.exactly(3) == b"def"
    client.close()
    await upstream.end()


# slow sides -----------------------------------------------------------------------------------------


async def test_a_client_that_does_not_read_stops_upstream(stage: Stage) -> None:
    size = 64 * 1024 * 1024
    client = await stage.client(SO_RCVBUF=65536)
    await client.send(GET)
    upstream = await stage.accepted()
    await upstream.head()
    (connection,) = stage.worker._connections
    exchange = connection.exchange
    assert exchange is not None
    await upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    sent = await send_until_stuck(stage, upstream, size)

    assert sent < 16 * 1024 * 1024
    assert exchange.down_held <= BOUND_BYTES
    assert connection._transport.get_write_buffer_size() <= BOUND_BYTES

    client.reset()
    upstream.close()
    assert (await stage.only()).outcome is Outcome.CLIENT_GONE


async def test_an_upstream_that_does_not_read_stops_its_client(stage: Stage) -> None:
    size = 64 * 1024 * 1024
    client = await stage.client()
    await client.send(post(b"")[: -len(b"0\r\n\r\n")] + b"%d\r\n\r\n" % size)
    upstream = await stage.accepted()
    await upstream.head()
    (connection,) = stage.worker._connections
    exchange = connection.exchange
    assert exchange is not None
    sent = await send_until_stuck(stage, client, size)

    assert sent < 16 * 1024 * 1024
    assert exchange.up_held <= BOUND_BYTES

    client.reset()
    assert (await stage.only()).outcome is Outcome.CLIENT_GONE


async def test_a_large_body_passes_both_ways(stage: Stage) -> None:
    import asyncio

    body = bytes(range(256)) * 16_384
    client = await stage.client()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.send(post(body)))
        upstream = await stage.accepted()
        assert (await upstream.message()).endswith(body)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(upstream.send(response(body)))
        assert (await client.message()).endswith(body)

    recorded = await stage.only()
    assert recorded.request_body == recorded.response_body == body


async def test_a_journal_that_is_behind_pauses_reading_until_it_caught_up(
    still: StillStage,
) -> None:
    client = await still.client()
    still.journal.backlog_bytes = 1 << 40
    await client.send(post(b"x" * 100_000))
    (connection,) = still.worker._connections
    await still.until(lambda: connection._pause_reasons)

    still.journal.backlog_bytes = 0
    still.journal.commit()
    await still.until(lambda: not connection._pause_reasons)
    await still.noted(Kind.REQUEST_END)
    still.journal.commit()

    upstream = await still.accepted()
    assert (await upstream.message()).endswith(b"x" * 100_000)
    client.close()
    await still.until(lambda: not still.worker._relay.gauges.connections)
    upstream.close()


async def send_until_stuck(stage: Stage, peer: Peer, size: int) -> int:
    """Send at most `size` bytes; returns how many went before nothing moved any more."""
    piece, sent, stuck = b"x" * 65536, 0, 0
    while sent < size and stuck < 300:
        try:
            sent += peer.socket.send(piece)
            stuck = 0
        except BlockingIOError:
            stuck += 1
            await stage.durable()
    return sent
