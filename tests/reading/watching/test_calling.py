"""The way to a recorder: an answer, nobody there, and one who says nothing."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from proxy.reading.watching.calling import RecorderConnection
from tests.reading.watching.answering import answering


def test_a_recorder_is_asked_over_its_socket(tmp_path: Path) -> None:
    address = tmp_path / "recorder.sock"
    with answering(["{}"], address), closing(RecorderConnection(address)) as connection:
        connection.request("GET", "/status")

        assert connection.getresponse().read() == b"{}"


def test_where_nobody_listens_it_says_so(tmp_path: Path) -> None:
    with (
        closing(RecorderConnection(tmp_path / "recorder.sock")) as connection,
        pytest.raises(FileNotFoundError),
    ):
        connection.request("GET", "/status")


def test_who_says_nothing_is_given_up(tmp_path: Path) -> None:
    address = tmp_path / "recorder.sock"
    with (
        socket.socket(socket.AF_UNIX) as silent,
        closing(RecorderConnection(address, 0.05)) as asked,
    ):
        silent.bind(str(address))
        silent.listen()
        asked.request("GET", "/status")

        with pytest.raises(TimeoutError):
            asked.getresponse()
