"""Connections to the admin listener: how many at once, handshakes included, and how long a handshake may take."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

CONNECTIONS_MAX: Final = 256
"""Open at once, those in their handshake included: people and their tools need some dozens, and what is open here
takes descriptors from the recorder, of which a process usually has 1,024."""
HANDSHAKE_S: Final = 10.0
"""Longest for a TLS handshake, as the gateway has it: a few round trips."""
BACKLOG: Final = 128
"""Connections that wait in the kernel."""
AGAIN_S: Final = 0.1
"""Until the next try when the machine gave no connection (no descriptor is left)."""


async def take(
    bound: socket.socket,
    make: Callable[[], asyncio.Protocol],
    connected: Callable[[], int],
    tls: ssl.SSLContext | None,
) -> None:
    """Take connections of a listening socket until cancelled; one beyond CONNECTIONS_MAX is closed at once.

    `connected`: how many of those that `make` made are connected now.
    """
    bound.settimeout(0)
    loop = asyncio.get_running_loop()
    opening: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as tasks:
        while True:
            try:
                connection, _ = await loop.sock_accept(bound)
            except OSError:
                await asyncio.sleep(AGAIN_S)
                continue
            if len(opening) + connected() >= CONNECTIONS_MAX:
                connection.close()
                continue
            task = tasks.create_task(_open(loop, connection, make, tls), name="admin connection")
            opening.add(task)
            task.add_done_callback(opening.discard)


async def _open(
    loop: asyncio.AbstractEventLoop,
    connection: socket.socket,
    make: Callable[[], asyncio.Protocol],
    tls: ssl.SSLContext | None,
) -> None:
    within_s = HANDSHAKE_S if tls else None
    try:
        await loop.connect_accepted_socket(
            make, connection, ssl=tls, ssl_handshake_timeout=within_s
        )
    except OSError:  # an SSLError is one: who speaks no TLS, or no more, is gone
        connection.close()
