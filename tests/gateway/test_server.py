"""A worker's life: connecting to upstream, deadlines of connections, the end."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from proxy.gateway.limits import ORPHAN_S
from proxy.journal.format import Outcome
from tests.certificates import certificate
from tests.gateway.stage import GET, OK, Stage, post, response
from tests.gateway.still import StillStage
from tests.gateway.test_journal_loss import begun

# connecting ----------------------------------------------------------------------------------------


async def test_an_upstream_that_refuses_connections_is_a_502_and_nothing_was_sent(
    stage: Stage,
) -> None:
    stage.refuse_connections()
    client = await stage.client()

    await client.send(post(b"{}"))

    assert (await client.end()).startswith(b"HTTP/1.1 502 ")
    recorded = await stage.only()
    assert recorded.outcome is Outcome.PROXY_ERROR
    assert recorded.request_body == b"{}"


async def test_an_upstream_that_does_not_accept_in_time_is_a_502(tmp_path: Path) -> None:
    async with Stage(tmp_path, connect_timeout_s=0.0) as stage:
        client = await stage.client()

        await client.send(GET)

        assert b"no connection to upstream within 0.0 s" in await client.end()


def serving(files: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK)
    await reader.read()
    writer.close()


async def test_upstream_is_spoken_to_in_tls(tmp_path: Path) -> None:
    files = certificate(tmp_path, "localhost")
    async with Stage(tmp_path, ca_file=files[0]) as stage:
        upstream = await stage.tls_upstream(serving(files), answer_once)
        client = await stage.client()

        await client.send(GET)

        assert await client.message() == OK
        client.close()
        assert (await stage.only()).outcome is Outcome.COMPLETE
        upstream.close()


@pytest.mark.parametrize("name", ["elsewhere", "localhost"], ids=["name", "signer"])
async def test_an_upstream_with_a_wrong_certificate_is_a_502(tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    trusted = certificate(tmp_path, name)
    shown = trusted if name == "elsewhere" else certificate(tmp_path / "other", name)
    async with Stage(tmp_path, ca_file=trusted[0]) as stage:
        upstream = await stage.tls_upstream(serving(shown), answer_once)
        client = await stage.client()

        await client.send(GET)

        answer = await client.end()
        assert answer.startswith(b"HTTP/1.1 502 ")
        assert b"no TLS with upstream" in answer
        await stage.only()
        upstream.close()


# deadlines of connections ---------------------------------------------------------------------------


async def test_a_head_that_begins_after_a_long_idle_time_is_not_late(stage: Stage) -> None:
    client, upstream = await stage.exchange()
    await stage.settled()
    (connection,) = stage.worker._connections
    now = stage.worker._loop.time()
    connection.since = now - 60
    await client.send(GET[:5])
    await stage.until(lambda: not connection.is_idle)

    stage.worker._look_at(connection, now)
    await client.send(GET[5:])

    await upstream.head()
    await upstream.send(OK)
    assert await client.message() == OK


async def test_a_late_head_is_refused_once_however_slow_the_journal(tmp_path: Path) -> None:
    async with StillStage(tmp_path) as still:
        client = await still.client()
        await client.send(GET[:5])
        await still.until(lambda: still.worker._connections)
        (connection,) = still.worker._connections
        await still.until(lambda: not connection.is_idle)
        now = still.worker._loop.time()

        for after in (0, 20, 21, 22):
            still.worker._look_at(connection, now + after)
        still.journal.commit()

        assert (await client.end()).count(b"HTTP/1.1 408 ") == 1


async def test_a_client_that_takes_nothing_of_the_rest_is_ended(stage: Stage) -> None:
    client = await stage.client(SO_RCVBUF=4096)
    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    upstream = await stage.accepted()
    await upstream.head()
    (connection,) = stage.worker._connections
    connection._transport.set_write_buffer_limits(high=1 << 30)
    await upstream.send(response(b"x" * 8_000_000))
    await stage.until(lambda: connection.is_closing)
    now = stage.worker._loop.time()
    stage.worker._look_at(connection, now)
    assert connection.unsent_bytes

    stage.worker._look_at(connection, now + 2 * stage.settings.deadlines.reader_s)

    await stage.until(lambda: not stage.worker._connections)
    assert (await stage.only()).outcome is Outcome.COMPLETE


async def test_an_orphan_ends_after_its_time(stage: Stage) -> None:
    client = await stage.client()
    await client.send(post(b"{}"))
    upstream = await stage.accepted()
    await upstream.message()
    (connection,) = stage.worker._connections
    client.close()
    await stage.until(lambda: connection.is_gone)

    stage.worker._look_at(connection, stage.worker._loop.time() + 2 * ORPHAN_S)

    assert (await stage.only()).outcome is Outcome.CLIENT_GONE


async def test_the_page_shows_what_the_worker_counts(stage: Stage) -> None:
    _, upstream = await stage.exchange()

    stage.worker._publish(5)

    page = stage.worker._page
    assert (page.connections, page.in_flight, page.loop_lag_ns) == (1, 0, 5)
    assert page.seen == 1
    upstream.close()


# the end ---------------------------------------------------------------------------------------------


async def test_a_stop_lets_exchanges_finish_and_closes_the_idle_ones(stage: Stage) -> None:
    idle, _ = await stage.exchange()
    client = await stage.client()
    await client.send(GET)
    upstream = await stage.accepted()
    await upstream.head()

    stage.worker.stop()
    assert await idle.end() == b""
    await upstream.send(OK)

    assert await client.end() == OK
    await stage._run
    assert [one.outcome for one in stage.read_journal()] == [Outcome.COMPLETE] * 2


async def test_what_does_not_finish_in_time_is_broken_off_and_closed(
    tmp_path: Path,
) -> None:
    async with Stage(tmp_path, drain_s=0.0) as stage:
        client, _ = await begun(stage)

        stage.worker.stop()

        assert await client.is_reset()
        await stage._run
        (recorded,) = stage.read_journal()
        assert recorded.outcome is Outcome.PROXY_ERROR
        assert recorded.response_body == b"some"


async def test_a_stop_does_not_wait_for_an_upstream_that_never_accepts(stage: Stage) -> None:
    async def connect_for_ever(*_: Any, **__: Any) -> None:
        await asyncio.get_running_loop().create_future()

    class Loop:
        """The worker's loop, whose connections never come about."""

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self._loop = loop
            self.create_connection = connect_for_ever

        def __getattr__(self, name: str) -> Any:
            return getattr(self._loop, name)

    stage.worker._loop = Loop(stage.worker._loop)  # type: ignore[assignment]
    client = await stage.client()
    await client.send(GET[:-2] + b"X: 1\r\n\r\n")
    await stage.until(lambda: stage.worker._dials)
    client.close()
    (connection,) = stage.worker._connections
    connection.abort(Outcome.PROXY_ERROR, "for the test")

    stage.worker.stop()

    await asyncio.wait_for(asyncio.shield(stage._run), 10)
