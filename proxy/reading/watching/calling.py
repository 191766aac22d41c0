"""HTTP to a recorder over its Unix socket: the one way in which commands and shippers ask it."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from typing import Final

ANSWER_WITHIN_S: Final = 90.0
"""The recorder flushes, checkpoints and copies first, and gives up by itself after 60 s."""


class RecorderConnection(http.client.HTTPConnection):
    """To the recorder that listens at `address`, which answers within `within_s` or is given up."""

    def __init__(self, address: Path, within_s: float = ANSWER_WITHIN_S) -> None:
        super().__init__("recorder", timeout=within_s)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._address))
