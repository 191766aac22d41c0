"""What the hot path costs in system calls, instructions and allocations: counts, which the machine and what else it
does change little.

One connection, so that no two requests share a commit: the dearest case. Left out is what a worker does each second
whatever passes, and futex: how often two threads meet at the interpreter's lock is the machine's affair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.bench import systems
from tests.bench.load import Streams, Unary, run_streams, run_unary
from tests.faults.instructions import Counted
from tests.faults.system_calls import count_all, traced

COUNTED: Final = (
    *("read", "readv", "recvfrom", "recvmsg", "write", "writev", "sendto", "sendmsg"),
    *("pread64", "preadv", "pwrite64", "pwritev", "pwritev2", "fsync", "fdatasync"),
)
"""Bytes in, bytes out, wake-ups of the loop, and the disk."""
REQUESTS: Final = 48
EVENTS: Final = 48
LOADS: Final = 0.5
"""Per request or event, for the connection itself, and for keys and segments made ahead meanwhile."""
UNARY: Final = {"strict": 12, "available": 8}
"""A request in and out, its answer in and out; a commit for each, told to the loop: write, sync, and an eventfd written and
read. Available: the answer waits for no commit, and the next request may share it."""
EVENT: Final = {"strict": 6, "available": 6}
"""In and out, and one commit."""
MARGIN: Final = 1.2
"""For another release of Python or of a library, and for how often the two threads meet: 2 % between two runs."""
LEAST: Final = 0.5
"""What a busy machine may leave: several events then come in one read. Fewer: these counts are to be written anew."""
REQUEST_EXECUTES: Final = {"strict": (586_000, 500), "available": (452_000, 357)}
"""Instructions and allocations, measured 2026-11-23 with Python 3.11.7."""
EVENT_EXECUTES: Final = {"strict": (168_000, 158), "available": (163_000, 158)}


@pytest.fixture(scope="module", params=["strict", "available"])
def system(request: pytest.FixtureRequest) -> Iterator[systems.System]:
    with (
        systems.scratch() as folder,
        systems.target() as far,
        systems.proxy(request.param, far, Path(folder), mode=request.param, records=False) as found,
    ):
        run_unary(Unary(found.port, "/bytes/1000", 1000, 1, 16))
        yield found


def counted(system: systems.System, trace: Path, load: Callable[[], object]) -> Counter[str]:
    with traced(system.pids["gateway"], trace, calls=",".join(COUNTED)):
        load()
    return count_all(trace)


def test_a_request_makes_no_more_system_calls_than_it_did(
    system: systems.System, tmp_path: Path
) -> None:
    load = Unary(system.port, "/bytes/1000", 1000, 1, REQUESTS)

    calls = counted(system, tmp_path / "trace", lambda: run_unary(load))

    print(calls)
    assert calls["fdatasync"] > 0
    assert calls.total() / REQUESTS <= UNARY[system.name] + LOADS


def test_an_event_of_a_stream_makes_no_more_system_calls_than_it_did(
    system: systems.System, tmp_path: Path
) -> None:
    load = Streams(system.port, f"/stream/{EVENTS}/20", 1)

    calls = counted(system, tmp_path / "trace", lambda: run_streams(load))

    print(calls)
    assert len(load.transit_ns) == EVENTS
    assert calls["fdatasync"] > 0
    assert calls.total() / EVENTS <= EVENT[system.name] + LOADS


@pytest.fixture(scope="module", params=["strict", "available"])
def counted_system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[systems.System, Counted]]:
    """The same, under callgrind."""
    counter = Counted(tmp_path_factory.mktemp("callgrind") / "calls")
    with (
        systems.scratch() as folder,
        systems.target() as far,
        systems.proxy(
            request.param,
            far,
            Path(folder),
            mode=request.param,
            records=False,
            under=counter.under,
        ) as found,
    ):
        run_unary(Unary(found.port, "/bytes/1000", 1000, 1, 64))
        run_streams(Streams(found.port, f"/stream/{EVENTS}/0", 1))
        counter.begin(found.pids["gateway"])
        run_unary(Unary(found.port, "/bytes/1000", 1000, 1, 16))
        yield found, counter


def test_a_request_executes_no_more_instructions_and_allocations_than_it_did(
    counted_system: tuple[systems.System, Counted],
) -> None:
    system, counter = counted_system
    load = Unary(system.port, "/bytes/1000", 1000, 1, REQUESTS)

    found = counter.during(system.pids["gateway"], lambda: run_unary(load))

    print(system.name, found.instructions / REQUESTS, found.allocations / REQUESTS)
    instructions, allocations = REQUEST_EXECUTES[system.name]
    assert LEAST < found.instructions / REQUESTS / instructions < MARGIN
    assert LEAST < found.allocations / REQUESTS / allocations < MARGIN


def test_an_event_of_a_stream_executes_no_more_instructions_and_allocations_than_it_did(
    counted_system: tuple[systems.System, Counted],
) -> None:
    system, counter = counted_system
    load = Streams(system.port, f"/stream/{EVENTS}/20", 1)

    found = counter.during(system.pids["gateway"], lambda: run_streams(load))

    print(system.name, found.instructions / EVENTS, found.allocations / EVENTS)
    instructions, allocations = EVENT_EXECUTES[system.name]
    assert LEAST < found.instructions / EVENTS / instructions < MARGIN
    assert LEAST < found.allocations / EVENTS / allocations < MARGIN
