"""The emulator as an aiohttp server: `build_app` makes the application, `serving` listens, `run` is the process."""

from __future__ import annotations

import asyncio
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
from proxy.emulator.state.clock import stepping_clock
from proxy.emulator.wire.two_user_agents import accept_two_user_agents
from proxy.errors import StartRefused

BODY_BYTES_MAX: Final = 512 * 1024 * 1024
"""Largest request body: far above the documented limit of inline media, so that tests can pass it."""

LINE_BYTES_MAX: Final = 64 * 1024
"""Longest request line and header field; Google's own limits are not known to be lower."""

SHUTDOWN_S: Final = 1.0
"""Answers under way get this long when the process is told to end."""


def build_app(settings: Settings | None = None, ledger: Ledger | None = None) -> web.Application:
    """An application that answers every path. `accept_two_user_agents` is done for this process."""
    accept_two_user_agents()
    emulator = Emulator(settings or Settings(), ledger or Ledger())
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_route("*", "/{path:.*}", emulator.handle)
    return app


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
    runner = web.AppRunner(
        build_app(settings, ledger),
        access_log=None,
        handler_cancellation=True,
        max_line_size=LINE_BYTES_MAX,
        max_field_size=LINE_BYTES_MAX,
        auto_decompress=False,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    try:
        await _listen(runner, host, port)
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{bound}"
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
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
    asyncio.run(_until_told(host, port, Path(ledger) if ledger else None, chosen, announce))


async def _until_told(
    host: str, port: int, path: Path | None, settings: Settings, announce: Callable[[str], None]
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    ledger = Ledger(path)
    try:
        async with serving(settings, ledger, host=host, port=port) as url:
            announce(url)
            await ended.wait()
    finally:
        ledger.close()


def deterministic(seed: int, start_s: int = 1_795_600_800) -> Settings:
    """Settings under which the same calls in the same order give the same bytes."""
    return Settings(seed=seed, now_ns=stepping_clock(start_s))
