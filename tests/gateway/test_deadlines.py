"""proxy/gateway/deadlines.py: who keeps an exchange waiting, and for how long without progress."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.deadlines import USUAL, Deadlines, Waiting, Watch
from proxy.gateway.limits import BODY_BYTES_MIN
from proxy.journal.format import Outcome
from tests.gateway.stage import GET, OK, Peer, Stage, post, response

SHORT = Deadlines(body_s=5, reader_s=5, upstream_s=5)


def test_time_counts_from_the_last_progress() -> None:
    watch = Watch()

    assert watch.stuck_s(Waiting.FOR_BODY, 10, 100, 1.0) == 0.0
    assert watch.stuck_s(Waiting.FOR_BODY, 60, 100, 5.0) == 4.0
    assert watch.stuck_s(Waiting.FOR_BODY, 110, 100, 6.0) == 0.0
    assert watch.stuck_s(Waiting.FOR_BODY, 111, 100, 9.0) == 3.0


def test_waiting_for_somebody_else_starts_anew() -> None:
    watch = Watch()
    watch.stuck_s(Waiting.FOR_BODY, 10, 1, 1.0)

    assert watch.stuck_s(Waiting.FOR_UPSTREAM, 0, 1, 50.0) == 0.0


def test_an_amount_that_falls_is_no_progress() -> None:
    """A reader's amount is what is unsent, negative: more bytes to send make it smaller."""
    watch = Watch()
    watch.stuck_s(Waiting.FOR_READER, -100, 1, 1.0)

    assert watch.stuck_s(Waiting.FOR_READER, -900, 1, 11.0) == 10.0
    assert watch.stuck_s(Waiting.FOR_READER, -899, 1, 12.0) == 0.0


@given(st.lists(st.tuples(st.sampled_from(Waiting), st.integers(0, 50)), max_size=30))
def test_nobody_is_late_who_makes_progress_at_each_look(looks: list[tuple[Waiting, int]]) -> None:
    watch, amount = Watch(), 0

    for now, (waiting, more) in enumerate(looks):
        amount += more + 1
        assert watch.stuck_s(waiting, amount, 1, float(now)) == 0.0


def test_nobody_waits_for_ever_but_for_us() -> None:
    assert USUAL.of(Waiting.NOBODY) == float("inf")
    assert all(0 < USUAL.of(one) < 3601 for one in Waiting if one is not Waiting.NOBODY)


async def late(stage: Stage, seconds: float = 6.0) -> None:
    """The worker looks now, and again when that much time has passed."""
    (connection,) = stage.worker._connections
    now = stage.worker._loop.time()
    stage.worker._look_at(connection, now)
    stage.worker._look_at(connection, now + seconds)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, deadlines=SHORT)


async def test_a_body_that_drips_is_refused_and_recorded(stage: Stage) -> None:
    async with stage:
        client = await stage.client()
        await client.send(post(bytes(BODY_BYTES_MIN * 2))[: -BODY_BYTES_MIN * 2 + 10])
        upstream = await stage.accepted()
        await upstream.head()
        await upstream.exactly(10)

        await late(stage)

        assert b"HTTP/1.1 408 " in await client.end()
        assert await upstream.rest() == b""
        assert (await stage.only()).outcome is Outcome.TIMEOUT


async def test_a_body_that_comes_fast_enough_is_left_alone(stage: Stage) -> None:
    body = bytes(BODY_BYTES_MIN * 2)
    async with stage:
        client = await stage.client()
        request = post(body)
        await client.send(request[: -BODY_BYTES_MIN - 10])
        upstream = await stage.accepted()
        await upstream.head()
        await upstream.exactly(BODY_BYTES_MIN - 10)
        (connection,) = stage.worker._connections
        now = stage.worker._loop.time()
        stage.worker._look_at(connection, now)
        await client.send(request[-BODY_BYTES_MIN - 10 :])
        await upstream.exactly(BODY_BYTES_MIN + 10)

        stage.worker._look_at(connection, now + 6)
        await upstream.send(response(b"ok"))

        assert await client.message() == response(b"ok")
        assert (await stage.only()).outcome is Outcome.COMPLETE


async def flooding(upstream: Peer) -> None:
    with suppress(ConnectionError):
        await upstream.send(bytes(80_000_000))


async def test_a_client_that_reads_slowly_is_left_alone(stage: Stage) -> None:
    """What it takes, it takes out of the kernel first: our own buffer stays as full as before."""
    async with stage:
        client = await stage.client(SO_RCVBUF=4096)
        await client.send(GET)
        upstream = await stage.accepted()
        await upstream.head()
        await upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 80000000\r\n\r\n")
        (connection,) = stage.worker._connections
        async with asyncio.TaskGroup() as group:
            flood = group.create_task(flooding(upstream))
            await stage.until(lambda: connection._is_full)
            now = stage.worker._loop.time()
            stage.worker._look_at(connection, now)
            before = connection._transport.get_write_buffer_size()

            await client.exactly(20_000)
            stage.worker._look_at(connection, now + 6)

            assert connection._transport.get_write_buffer_size() == before
            assert connection.exchange is not None
            assert not connection.exchange.ended
            flood.cancel()
            client.reset()


async def test_a_client_that_never_reads_is_cut_off_in_the_middle_of_its_answer(
    stage: Stage,
) -> None:
    async with stage:
        client = await stage.client(SO_RCVBUF=4096)
        await client.send(GET)
        upstream = await stage.accepted()
        await upstream.head()
        await upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 80000000\r\n\r\n")
        (connection,) = stage.worker._connections
        async with asyncio.TaskGroup() as group:
            flood = group.create_task(flooding(upstream))
            await stage.until(lambda: connection._is_full)

            await late(stage)

            await stage.until(lambda: not stage.worker._connections)
            flood.cancel()
        recorded = await stage.only()
        assert recorded.outcome is Outcome.TIMEOUT
        assert recorded.end.detail == "the client does not take its answer"


async def test_a_silent_upstream_is_given_up_with_a_status_that_no_sdk_retries(
    stage: Stage,
) -> None:
    async with stage:
        client = await stage.client()
        await client.send(post(b"{}"))
        upstream = await stage.accepted()
        await upstream.message()

        await late(stage)

        answer = await client.end()
        assert answer.startswith(b"HTTP/1.1 424 ")
        assert b"\r\nX-Interactions-Proxy-Outcome: unknown\r\n" in answer
        assert (await stage.only()).outcome is Outcome.TIMEOUT


async def test_a_head_that_drips_is_waited_for(stage: Stage) -> None:
    async with stage, stage.asked() as (client, upstream):
        (connection,) = stage.worker._connections
        now = stage.worker._loop.time()
        stage.worker._look_at(connection, now)
        before = connection.waits_for()
        await upstream.send(b"HTTP/1.1 200 OK\r\n")
        await stage.until(lambda: connection.waits_for() != before)

        stage.worker._look_at(connection, now + 6)
        await upstream.send(b"Content-Length: 2\r\n\r\nok")

        assert await client.message() == OK
        assert (await stage.only()).outcome is Outcome.COMPLETE


async def test_an_upstream_that_does_not_read_is_given_up(stage: Stage) -> None:
    async with stage:
        client = await stage.client()
        await client.send(post(bytes(40_000_000))[:-39_999_999])
        upstream = await stage.accepted()
        await upstream.head()
        (connection,) = stage.worker._connections
        async with asyncio.TaskGroup() as group:
            flood = group.create_task(flooding(client))
            await stage.until(lambda: connection.waits_for()[0] is Waiting.FOR_UPSTREAM)
            flood.cancel()

        await late(stage)

        assert (await client.head()).startswith(b"HTTP/1.1 424 ")
        assert (await stage.only()).outcome is Outcome.TIMEOUT


async def test_an_answer_that_stops_in_the_middle_is_broken_off_and_never_ended(
    stage: Stage,
) -> None:
    async with stage:
        client = await stage.client()
        await client.send(GET)
        upstream = await stage.accepted()
        await upstream.head()
        await upstream.send(response(b"0123456789")[:-3])
        await client.head()
        await client.exactly(7)

        await late(stage)

        assert await client.is_reset()
        assert (await stage.only()).outcome is Outcome.TIMEOUT
