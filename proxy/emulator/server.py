"""The emulator as a server: `serving` listens while a context lasts, `run` is the process."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from proxy.emulator.emulator import Emulator, Settings
from proxy.emulator.ledger import Ledger
from proxy.emulator.state.clock import Clock
from proxy.emulator.wire.connection import Server
from proxy.errors import StartRefused

COLLECT_EACH: Final = 50_000
"""New objects between two collections, 700 by default: what is remembered grows steadily and is no garbage,
and looking through it again and again was a tenth of a request's time (median of 4 interleaved pairs, 2026-11-22)."""

SHUTDOWN_S: Final = 1.0
"""Answers under way get this long when the process is told to end."""


@asynccontextmanager
async def serving(
    settings: Settings | None = None,
    ledger: Ledger | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[str]:
    """Listen while the context lasts; gives the base URL. Port 0 takes a free one.

    Raises:
        StartRefused: it cannot listen there.
    """
    emulator = Emulator(settings or Settings(), ledger or Ledger())
    runner = web.ServerRunner(Server(emulator.handle), shutdown_timeout=SHUTDOWN_S)
    delivering = _delivering(emulator)
    await anext(delivering)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{bound}"
    finally:
        await runner.cleanup()
        await anext(delivering, None)


async def _delivering(emulator: Emulator) -> AsyncIterator[None]:
    """Webhooks are told of what happens, from the first step of this to the second."""
    async with asyncio.TaskGroup() as owned:
        running = owned.create_task(emulator.deliveries.run(), name="webhook deliveries")
        yield
        running.cancel()


async def _listen(runner: web.BaseRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise StartRefused(
            f"the emulator cannot listen on {host} port {port} ({why}): "
            "choose another port with --port; 0 takes a free one"
        ) from error


def announce_to_programs(url: str) -> None:
    """One line of JSON on standard output: it serves, and where."""
    sys.stdout.buffer.write(orjson.dumps({"ready": True, "url": url}) + b"\n")
    sys.stdout.buffer.flush()


def run(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ledger: Path | str | None = None,
    seed: int | None = None,
    pace: float = 0.0,
    settings: Settings | None = None,
    announce: Callable[[str], None] = announce_to_programs,
) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is told the URL when ready.

    `pace` is the speed of streams (see `Settings.speed`). `settings` replaces `seed` and `pace`.

    Raises:
        StartRefused: it cannot listen there.
    """
    chosen = settings or Settings(seed=seed, speed=pace)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_told(host, port, Path(ledger) if ledger else None, chosen, announce))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it is installed: a third less time per request."""
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _until_told(
    host: str, port: int, path: Path | None, settings: Settings, announce: Callable[[str], None]
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    ledger = Ledger(path, lines_max=0)
    try:
        async with serving(settings, ledger, host=host, port=port) as url:
            gc.freeze()  # what is there by now stays: no collection need look at it again
            gc.set_threshold(COLLECT_EACH)
            announce(url)
            await ended.wait()
    finally:
        ledger.close()


def deterministic(seed: int, start_s: int = 1_795_600_800) -> Settings:
    """Settings under which the same calls in the same order give the same bytes."""
    return Settings(seed=seed, clock=Clock(start_s))
