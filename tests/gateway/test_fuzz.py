"""Noise from both sides: the worker never raises, everything ends, each intent is closed once."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from proxy.journal.format import Mode
from tests.gateway.stage import GET, OK, Peer, Stage, post, response

PLAYS = int(os.environ.get("FUZZ_PLAYS", "1600"))
"""Connections a run plays; about 2 ms each."""
AT_ONCE = 16

H2C = b"GET /h2c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
WEBSOCKET = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n"
EXPECT = b"POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"
REQUESTS = [
    GET,
    post(b"{}"),
    post(b"x" * 5000),
    post(b"x" * 300_000),
    CHUNKED,
    EXPECT,
    H2C,
    H2C[:-2] + b"Content-Length: 3\r\n\r\nabc",
    WEBSOCKET,
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"NOISE\r\n\r\n",
]
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
RESPONSES = [
    OK,
    OK,
    OK,
    response(b"y" * 300_000),
    response(b"", b"Connection: close"),
    STREAM + b"3\r\nabc\r\n0\r\n\r\n",
    STREAM + b"3\r\nabc\r\n0\r\nX: 1\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nraw",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nopen ended",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    OK + OK,
    b"noise",
]

UNFINISHED = {RESPONSES[8], RESPONSES[11]}
"""More must follow these, or the end."""


def mutated(chance: random.Random, data: bytes) -> bytes:
    """`data`, or something that was it."""
    kind = chance.randrange(12)
    at = chance.randrange(len(data) + 1)
    if kind == 0:
        return data[:at] + chance.randbytes(chance.randrange(1, 20)) + data[at:]
    if kind == 1:
        return data[:at] + data[at + chance.randrange(1, 20) :]
    if kind == 2:
        return data[:at]
    if kind == 3:
        other = chance.choice(REQUESTS + RESPONSES)
        return data[:at] + other[chance.randrange(len(other)) :]
    return data


async def turns(chance: random.Random, count_max: int) -> None:
    for _ in range(chance.randrange(count_max)):
        await asyncio.sleep(0)


async def leave(chance: random.Random, peer: Peer) -> None:
    await turns(chance, 40)
    (peer.reset if chance.random() < 0.5 else peer.close)()


async def play_client(chance: random.Random, stage: Stage) -> None:
    client = await stage.client()
    stream = b"".join(
        mutated(chance, chance.choice(REQUESTS)) for _ in range(chance.randrange(1, 6))
    )
    try:
        while stream:
            cut = chance.choice([1, 10, 100, 5000, len(stream), len(stream)])
            await client.send(stream[:cut])
            stream = stream[cut:] if len(stream) < 1_000 or cut > 10 else stream[cut:][:500]
            await turns(chance, 5)
            if chance.random() < 0.1:
                break
        for _ in range(chance.randrange(4)):
            async with asyncio.timeout(0.05):
                if not await client._more():
                    break
    except (OSError, TimeoutError):
        pass  # the worker closed, or has nothing to say: both are answers
    await leave(chance, client)


async def play_upstream(chance: random.Random, upstream: Peer) -> None:
    """Answers whatever comes, or goes. Never waits with half an answer given."""
    try:
        while await upstream._more():
            await turns(chance, 5)
            answer = mutated(chance, chance.choice(RESPONSES))
            cut = chance.randrange(len(answer) + 1)
            await upstream.send(answer[:cut])
            await turns(chance, 5)
            await upstream.send(answer[cut:])
            if chance.random() < 0.4:
                break
            if answer not in RESPONSES or answer in UNFINISHED:
                break
    except (OSError, TimeoutError):
        pass  # the worker went away
    await leave(chance, upstream)


async def serve(chance: random.Random, stage: Stage, plays: asyncio.TaskGroup) -> None:
    loop = asyncio.get_running_loop()
    while True:
        connection, _ = await loop.sock_accept(stage._listener)
        plays.create_task(play_upstream(chance, stage._join(connection)))


async def play_some(chance: random.Random, stage: Stage, count: int) -> None:
    for _ in range(count):
        await play_client(chance, stage)


@pytest.mark.parametrize("mode", list(Mode))
async def test_no_noise_makes_the_worker_raise_or_leave_anything_open(
    tmp_path: Path, mode: Mode
) -> None:
    seed = int(os.environ.get("FUZZ_SEED", "0")) or random.randrange(1 << 32)
    print("FUZZ_SEED", seed)
    chance = random.Random(seed)

    async with Stage(tmp_path, mode=mode) as stage, asyncio.TaskGroup() as group:
        server = group.create_task(serve(chance, stage, group))
        async with asyncio.TaskGroup() as plays:
            for _ in range(AT_ONCE):
                plays.create_task(play_some(chance, stage, PLAYS // AT_ONCE))
        await stage.until(lambda: stage.is_over() and not stage.worker._dials)
        server.cancel()

        recorded = await stage.recorded()
        assert len(recorded) > PLAYS // 4
    stage.check_journal()
