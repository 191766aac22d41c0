"""Streams that are open while gateways are replaced, and while the proxy stops: whole, each recorded once.

STREAMS_OPEN says how many; 40 if nobody says.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.certificates import certificate
from tests.end_to_end.conftest import SetUp
from tests.end_to_end.programs import END_WITHIN_S, look_until
from tests.end_to_end.stage import Stage

STREAMS: Final = int(os.environ.get("STREAMS_OPEN", "40"))
WITHIN_S: Final = 300.0
DRAIN_S: Final = 120
"""Longer than any stream here takes on a machine that is eight times slower."""
FIRST: Final = b"interaction.created"
LAST: Final = b"data: [DONE]"


async def stream(
    stage: Stage, number: int, gap_s: float, begun: asyncio.Semaphore, context: Any = None
) -> bytes:
    """One stream read to its end; `begun` is told of its first event. What came before a break is given, too."""
    at = urlsplit(stage.proxy.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port, ssl=context)
    body = json.dumps({"model": "gemini-3-flash-preview", "input": f"{number}?", "stream": True})
    head = (
        "POST /v1beta/interactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        f"x-goog-api-key: k\r\nx-emulator-fault: gap={gap_s}\r\nContent-Length: {len(body)}\r\n"
    )
    writer.write(f"{head}\r\n{body}".encode())
    found = b""
    try:
        while not found.endswith(b"0\r\n\r\n") and (data := await reader.read(65536)):
            if FIRST in data and FIRST not in found:
                begun.release()
            found += data
    except ConnectionError:
        pass
    writer.transport.abort()
    return found


async def while_open(stage: Stage, gap_s: float, act: Any, context: Any = None) -> list[bytes]:
    """What STREAMS streams brought, between whose first event and whose end something happened."""
    begun = asyncio.Semaphore(0)
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
        streams = [
            tasks.create_task(stream(stage, number, gap_s, begun, context))
            for number in range(STREAMS)
        ]
        for _ in range(STREAMS):
            await begun.acquire()
        await act()
    return [one.result() for one in streams]


def recorded(stage: Stage) -> list[tuple[Any, ...]]:
    return stage.proxy.rows(
        "SELECT outcome, count(*), count(DISTINCT exchange), count(DISTINCT interaction)"
        " FROM exchanges WHERE is_streaming GROUP BY outcome"
    )


def start_again(stage: Stage) -> None:
    """Once it ended by itself, for it was asked to."""
    process = stage.proxy.program._process
    process.communicate(timeout=END_WITHIN_S)
    assert process.returncode == 0
    stage.proxy.kill()
    stage.proxy.start_again()


def test_streams_outlive_two_replacements_of_every_gateway_and_new_ones_come_in_between(
    set_up: SetUp, tmp_path: Path
) -> None:
    crt, key = certificate(tmp_path, "localhost")
    stage = set_up(listen__tls_certificate_file=crt, listen__tls_key_file=key)
    context = ssl.create_default_context(cafile=str(crt))
    asked: list[bytes] = []

    async def replace_twice() -> None:
        for turn in (1, 2):
            renewed = certificate(tmp_path, "localhost")
            os.kill(stage.proxy.program.pid, signal.SIGHUP)
            await asyncio.to_thread(
                look_until,
                lambda: stage.logs().count("settings reloaded") >= turn or None,  # noqa: B023 - awaited here
                "the end of the reload",
            )
            newest = ssl.create_default_context(cafile=str(renewed[0]))
            asked.append(await stream(stage, -turn, 0, asyncio.Semaphore(0), newest))

    (before,) = stage.proxy.gateways()
    found = asyncio.run(while_open(stage, 1.5, replace_twice, context))

    ends = "the end of all gateways but the newest"
    (newest,) = look_until(lambda: now if len(now := stage.proxy.gateways()) == 1 else None, ends)
    assert newest != before
    assert [one.count(LAST) for one in (*found, *asked)] == [1] * (STREAMS + 2)
    count = STREAMS + 2
    assert recorded(stage) == [("complete", count, count, count)]


def test_a_stop_cuts_no_stream_that_ends_within_the_drain_time(set_up: SetUp) -> None:
    stage = set_up(gateway__drain_s=DRAIN_S)

    async def begin_to_stop() -> None:
        os.kill(stage.proxy.program.pid, signal.SIGTERM)

    found = asyncio.run(while_open(stage, 0.3, begin_to_stop))

    assert [one.count(LAST) for one in found] == [1] * STREAMS
    start_again(stage)
    assert recorded(stage) == [("complete", STREAMS, STREAMS, STREAMS)]


def test_a_stream_longer_than_the_drain_time_is_cut_then_and_not_before(set_up: SetUp) -> None:
    stage = set_up(gateway__drain_s=3)
    stopped_at: list[float] = []

    async def begin_to_stop() -> None:
        stopped_at.append(time.monotonic())
        os.kill(stage.proxy.program.pid, signal.SIGTERM)

    found = asyncio.run(while_open(stage, 60, begin_to_stop))

    assert time.monotonic() - stopped_at[0] >= 3
    assert [(FIRST in one, LAST in one) for one in found] == [(True, False)] * STREAMS
    start_again(stage)
    ((outcome, *counts),) = recorded(stage)
    assert (outcome, *counts) == ("proxy_error", STREAMS, STREAMS, STREAMS)
