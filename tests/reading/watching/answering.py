"""Somebody who answers each request with the next of some texts, on a port or a Unix socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def answering(texts: Sequence[str], unix: Path | None = None) -> Iterator[str]:
    """The last text is repeated. Gives the URL."""
    family = socket.AF_INET if unix is None else socket.AF_UNIX
    listener = socket.socket(family)
    listener.bind(("127.0.0.1", 0) if unix is None else str(unix))
    listener.listen()
    thread = threading.Thread(target=_serve, args=(listener, list(texts)))
    thread.start()
    try:
        yield "" if unix else f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(20)
        listener.close()


def _serve(listener: socket.socket, texts: list[str]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            client.recv(65536)
            text = texts.pop(0) if len(texts) > 1 else texts[0]
            length = len(text.encode())
            client.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}".encode())
