"""Clients that are slow on purpose, in a process of their own: `python -m tests.faults.load.slow PORT SENDERS READERS`.

A third sort each of a head, of a body, of reading: a byte each TICK_MS. Says `open` when all are connected,
and at the end, as JSON, how often each sort ended and how.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.end_to_end.wire.sockets import post

TICK_MS: Final = 500
LASTS_S: Final = 60.0
"""Far beyond every deadline of the play: whoever is still open then was forgotten."""
BODY_BYTES: Final = 100_000
ANSWER_BYTES: Final = 6_000_000
"""More than the kernel takes for a client that does not read."""
ENDED: Final = select.POLLHUP | select.POLLERR | select.POLLRDHUP


@dataclass(slots=True)
class Slow:
    """One connection."""

    kind: str
    connection: socket.socket
    got: bytearray = field(default_factory=bytearray)

    def tick(self) -> None:
        """A byte more, or less."""
        if self.kind == "reader":
            self.got += self.connection.recv(1)
        else:
            self.connection.send(b"x")

    def ending(self) -> str:
        """What it was told before it was cut off: a status, or how much was missing."""
        try:
            while data := self.connection.recv(65536):
                self.got += data
        except OSError:
            pass  # A reset behind the last byte.
        self.connection.close()
        if self.kind == "reader":
            return "cut off" if len(self.got) < ANSWER_BYTES else "whole"
        return self.got.split(b" ", 2)[1].decode() if self.got else "no answer"


def open_one(port: int, kind: str, number: int) -> Slow:
    connection = socket.socket()
    if kind == "reader":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    tag = f"slow {kind} {number}"
    if kind == "reader":
        asked = {"model": f"fault:size={ANSWER_BYTES}", "input": "x", "store": False}
        connection.sendall(post(tag, json.dumps(asked).encode(), "x-goog-api-key: slow-key-01234"))
    else:
        request = post(tag, b"x" * BODY_BYTES)
        connection.sendall(request[: 40 if kind == "head" else -BODY_BYTES])
    connection.setblocking(False)  # noqa: FBT003 - the standard library's own
    return Slow(kind, connection)


def main(port: int, senders: int, readers: int) -> None:
    kinds = ["head", "body"] * (senders // 2) + ["reader"] * readers
    open_ones = {}
    poll = select.poll()
    for number, kind in enumerate(kinds):
        one = open_one(port, kind, number)
        open_ones[one.connection.fileno()] = one
        poll.register(one.connection, ENDED)
    for one in open_ones.values():
        if one.kind == "reader":
            select.select([one.connection], [], [], LASTS_S)
    print("open", flush=True)
    ends: Counter[str] = Counter()
    begun = next_tick = time.monotonic()
    while open_ones and time.monotonic() - begun < LASTS_S:
        for number, _ in poll.poll(max(0, next_tick - time.monotonic()) * 1000):
            poll.unregister(number)
            one = open_ones.pop(number)
            ends[f"{one.kind}: {one.ending()}"] += 1
        if time.monotonic() >= next_tick:
            next_tick += TICK_MS / 1000
            for one in open_ones.values():
                try:
                    one.tick()
                except OSError:
                    continue  # It has ended, or its buffer is full: the next look tells.
    ends["forgotten"] = len(open_ones)
    print(json.dumps(ends), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
