"""A way to upstream through an outbound proxy: CONNECT (RFC 9110, 9.3.6), then bytes as if it were not there."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import ExitStack
from typing import Final

HEAD_BYTES_MAX: Final = 16 * 1024
"""Of the outbound proxy's answer: far beyond what any says."""
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")
_END: Final = b"\r\n\r\n"


class TunnelRefused(OSError):
    """The outbound proxy gives no way. `strerror` says why, without its address."""

    def __init__(self, why: str) -> None:
        super().__init__(None, why)


async def tunnel_to(
    loop: asyncio.AbstractEventLoop, proxy: tuple[str, int], host: str, port: int
) -> socket.socket:
    """A connected socket at whose other end is `host`, once the outbound proxy opened the way.

    Cancelled, it leaves nothing open.

    Raises:
        TunnelRefused: the proxy said no, or nothing that is an answer.
        OSError: it cannot be reached.
    """
    connection = await _connected(loop, proxy)
    with ExitStack() as undo:
        undo.callback(connection.close)
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        asked = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
        await loop.sock_sendall(connection, asked.encode("ascii"))
        _check(await _head(loop, connection))
        undo.pop_all()
    return connection


async def _head(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
    head = b""
    while _END not in head:
        data = await loop.sock_recv(connection, HEAD_BYTES_MAX)
        if not data or len(head) + len(data) > HEAD_BYTES_MAX:
            raise TunnelRefused("the outbound proxy gave no answer to CONNECT")
        head += data
    return head


def _check(head: bytes) -> None:
    status = _STATUS.match(head)
    if status is None:
        raise TunnelRefused("the outbound proxy does not answer as one")
    if not status[1].startswith(b"2"):
        raise TunnelRefused(f"the outbound proxy refused with {status[1].decode()}")
    if not head.endswith(_END) or head.count(_END) > 1:
        # Upstream waits for us to speak first: whoever speaks now is not upstream.
        raise TunnelRefused("the outbound proxy said more than its answer")


async def _connected(loop: asyncio.AbstractEventLoop, proxy: tuple[str, int]) -> socket.socket:
    refused: OSError = TunnelRefused("the outbound proxy has no address")
    try:
        found = await loop.getaddrinfo(*proxy, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:  # UnicodeError: what can be no name at all
        raise TunnelRefused("the outbound proxy's name is not known") from error
    for family, kind, number, _, address in found:
        connection = socket.socket(family, kind, number)
        connection.settimeout(0)
        with ExitStack() as undo:
            undo.callback(connection.close)
            try:
                await loop.sock_connect(connection, address)
            except OSError as error:
                refused = TunnelRefused(f"the outbound proxy cannot be reached: {error.strerror}")
            else:
                undo.pop_all()
                return connection
    raise refused
