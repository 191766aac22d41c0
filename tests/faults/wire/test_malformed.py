"""Malformed inputs by the thousand, from both sides, through gateway and recorder: nothing falls over.

MALFORMED_INPUTS says how many, MALFORMED_SEED which; `inputs(seed, number)` makes any of them again.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Final

import pytest

from proxy.journal.page import PageReading, PageView, pages
from tests.end_to_end.programs import look_until, peak_bytes, reset_peak
from tests.end_to_end.stage import Proxy
from tests.end_to_end.wire.sockets import later
from tests.faults.wire.malformed import LARGE_EVERY, LARGE_KINDS, OK, Input, inputs

COUNT: Final = int(os.environ.get("MALFORMED_INPUTS", "10000"))
"""At least 5,000: memory is looked at after 4,000."""
SEED: Final = int(os.environ.get("MALFORMED_SEED", SystemRandom().getrandbits(32)))
ABREAST: Final = 48
HANG_S: Final = 5.0
"""Nobody may wait longer, whatever came."""
GIVEN_UP_S: Final = 60.0
LOOK_S: Final = 0.2
"""Between two writes that ask whether the disk answers."""
STILL_S: Final = 0.5
"""From here on a write that takes so long is a disk that stands still, or a machine that has no time for us."""
SILENCE_S: Final = 0.1
"""What was cut may rightly be waited for; then the client says that it has said everything."""
MIB: Final = 1024 * 1024
GROWTH_BYTES: Final = 50 * MIB
WARM_UP: Final = max(LARGE_KINDS * LARGE_EVERY, COUNT // 5)
"""Inputs before memory is looked at: some of each kind, every large one among them."""
SLICE: Final = max(1, min(20_000, (COUNT - WARM_UP) // 4))
"""Inputs between two looks at memory. The recorder's is a saw (see load/test_soak.py): two looks would compare its teeth."""
READ_BYTES: Final = 256 * 1024

_CASE: Final = re.compile(rb"\r\nX-Case: (\d+)\r\n")
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d{1,9})\r\n")


@dataclass
class Disk:
    """Writes a little beside the journal, over and over, and keeps when that took long."""

    file: Path
    stills: list[tuple[float, float]] = field(default_factory=list)
    """Loop times."""
    begun: float | None = None
    """Of the write under way."""

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(), name="disk")
            yield
            watching.cancel()

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self.begun = clock()
            await asyncio.to_thread(self._write)
            if clock() - self.begun >= STILL_S:
                self.stills.append((self.begun, clock()))
            self.begun = None
            await later(LOOK_S)

    def _write(self) -> None:
        with self.file.open("wb") as file:
            file.write(b"x")
            file.flush()
            os.fdatasync(file.fileno())

    def still_s(self, since: float, until: float) -> float:
        """How long of that time it stood still."""
        stills = self.stills if self.begun is None else [*self.stills, (self.begun, until)]
        return sum(max(0.0, min(end, until) - max(begun, since)) for begun, end in stills)


@dataclass
class FarEnd:
    """Answers each request with the answer of its case, whatever stands in it."""

    answers: dict[int, Input] = field(default_factory=dict)
    """Of the cases under way."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=READ_BYTES)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                await writer.drain()
        except (
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ConnectionError,
        ):
            pass  # the proxy went away, or sends a body that is no request: both are its right
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False: this connection is over."""
        head = await reader.readuntil(b"\r\n\r\n")
        case = _CASE.search(head)
        given = self.answers.get(int(case[1])) if case else None
        length = _LENGTH.search(head)
        left = int(length[1]) if length and given else 0
        while left:
            data = await reader.read(min(left, READ_BYTES))
            if not data:
                return False
            left -= len(data)
        writer.write(given.answer if given else OK)
        return given is None or not given.ends


@dataclass
class Seen:
    """What the clients saw."""

    answered: int = 0
    """Connections on which something came back."""
    good: int = 0
    """Inputs whose request was whole, so that it must be recorded."""
    silent: Counter[str] = field(default_factory=Counter)
    """Inputs on whose connection nothing came back, by kind."""
    hung: list[tuple[int, float, float]] = field(default_factory=list)
    """Inputs, seconds, and in how many of these the disk itself stood still: strict waits for it."""


async def play(
    address: tuple[str, int], far_end: FarEnd, disk: Disk, number: int, seen: Seen
) -> None:
    made = inputs(SEED, number)
    request = made.request
    if made.is_request_good:
        start, _, rest = request.partition(b"\r\n")
        request = b"%b\r\nX-Case: %d\r\nConnection: close\r\n%b" % (start, number, rest)
        far_end.answers[number] = made
        seen.good += 1
    connection = socket.socket()
    connection.settimeout(0)
    loop = asyncio.get_running_loop()
    received, begun = 0, loop.time()
    is_given_up = False
    try:
        async with asyncio.timeout(GIVEN_UP_S):
            await loop.sock_connect(connection, address)
            with suppress(ConnectionError):
                await loop.sock_sendall(connection, request)
            if not made.is_request_good:
                received += await _heard(loop, connection, SILENCE_S)
                with suppress(OSError):  # it may have been broken meanwhile: it is not connected
                    connection.shutdown(socket.SHUT_WR)
            received += await _heard(loop, connection, GIVEN_UP_S)
    except ConnectionError:
        pass  # a break is an answer, too
    except TimeoutError:
        is_given_up = True
    finally:
        connection.close()
        far_end.answers.pop(number, None)
    waited_s = loop.time() - begun
    if is_given_up or waited_s > HANG_S * (4 if len(request) > MIB else 1):
        seen.hung.append((number, waited_s, disk.still_s(begun, loop.time())))
    if received:
        seen.answered += 1
    else:
        seen.silent[made.kind] += 1


async def _heard(
    loop: asyncio.AbstractEventLoop, connection: socket.socket, patience_s: float
) -> int:
    """Bytes until the end, or until nothing comes for so long."""
    received = 0
    with suppress(TimeoutError):
        while data := await asyncio.wait_for(loop.sock_recv(connection, READ_BYTES), patience_s):
            received += len(data)
    return received


async def play_all(
    address: tuple[str, int], far_end: FarEnd, disk: Disk, numbers: range, seen: Seen
) -> None:
    waiting = iter(numbers)

    async def worker() -> None:
        for number in waiting:
            await play(address, far_end, disk, number, seen)

    async with asyncio.TaskGroup() as group:
        for _ in range(ABREAST):
            group.create_task(worker())


@dataclass(frozen=True)
class Resident:
    """Memory of the two processes, in bytes."""

    gateway: int
    recorder: int

    @classmethod
    def now(cls, proxy: Proxy) -> Resident:
        return cls(*(_resident(pid) for pid in (*proxy.gateways(), *proxy.recorders())))


def page_of(proxy: Proxy) -> PageReading:
    """As the worker published it after this call: its gauges are up to a second old."""
    ((_, _, path),) = pages(proxy.data / "run")
    view = PageView.open(path)
    assert view is not None
    asked_ns = time.time_ns()

    def published() -> PageReading | None:
        reading = view.reading()
        return reading if reading.heartbeat_ns > asked_ns else None

    try:
        return look_until(published, "a page of the worker's that is newer than the question")
    finally:
        view.close()


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Played:
    """All that is judged."""

    seen: Seen
    looks: list[Resident]
    """The first when all is warm, the last at the end."""
    peaks: Resident
    """Since it was warm."""
    worker_seen: int
    in_flight: int
    exchanges: list[tuple[str, int]]
    exchange_count: int
    not_interpreted: int
    log: str = field(repr=False)


def slices(start: int, stop: int) -> list[range]:
    """That many inputs each, the last may be fewer."""
    return [range(at, min(at + SLICE, stop)) for at in range(start, stop, SLICE)]


def growth(held: list[int]) -> int:
    """By how much the highest of the later half is above that of the earlier."""
    half = len(held) // 2
    return max(held[half:]) - max(held[:half])


async def _played(folder: Path) -> Played:
    far_end, seen, disk = FarEnd(), Seen(), Disk(folder / "beside")
    async with far_end.serving() as url, disk.watched():
        proxy = await asyncio.to_thread(Proxy, folder, url)
        try:
            pids = proxy.gateways(), proxy.recorders()
            looks: list[Resident] = []
            for numbers in (range(WARM_UP), *slices(WARM_UP, COUNT)):
                await play_all(proxy.address, far_end, disk, numbers, seen)
                await asyncio.to_thread(proxy.flush)
                if not looks:
                    for (pid,) in pids:
                        reset_peak(pid)
                looks.append(Resident.now(proxy))
            assert (proxy.gateways(), proxy.recorders()) == pids, "a process was started again"
            outcomes = await asyncio.to_thread(
                proxy.rows, "SELECT outcome, count(*) FROM exchanges GROUP BY ALL ORDER BY 1"
            )
            ((count, odd),) = await asyncio.to_thread(
                proxy.rows,
                "SELECT (SELECT count(DISTINCT exchange) FROM exchanges),"
                " (SELECT count(*) FROM problems WHERE kind = 'not_interpreted')",
            )
            stood_s = sum(end - begun for begun, end in disk.stills)
            print(f"the disk stood still {len(disk.stills)} times, {stood_s:.1f} s in all")
            page = await asyncio.to_thread(page_of, proxy)
            peaks = Resident(*(peak_bytes(pid) for (pid,) in pids))
            return Played(
                seen, looks, peaks, page.seen, page.in_flight,
                [(str(outcome), int(some)) for outcome, some in outcomes], count, odd,
                proxy.program.log.read_text("utf-8", "replace"),
            )  # fmt: skip
        finally:
            await asyncio.to_thread(proxy.stop)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    print(f"MALFORMED_SEED={SEED} MALFORMED_INPUTS={COUNT}")
    assert COUNT >= 5000, "memory is looked at after 4,000: MALFORMED_INPUTS is too small"
    found = asyncio.run(_played(tmp_path_factory.mktemp("malformed")))
    print(found)
    return found


def test_nobody_waits_for_more_than_five_seconds(played: Played) -> None:
    assert played.seen.hung == []


def test_all_that_was_seen_is_recorded_once(played: Played) -> None:
    assert sum(count for _, count in played.exchanges) == played.exchange_count
    assert played.exchange_count == played.worker_seen
    assert played.in_flight == 0
    assert "interrupted" not in dict(played.exchanges)


def test_every_request_is_recorded(played: Played) -> None:
    """An input that never became a request (its head was cut off) is none; whoever got a word is recorded."""
    assert played.exchange_count >= played.seen.answered
    assert played.exchange_count >= played.seen.good
    assert set(played.seen.silent) <= {"request", "answer"}


def test_everything_was_interpreted(played: Played) -> None:
    assert played.not_interpreted == 0


def test_no_bug_of_ours_shows_in_the_log(played: Played) -> None:
    assert "Traceback" not in played.log


def test_memory_does_not_grow(played: Played) -> None:
    assert growth([look.gateway for look in played.looks]) < GROWTH_BYTES, played
    assert growth([look.recorder for look in played.looks]) < GROWTH_BYTES, played
