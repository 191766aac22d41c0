"""`cost --reprice` against a socket that answers as the recorder does."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import StartRefused, StoreError
from proxy.reading.accounts.repricing import DONE, run
from proxy.recording.acts import act_from_json
from proxy.store.pricing.books import shipped_books


class _Server(socketserver.UnixStreamServer):
    taken: list[Any]
    status: int


class _Answer(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b'{"acts": ["0"]}')

    def address_string(self) -> str:
        return "here"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(folder: Path, status: int = 200) -> Iterator[list[Any]]:
    (folder / "run").mkdir()
    with _Server(str(folder / "run" / "recorder.sock"), _Answer) as server:
        server.taken, server.status = [], status
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield server.taken
        thread.join()


def test_the_newest_book_is_told_as_an_act(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening(tmp_path) as taken:
        assert run(tmp_path) == DONE

    ((path, told),) = taken
    (act,) = told["acts"]
    assert path == "/acts"
    assert act["data"]["book"]["version"] == shipped_books()[-1]
    assert act_from_json(act, 0, "0" * 32).kind == "price_book"
    assert shipped_books()[-1] in capsys.readouterr().out


def test_a_refusal_is_told(tmp_path: Path) -> None:
    with listening(tmp_path, status=400), pytest.raises(StoreError, match="status 400"):
        run(tmp_path)


def test_without_a_recorder_there_is_nobody_to_keep_the_act(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="interactions-proxy serve"):
        run(tmp_path)


def test_a_book_that_is_none_is_refused_before_anybody_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartRefused):
        run(tmp_path, tmp_path / "none.json")
