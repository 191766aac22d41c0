"""One connection to upstream: straight or through an outbound proxy, within a time. What fails is told to it."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import ExitStack
from dataclasses import dataclass

from proxy.gateway.http.wire import Upstream
from proxy.gateway.upstream import UpstreamConnection
from proxy.gateway.ways.tunnel import tunnel_to


@dataclass(frozen=True, slots=True)
class Way:
    """How to get there."""

    upstream: Upstream
    tls: ssl.SSLContext | None
    """None: plain HTTP."""
    within_s: float
    proxy: tuple[str, int] | None = None
    """Host and port of what opens the way; None: straight."""


async def connect(
    loop: asyncio.AbstractEventLoop, way: Way, connection: UpstreamConnection
) -> None:
    """Connect `connection`, or tell it why that failed: words that name no address."""
    try:
        async with asyncio.timeout(way.within_s):
            await _connect(loop, way, connection)
    except TimeoutError:
        connection.failed(f"no connection to upstream within {way.within_s} s")
    except ssl.SSLError as error:
        connection.failed(f"no TLS with upstream: {error.reason or 'handshake failed'}")
    except OSError as error:
        connection.failed(f"no connection to upstream: {error.strerror or 'unreachable'}")


async def _connect(
    loop: asyncio.AbstractEventLoop, way: Way, connection: UpstreamConnection
) -> None:
    to = way.upstream
    if way.proxy is None:
        await loop.create_connection(lambda: connection, to.host, to.port, ssl=way.tls)
        return
    opened = await tunnel_to(loop, way.proxy, to.host, to.port)
    name = to.host if way.tls else None
    with ExitStack() as undo:
        undo.callback(opened.close)
        await loop.create_connection(
            lambda: connection, sock=opened, ssl=way.tls, server_hostname=name
        )
        undo.pop_all()
