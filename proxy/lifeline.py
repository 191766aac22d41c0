"""What a supervisor and its children say to each other, besides signals. Ground floor; standard library only.

A child's standard input is a pipe that its supervisor holds and never writes to: its end says that the supervisor
is gone. What a child prints are lines; `ready` says that it serves. Nobody waits for a reader who is gone or slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import stat
import sys
from collections.abc import Callable
from typing import Final

READY: Final = b"ready\n"


async def when_alone(stop: Callable[[], None]) -> None:
    """Have `stop` called when the supervisor is gone; never, if standard input is no pipe of one."""
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: _Lifeline(stop), sys.stdin)


def say(line: bytes) -> None:
    """On standard output. If that is a pipe that nobody reads, it is not said: nothing may wait for a reader."""
    waiting = select.poll()
    waiting.register(sys.stdout.fileno(), select.POLLOUT)
    with contextlib.suppress(OSError):  # the reader is gone
        if waiting.poll(0):
            os.write(sys.stdout.fileno(), line)  # less than PIPE_BUF: whole, without waiting


def say_ready() -> None:
    """The supervisor waits for this line; if it is gone, the end of standard input says so, too."""
    say(READY)


class _Lifeline(asyncio.Protocol):
    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    def eof_received(self) -> None:
        self._stop()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the end is the end
        self._stop()
