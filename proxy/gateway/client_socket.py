"""The socket of a client's connection: how many there may be, when one is read, the ways it can end."""

from __future__ import annotations

import asyncio
import fcntl
import select
import socket
import struct
import termios
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

_HUNG_UP: Final = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with zero seconds: closing sends a reset."""


@dataclass(slots=True)
class Gauges:
    """What a worker counts besides its records; published on the worker page once a second."""

    connections: int = 0
    """Those that have a place; whoever is told that there is none is `shed`."""
    in_flight: int = 0
    refused: int = 0
    shed: int = 0
    cut_heads: int = 0


@dataclass(slots=True)
class Places:
    """How many connections a worker serves at once, in all and from one address."""

    gauges: Gauges
    in_all: int
    per_address: int
    by_address: Counter[str] = field(default_factory=Counter)
    """Bounded by the connections."""

    def take(self, address: str) -> str:
        """Take a place for a connection from `address`; returns why there is none (empty: it is taken)."""
        if self.gauges.connections >= self.in_all:
            return "too many connections: raise gateway.connections_max"
        if self.by_address[address] >= self.per_address:
            setting = "gateway.connections_per_address_max"
            return f"too many connections from this address: raise {setting}"
        self.gauges.connections += 1
        self.by_address[address] += 1
        return ""

    def give_back(self, address: str) -> None:
        self.gauges.connections -= 1
        self.by_address[address] -= 1
        if not self.by_address[address]:
            del self.by_address[address]


class ClientSocket(asyncio.Protocol):
    """Pauses for several reasons at once; ends after its last byte, gently, or with a reset."""

    __slots__ = (
        "_now",
        "_pause_reasons",
        "_transport",
        "is_closing",
        "is_gone",
        "is_lingering",
        "since",
        "unsent_bytes",
    )

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._pause_reasons = 0
        self.is_closing = False
        """Nothing is read any more; what was written may still go out."""
        self.is_gone = False
        self.is_lingering = False
        self.unsent_bytes = 0
        """Of a closing connection, when the worker last looked."""
        self.since = now()
        """Loop time at which the present state began: idle, reading a head, orphaned, lingering, closing."""

    def takes_bytes(self) -> bool:
        """Whether the client took something of what was unsent when this was last asked."""
        before, self.unsent_bytes = self.unsent_bytes, self.untaken_bytes()
        return self.unsent_bytes < before

    def untaken_bytes(self) -> int:
        """What was written and the client has not taken: in our buffer, and in the kernel's.

        A slow client empties megabytes of the kernel's before ours moves at all.
        """
        return self._transport.get_write_buffer_size() + _unacknowledged(self._transport)

    def write(self, data: bytes) -> None:
        if data and not self.is_gone:
            self._transport.write(data)

    def pause(self, reason: int) -> None:
        if self._pause_reasons == 0 and not self.is_gone and not self._transport.is_closing():
            self._transport.pause_reading()
        self._pause_reasons |= reason

    def resume(self, reason: int) -> None:
        if not self._pause_reasons & reason:
            return
        self._pause_reasons &= ~reason
        if self._pause_reasons == 0 and not self.is_gone and not self._transport.is_closing():
            self._transport.resume_reading()

    def has_hung_up(self) -> bool:
        """Whether the client has closed at least its sending side, even while we do not read."""
        connection = self._transport.get_extra_info("socket")
        if connection is None:
            return False  # closed within this turn of the loop, and about to be told so
        look = select.poll()
        look.register(connection.fileno(), _HUNG_UP)
        return any(found & _HUNG_UP for _, found in look.poll(0))

    def _close_gently(self, *, has_unread: bool) -> None:
        """Close; while the client may still be sending, read on so that a reset does not eat the answer."""
        if self.is_gone:
            return
        if not has_unread:
            self._close()
            return
        self.is_closing = True
        self.is_lingering = True
        self.since = self._now()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        reasons, self._pause_reasons = self._pause_reasons, 0
        if reasons:
            self._transport.resume_reading()

    def _close(self) -> None:
        self.is_closing = True
        self.since = self._now()
        self._transport.close()

    def _reset(self) -> None:
        if self.is_lingering and not self._transport.can_write_eof():
            # TLS has no end of one side: what ends with the connection must not seem cut.
            self._close()
            return
        connection: socket.socket | None = self._transport.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.is_closing = True
        self.since = self._now()
        self._transport.abort()


def _unacknowledged(transport: asyncio.Transport) -> int:
    """Bytes the kernel keeps until the other end has them; 0 where it does not tell (tcp(7), SIOCOUTQ)."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return 0
    try:
        found = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    except OSError:
        return 0
    (count,) = struct.unpack("i", found)
    return int(count)
