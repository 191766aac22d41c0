from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import duckdb
import pytest

from proxy.reading.sql import CANCELLED
from proxy.reading.watching.waiting import SILENT_NS, Cancelled, Waiting

ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range < 0"

OF_A_TERMINAL = """
import os, sys
os.close(os.open(os.ttyname(2), os.O_RDWR))  # whose Ctrl-C is ours from now on
from proxy.cli.app import main
sys.exit(main())
"""
ENOUGH_LOOKS = 600
"""Of a tenth of a second."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Question:
    """What is asked: done when somebody looks how far it is, or interrupts."""

    def __init__(self, percent: float = -1.0) -> None:
        self._percent = percent
        self._is_over = threading.Event()
        self.interrupts = 0

    def work(self) -> str:
        assert self._is_over.wait(60)
        return "answered"

    def query_progress(self) -> float:
        self._is_over.set()
        return self._percent

    def interrupt(self) -> None:
        self.interrupts += 1
        self._is_over.set()


@pytest.fixture(autouse=True)
def _signal_as_of_a_command() -> Iterator[None]:
    """Ctrl-C is told to Python, as in a program that was just started; what stood before, stands after."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_who_waits_at_a_terminal_is_told_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    seconds = count()
    question = Question(percent=37.4)

    with Waiting(question, lambda: next(seconds) * SILENT_NS) as waiting:
        assert waiting.wait_for(question.work) == "answered"

    first, *_ = shown.getvalue().split("Ctrl-C cancels")
    assert first == "\r\x1b[K37 % · 1.00 s · "
    assert shown.getvalue().endswith("\r\x1b[K")


def test_what_is_answered_at_once_is_told_of_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)

    with Waiting(Question()) as waiting:
        assert waiting.wait_for(lambda: 7) == 7

    assert shown.getvalue() == ""


def test_nobody_is_told_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    question, looks = Question(), count()

    def now_ns() -> int:
        if next(looks) == 3:
            question.interrupt()
        return 1000 * SILENT_NS

    with Waiting(question, now_ns) as waiting:
        waiting.wait_for(question.work)

    assert shown.getvalue() == ""


def test_what_the_work_raises_is_raised() -> None:
    with Waiting(Question()) as waiting, pytest.raises(ZeroDivisionError):
        waiting.wait_for(lambda: 1 // 0)


def test_ctrl_c_ends_the_question_and_the_connection_answers_the_next() -> None:
    looks = count()

    def now_ns() -> int:
        if (look := next(looks)) == 1:
            signal.raise_signal(signal.SIGINT)
        if look > ENOUGH_LOOKS:
            connection.interrupt()  # nobody else did: the test fails
        return 0

    with closing(duckdb.connect()) as connection, Waiting(connection, now_ns) as waiting:
        with pytest.raises(Cancelled):
            waiting.wait_for(lambda: connection.execute(ENDLESS).fetchall())

        assert connection.execute("SELECT 7").fetchall() == [(7,)]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


def test_at_a_terminal_ctrl_c_leaves_with_a_word_and_130(data_folder: Path) -> None:
    ours, theirs = pty.openpty()
    asking = subprocess.Popen(
        [
            *(sys.executable, "-c", OF_A_TERMINAL, "sql", "--json"),
            *("--set", f"data.folder={data_folder}", ENDLESS),
        ],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    with asking:
        try:
            shown = _read_until(ours, b"Ctrl-C cancels")
            os.write(ours, b"\x03")
            shown += _read_until(ours, b"whole answer")
            out, _ = asking.communicate(timeout=60)
        finally:
            asking.kill()
            os.close(ours)

    assert asking.returncode == CANCELLED
    assert out == b""
    told = shown.rpartition(b"\x1b[K")[2].decode()
    assert told.startswith("cancelled: ")
    assert b"Traceback" not in shown


def _read_until(terminal: int, awaited: bytes) -> bytes:
    found = b""
    with suppress(OSError):  # EIO: the other side has ended
        while awaited not in found and (part := os.read(terminal, 4096)):
            found += part
    assert awaited in found, found
    return found
