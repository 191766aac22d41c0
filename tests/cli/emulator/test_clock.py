"""The verb that moves an emulator's clock; against a real one in test_start.py."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proxy.cli.app import main
from proxy.cli.emulator.clock import move_from_text, told_by_emulator
from proxy.cli.verb import WORLD_FAILED, WRONG_USE
from proxy.errors import ConfigError, StartRefused


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that answers one request with these bytes."""

    def serve() -> None:
        connection, _ = holder.accept()
        with connection:
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(answer)

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"
        thread.join()


def response(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("+1h", {"advance_s": 3600}),
        ("2026-12-24T00:00:00Z", {"set": "2026-12-24T00:00:00Z"}),
        ("2026-12-24", {"set": "2026-12-24T00:00:00Z"}),
        ("2026-12-24T01:00:00+01:00", {"set": "2026-12-24T00:00:00Z"}),
    ],
)
def test_a_move_is_a_span_or_an_instant(text: str, move: dict[str, object]) -> None:
    assert move_from_text(text) == move


def test_what_is_no_move_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clock", "55d"]) == WRONG_USE
    assert "write a span such as +55d" in capsys.readouterr().err


def test_nobody_there_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{holder.getsockname()[1]}"

        assert main(["clock", "--emulator", url, "+1d"]) == WORLD_FAILED

    assert "start one with `interactions-proxy emulator`" in capsys.readouterr().err


def test_a_url_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match="write it as"):
        told_by_emulator("ftp://127.0.0.1", None)


@pytest.mark.parametrize(
    ("status", "body"), [("404 Not Found", b"<html>"), ("200 OK", b"{}"), ("200 OK", b"[]")]
)
def test_something_else_that_answers_is_no_emulator(status: str, body: bytes) -> None:
    with answering(response(status, body)) as url, pytest.raises(StartRefused, match="no emulator"):
        told_by_emulator(url, None)


def test_a_move_that_the_emulator_refuses_is_told_in_its_words() -> None:
    refused = b'{"error": {"code": "invalid_request", "message": "emulator: not so far."}}'
    with (
        answering(response("400 Bad Request", refused)) as url,
        pytest.raises(ConfigError, match=r"^not so far\.$"),
    ):
        told_by_emulator(url, {"advance_s": 1})
