"""A witness that keeps checkpoints and says so."""

from __future__ import annotations

import base64
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from proxy.audit.trail.merkle import is_consistent
from proxy.audit.trail.note import Checkpoint

COSIGNATURE = "\u2014 witness.example/w1 AAAA\n"


class Witness(http.server.ThreadingHTTPServer):
    """Checks what C2SP tlog-witness says a witness checks, but the signature."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.held: list[Checkpoint] = []
        self.refusals: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def judge(self, body: str) -> tuple[int, str]:
        head, _, note = body.partition("\n\n")
        old_line, *proof = head.split("\n")
        old = int(old_line.removeprefix("old "))
        fresh = Checkpoint.decode(note.partition("\n\n")[0] + "\n")
        last = self.held[-1] if self.held else Checkpoint(fresh.origin, 0, b"")
        if old != last.size:
            return 409, f"{last.size}\n"
        hashes = [base64.b64decode(one) for one in proof]
        if old and not is_consistent(old, fresh.size, last.root, fresh.root, hashes):
            return 422, ""
        self.held.append(fresh)
        return 200, COSIGNATURE


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Witness

    def do_POST(self) -> None:
        assert self.path == "/add-checkpoint"
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, answer = self.server.judge(body)
        if status != 200:
            self.server.refusals.append(status)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving_witness() -> Iterator[Witness]:
    made = Witness()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()
