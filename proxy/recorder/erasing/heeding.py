"""Holds are told to the door before anybody hears that they are placed."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp

from proxy.errors import StoreError

WITHIN_S: Final = 10.0
"""The door asks the tables what is held now: some ten milliseconds, a second at a million interactions."""
_OK: Final = 200
_NOBODY: Final = frozenset({errno.ECONNREFUSED, errno.ENOENT})
"""How a socket answers at which nobody listens. One whose queue is full says something else: its door stands still."""


def heeding(door: Path | None) -> Callable[[], Awaitable[None]]:
    """What returns once the door at this socket knows the holds that the tables have; None: there is no door.

    It raises StoreError while the door runs and does not say so.
    """

    async def heeded() -> None:
        if door is not None:
            await _told(door)

    return heeded


async def _told(door: Path) -> None:
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    connector = aiohttp.UnixConnector(str(door), force_close=True)
    try:
        async with (
            aiohttp.ClientSession("http://door", connector=connector, timeout=timeout) as session,
            session.post("/heed") as response,
        ):
            if response.status == _OK:
                return
    except aiohttp.ClientConnectorError as error:
        if error.os_error.errno in _NOBODY:
            return  # none runs: the next one loads what is held before it answers anybody
    except (aiohttp.ClientError, OSError, TimeoutError):
        pass  # it runs, and has not said that it knows
    raise StoreError(
        "this is on record, but the door has not acknowledged it: until it does, deletions by clients "
        "are decided by what it knew before; ask again, or restart the door"
    )
