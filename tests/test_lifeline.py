"""What passes between a supervisor and its children, with real pipes and a real process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from proxy.lifeline import say, say_ready

ALONE = """
import asyncio
from proxy.lifeline import say, say_ready, when_alone

async def live():
    stop = asyncio.Event()
    await when_alone(stop.set)
    say_ready()
    await stop.wait()
    say(b"alone\\n")

asyncio.run(live())
"""


def test_a_line_is_said_and_one_that_nobody_takes_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # a test that would wait fails instead
    with os.fdopen(reading, "rb", buffering=0) as read, os.fdopen(writing, "w") as output:
        monkeypatch.setattr("sys.stdout", output)
        say(b"one\n")
        assert read.read(100) == b"one\n"
        for _ in range(40):
            say(b"x" * 4000 + b"\n")  # more than a pipe holds

        assert set(read.read(4001)) == {*b"x\n"}


def test_who_says_something_to_nobody_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen: a child whose supervisor died before it was ready ended with a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr("sys.stdout", output)
        say_ready()
        say(b"more\n")


def test_a_child_hears_that_it_is_alone() -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", ALONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.stdin.close()

        assert child.stdout.readline() == b"alone\n"
        assert child.wait() == 0
