"""One tagged question at a time, from a client that trusts nobody and notes what it saw of the answer."""

from __future__ import annotations

import base64
import json
import socket
from random import Random
from typing import Final

import httptools

from tests.end_to_end.load import KEY, MODEL, READ_BYTES, Attempt

ANSWER_WITHIN_S: Final = 20.0
"""A fault must not make a client wait for ever. Far more than any answer takes."""
SMALL: Final = 100
LARGE: Final = 1_200_000
"""More than a segment of 1 MiB, and base64 of noise, which does not compress: the journal has to go on
in its next segment in the middle of the exchange."""


def asked(address: tuple[str, int], tag: str, *, size: int = SMALL, gap_s: float = 0) -> Attempt:
    """Ask once on a connection of its own. A break, or no answer in time, is noted and not raised.

    With `gap_s` the answer is a stream with such gaps between its events.
    """
    noise = base64.b64encode(Random(tag).randbytes(size)).decode()
    model = f"fault:gap={gap_s}" if gap_s else MODEL
    question = {"model": model, "input": noise, "store": False, "stream": bool(gap_s)}
    body = json.dumps(question).encode()
    attempt = Attempt(tag, "unary", sent_bytes=len(body))
    parser = httptools.HttpResponseParser(attempt)
    try:
        with socket.create_connection(address, timeout=ANSWER_WITHIN_S) as connection:
            connection.sendall(request(tag, body))
            while not attempt.saw_end and (data := connection.recv(READ_BYTES)):
                parser.feed_data(data)
                attempt.status = parser.get_status_code()
    except OSError:
        pass  # The attempt says how far it came.
    return attempt


def request(tag: str, body: bytes) -> bytes:
    lines = (
        "POST /v1/interactions HTTP/1.1",
        "Host: faults",
        f"x-goog-api-key: {KEY}",
        f"x-request-tag: {tag}",
        "content-type: application/json",
        f"Content-Length: {len(body)}",
        "\r\n",
    )
    return "\r\n".join(lines).encode() + body
