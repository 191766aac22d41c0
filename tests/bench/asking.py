"""What the bench asks a recorder, at its Unix socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

ANSWER_S: Final = 300.0
LOOK_S: Final = 0.02
"""From one look at the lag to the next; a recorder's rounds are 50 ms apart."""


def flush(data: Path) -> None:
    """Wait until the recorder has everything in the vault and in DuckDB."""
    _asked(data, "POST", "/flush")


def exchanges(data: Path) -> int:
    """How many exchanges are in the vault."""
    return int(_asked(data, "GET", "/status")["exchanges"])


@contextmanager
def lags_ms(data: Path) -> Iterator[list[float]]:
    """How far the recorder is behind, looked at again and again while the block runs."""
    found: list[float] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_S):
            found.append(float(_asked(data, "GET", "/status")["lag_ms"]))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()


def _asked(data: Path, method: str, path: str) -> Any:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_S)
        connection.connect(str(data / "run" / "recorder.sock"))
        connection.sendall(f"{method} {path} HTTP/1.0\r\nContent-Length: 0\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 200 " in head[:20], answer[:200]
    return orjson.loads(body)
