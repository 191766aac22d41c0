"""One door put together: rules, knowledge, sockets."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from proxy.audit.policing.rules import DoorRules, rules_from
from proxy.door.following import Following
from proxy.door.judging import Door
from proxy.door.serving import GatewaySide, bound, told_application
from proxy.errors import ConfigError
from proxy.steward.asking import NotAnswered, Recorder

RULES_BYTES_MAX: Final = 1024 * 1024
LOAD_WITHIN_S: Final = 20.0
"""Before it is said that the door is there though it knows nothing yet: until then nothing passes. A recorder may
replay a journal first; the supervisor waits half a minute for either."""
AGAIN_S: Final = 0.05
"""Between attempts to reach a recorder that starts."""
ASK_S: Final = 90.0
"""More than the minute after which the recorder says by itself that it is late."""

_LOG: Final = logging.getLogger("door")


def read_rules(file: Path) -> DoorRules:
    """The rules of `door.policy_file`.

    Raises:
        ConfigError: it cannot be read, or a rule is wrong.
    """
    try:
        with file.open("rb") as opened:
            read = opened.read(RULES_BYTES_MAX + 1)
        text = read.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read door.policy_file {file}: {error}") from error
    if len(read) > RULES_BYTES_MAX:  # a beginning would be fewer rules
        raise ConfigError(f"door.policy_file {file} has more than {RULES_BYTES_MAX} bytes")
    return rules_from(text, file.name)


class DoorServer:
    """Serves until it is stopped."""

    def __init__(self, run_folder: Path, file: Path) -> None:
        """Raises ConfigError: see `read_rules`."""
        self._run_folder = run_folder
        self._file = file
        self._sides: set[GatewaySide] = set()
        """One per gateway worker, and those of workers that leave."""
        self.door = Door(read_rules(file))

    def reread(self) -> None:
        """The rules as the file has them now; those of before, if it is wrong."""
        try:
            self.door.rules = read_rules(self._file)
        except ConfigError as error:
            _LOG.error("the rules stay as they were: %s", error)
            return
        for side in self._sides:
            side.greet()
        _LOG.warning("the rules were read again")

    async def serve(self, stop: asyncio.Event, announce: Callable[[], None]) -> None:
        """Answer gateways until `stop`.

        Raises:
            StartRefused: a socket cannot be made.
        """
        connector = aiohttp.UnixConnector(str(self._run_folder / "recorder.sock"), force_close=True)
        async with aiohttp.ClientSession(
            "http://recorder", connector=connector, timeout=aiohttp.ClientTimeout(total=ASK_S)
        ) as session:
            now_us = lambda: time.time_ns() // 1000  # noqa: E731
            following = Following(Recorder(session), self.door.known, now_us)
            told = bound(self._run_folder / "door-told.sock")
            runner = web.AppRunner(told_application(following.heed), access_log=None)
            await runner.setup()
            try:
                await web.SockSite(runner, told).start()
                async with asyncio.TaskGroup() as tasks:
                    serving = tasks.create_task(self._serve(following, announce), name="serve")
                    await stop.wait()
                    serving.cancel()
            finally:
                await runner.cleanup()

    async def _serve(self, following: Following, announce: Callable[[], None]) -> None:
        """Nobody is answered before everything is known."""
        loop = asyncio.get_running_loop()
        late = loop.call_later(LOAD_WITHIN_S, announce)
        while True:
            try:
                await following.load()
                break
            except NotAnswered:
                await asyncio.sleep(AGAIN_S)
        listener = bound(self._run_folder / "door.sock")
        server = await loop.create_unix_server(
            lambda: GatewaySide(self.door, self._sides), sock=listener
        )
        if not late.cancelled() and late.when() > loop.time():
            late.cancel()
            announce()
        try:
            await following.run()
        finally:
            server.close()
            with suppress(FileNotFoundError):
                (self._run_folder / "door.sock").unlink()
