"""One child, as a real process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.supervise import child as child_module
from proxy.supervise.child import Child, ChildPlan, Pace
from tests.supervise.fakes import (
    BROKEN,
    DEAF,
    OBEDIENT,
    SHORT_LIVED,
    SILENT,
    TALKATIVE,
    program,
)

PACE = Pace(
    ready_within_s=10,
    steady_after_s=0,
    back_off_least_s=0.01,
    back_off_most_s=0.04,
    kill_within_s=5,
)


class Notes:
    """What a child was noted to do; lets a test wait for the n-th note."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._grown = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        self._grown.set()

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.lines) < count:
                self._grown.clear()
                await self._grown.wait()


@pytest.fixture
def lifeline() -> Iterator[int]:
    reading, writing = os.pipe()
    yield reading
    os.close(reading)
    os.close(writing)


@asynccontextmanager
async def kept(child: Child) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        group.create_task(child.keep())
        yield
        await child.stop(within_s=10)


def pids(file: Path) -> list[int]:
    return [int(line.split()[2]) for line in file.read_text().splitlines() if " ready " in line]


async def test_a_child_is_asked_to_end_and_ends(tmp_path: Path, lifeline: int) -> None:
    file = tmp_path / "notes"
    plan = ChildPlan(name="x", command=program(OBEDIENT, file, "x"), lifeline=lifeline)
    notes = Notes()
    child = Child(plan, notes, PACE)

    async with kept(child):
        await child.first_ready.wait()

    assert notes.lines == []
    assert file.read_text().endswith("x stopped\n")


async def test_a_killed_child_is_started_again_and_said_so(tmp_path: Path, lifeline: int) -> None:
    file = tmp_path / "notes"
    plan = ChildPlan(name="x", command=program(OBEDIENT, file, "x"), lifeline=lifeline)
    notes = Notes()
    child = Child(plan, notes, PACE)

    async with kept(child):
        await child.first_ready.wait()
        os.kill(int(file.read_text().split()[2]), signal.SIGKILL)
        await notes.reach(1)

    assert notes.lines == ["x ended, killed by signal 9; starting again in 0 s"]


async def test_a_child_that_cannot_live_is_started_with_longer_and_longer_waits(
    tmp_path: Path, lifeline: int
) -> None:
    command = program(SHORT_LIVED, tmp_path / "notes", "x")
    pace = Pace(steady_after_s=100, back_off_least_s=0.01, back_off_most_s=0.04)
    notes = Notes()

    async with kept(Child(ChildPlan(name="x", command=command, lifeline=lifeline), notes, pace)):
        await notes.reach(4)

    assert [line.rsplit(" in ")[1] for line in notes.lines[:4]] == [
        "0.01 s",
        "0.02 s",
        "0.04 s",
        "0.04 s",
    ]


async def test_a_child_that_fails_at_first_refuses_the_start(lifeline: int) -> None:
    plan = ChildPlan(name="recorder", command=program(BROKEN), lifeline=lifeline)

    with pytest.raises(StartRefused, match="the recorder did not start: exit code 3"):
        await Child(plan, Notes(), PACE).keep()


async def test_a_child_that_never_says_ready_refuses_the_start(lifeline: int) -> None:
    plan = ChildPlan(name="recorder", command=program(SILENT), lifeline=lifeline)
    pace = Pace(ready_within_s=0.05)

    with pytest.raises(StartRefused, match=r"not ready within 0\.05 s"):
        await Child(plan, Notes(), pace).keep()


async def test_a_child_that_was_killed_before_it_was_ready_is_not_called_late(
    lifeline: int,
) -> None:
    """Seen in crash runs: an early kill -9 was told as "not ready within 30 s"."""
    plan = ChildPlan(
        name="x", command=program("import os; os.kill(os.getpid(), 9)"), lifeline=lifeline
    )

    with pytest.raises(StartRefused, match="killed by signal 9"):
        await Child(plan, Notes(), PACE).keep()


async def test_a_child_that_does_not_listen_is_killed(tmp_path: Path, lifeline: int) -> None:
    plan = ChildPlan(name="x", command=program(DEAF, tmp_path / "notes", "x"), lifeline=lifeline)
    notes = Notes()
    child = Child(plan, notes, PACE)

    async with asyncio.TaskGroup() as group:
        group.create_task(child.keep())
        await child.first_ready.wait()
        await child.stop(within_s=0.05)

    assert notes.lines == ["x did not end within 0.05 s: killed"]


async def test_a_keeper_that_is_cancelled_leaves_no_process(tmp_path: Path, lifeline: int) -> None:
    file = tmp_path / "notes"
    plan = ChildPlan(name="x", command=program(OBEDIENT, file, "x"), lifeline=lifeline)
    child = Child(plan, Notes(), PACE)

    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(child.keep())
        await child.first_ready.wait()
        keeping.cancel()

    (pid,) = pids(file)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


async def test_a_child_reads_the_end_of_its_lifeline_when_the_supervisor_is_gone(
    tmp_path: Path,
) -> None:
    file = tmp_path / "notes"
    reading, writing = os.pipe()
    plan = ChildPlan(name="x", command=program(OBEDIENT, file, "x"), lifeline=reading)
    notes = Notes()
    child = Child(plan, notes, Pace(steady_after_s=100, back_off_least_s=30, back_off_most_s=30))

    async with kept(child):
        await child.first_ready.wait()
        os.close(writing)
        await notes.reach(1)

    os.close(reading)
    assert "x orphaned" in file.read_text()


async def test_what_a_child_prints_is_said_in_order_once_it_may_speak(
    tmp_path: Path, lifeline: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen: a checkpoint that came before `ready` was taken for it, and `ready` for our first line."""
    said: list[bytes] = []
    monkeypatch.setattr(child_module, "say", said.append)
    command = program(TALKATIVE, tmp_path / "notes", "x")
    child = Child(
        ChildPlan(name="x", command=command, lifeline=lifeline, passes_on=True), Notes(), PACE
    )

    async with kept(child):
        await child.first_ready.wait()
        before = list(said)
        child.speak()

    assert before == []
    assert said == [b"early\n", b"late\n"]
