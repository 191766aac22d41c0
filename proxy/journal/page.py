"""The page: counters of one worker that other processes read while it lives, and after it died.

4,096 bytes of 64-bit words in the machine's own order, mapped shared. Each word has one writing
thread, and an aligned word is stored at once, so no reader sees half a number. The worker holds a lock
(`flock`) on the file as long as it lives: who can take the lock knows that the worker is gone.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxy.errors import StartRefused
from proxy.journal.disk import make_folder, sync_folder

if TYPE_CHECKING:
    Words = memoryview[int]

PAGE_BYTES: Final = 4096
"""One page of memory on the machines we know; nine tenths are free for later words."""
PAGE_VERSION: Final = 1
PAGE_MAGIC: Final = int.from_bytes(b"IPXPAGE\x00", "little")

MAGIC: Final = 0
VERSION: Final = 1
WORKER: Final = 2
BOOT: Final = 3
PID: Final = 4
MODE: Final = 5
SEEN: Final = 6
RECORDED: Final = 7
COMMITTED: Final = 8
IN_FLIGHT: Final = 9
CONNECTIONS: Final = 10
REFUSED: Final = 11
SHED: Final = 12
LOOP_LAG_NS: Final = 13
HEARTBEAT_NS: Final = 14
SPACE: Final = 15
FREE_BYTES: Final = 16
JOURNAL_BYTES: Final = 17
JOURNAL_DOWN: Final = 18
COMMIT_TIMES: Final = 32
COMMIT_NS: Final = 46
WAIT_TIMES: Final = 48
WAIT_NS: Final = 62

TIMES: Final = 14
"""Buckets of a time: below 0.25 ms, below 0.5 ms and so on, twice each; the last one from 1.024 s on."""
TIMES_LEAST_NS: Final = 250_000

OFFSET_BITS: Final = 40
"""COMMITTED is segment << 40 | offset: one word, so that both change at once. Room for 1 TiB segments."""

_PAGE_NAME: Final = re.compile(r"w(\d+)-([0-9a-f]{16})\.page")


@dataclass(frozen=True, slots=True)
class PageReading:
    """What a page said at one moment. Each number is right; together they may be some µs apart."""

    worker: int
    boot: int
    pid: int
    mode: int
    """A format.Mode, or 0 before the worker said it."""
    seen: int
    """Exchanges that the gateway began to forward or refuse; counted before anything else happens."""
    recorded: int
    """Intents that are durable in the journal."""
    committed_segment: int
    committed_offset: int
    """Every frame before this offset of this segment, and every earlier segment, is durable."""
    in_flight: int
    connections: int
    refused: int
    shed: int
    loop_lag_ns: int
    heartbeat_ns: int
    """Wall clock of the worker's last sign of life."""
    space: int = 0
    """A journal.segments.space.Space: how much room the journal has."""
    free_bytes: int = 0
    """Of the journal's disk, when it was last looked at."""
    journal_bytes: int = 0
    """What the segments of this worker take."""
    is_journal_down: bool = False
    """The journal takes nothing: strict exchanges are refused, others pass unrecorded."""
    commit_times: tuple[int, ...] = (0,) * TIMES
    """Group commits by how long they took, see TIMES."""
    commit_ns: int = 0
    """Sum."""
    wait_times: tuple[int, ...] = (0,) * TIMES
    """Group commits by how long their oldest entry waited for the end of it."""
    wait_ns: int = 0


class _Word:
    """A word of the page as an attribute. 0.2 µs; `page.words[SEEN] += 1` is the fast way."""

    __slots__ = ("_index",)

    def __init__(self, index: int) -> None:
        self._index = index

    def __get__(self, page: WorkerPage, owner: type[WorkerPage]) -> int:
        return page.words[self._index]

    def __set__(self, page: WorkerPage, value: int) -> None:
        page.words[self._index] = value


class WorkerPage:
    """The worker's side: creates the page, holds its lock, counts.

    The gateway writes seen and the gauges, the journal's writer thread recorded and committed.
    """

    mode = _Word(MODE)
    seen = _Word(SEEN)
    recorded = _Word(RECORDED)
    in_flight = _Word(IN_FLIGHT)
    connections = _Word(CONNECTIONS)
    refused = _Word(REFUSED)
    shed = _Word(SHED)
    loop_lag_ns = _Word(LOOP_LAG_NS)
    heartbeat_ns = _Word(HEARTBEAT_NS)
    journal_down = _Word(JOURNAL_DOWN)

    def __init__(self, path: Path, descriptor: int, worker: int, boot: int) -> None:
        self.path = path
        self.worker = worker
        self.boot = boot
        self._descriptor = descriptor
        self._map = mmap.mmap(descriptor, PAGE_BYTES)
        self.words: Words = memoryview(self._map).cast("Q")
        self.words[VERSION] = PAGE_VERSION
        self.words[WORKER] = worker
        self.words[BOOT] = boot
        self.words[PID] = os.getpid()
        self.words[MAGIC] = PAGE_MAGIC

    @classmethod
    def create(cls, run_folder: Path, *, worker: int, boot: int) -> WorkerPage:
        """A new page, locked before its name appears, so that nobody takes a starting worker for dead.

        Args:
            run_folder: data/run; made if it is not there.
            worker: number of the worker, 0 to 65,535.
            boot: random 64 bits, new at each start of a worker (`secrets.randbits(64)`).

        Raises:
            StartRefused: the folder cannot be written, or this boot already has a page.
        """
        path = page_path(run_folder, worker, boot)
        unborn = path.with_suffix(".unborn")
        try:
            make_folder(run_folder)
            descriptor = os.open(unborn, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.posix_fallocate(descriptor, 0, PAGE_BYTES)
            page = cls(path, descriptor, worker, boot)
            unborn.rename(path)
            sync_folder(run_folder)
        except OSError as error:
            raise StartRefused(f"cannot make the worker's page {path.name}: {error}") from error
        return page

    def commit(self, segment: int, offset: int) -> None:
        """Say how far the journal is durable."""
        self.words[COMMITTED] = segment << OFFSET_BITS | offset

    def time_commit(self, took_ns: int, waited_ns: int) -> None:
        """Count one group commit: how long it took, and how long its oldest entry waited."""
        words = self.words
        words[COMMIT_TIMES + time_place(took_ns)] += 1
        words[COMMIT_NS] += took_ns
        words[WAIT_TIMES + time_place(waited_ns)] += 1
        words[WAIT_NS] += waited_ns

    def close(self) -> None:
        """Give up the lock: from now on this boot counts as dead. The file stays for the recorder."""
        self.words.release()
        self._map.close()
        os.close(self._descriptor)


def time_place(duration_ns: int) -> int:
    """Which of the TIMES buckets a duration belongs to; 0.1 us."""
    return min((duration_ns // TIMES_LEAST_NS).bit_length(), TIMES - 1)


def page_path(run_folder: Path, worker: int, boot: int) -> Path:
    """Where the page of (worker, boot) lies; `run_folder` is data/run."""
    return run_folder / f"w{worker}-{boot:016x}.page"


def pages(run_folder: Path) -> list[tuple[int, int, Path]]:
    """(worker, boot, path) of every page in the folder, living or not, in the order of names."""
    found = ((_PAGE_NAME.fullmatch(path.name), path) for path in sorted(run_folder.glob("w*.page")))
    return [(int(name[1]), int(name[2], 16), path) for name, path in found if name is not None]


def is_locked(path: Path) -> bool:
    """Whether the worker of this page lives. A page that is not there has no living worker."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # Shared: two processes that ask at once do not take each other for the worker.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


class PageView:
    """A reader's side: the mapped page of another process, read again and again without a system call."""

    def __init__(self, mapped: mmap.mmap) -> None:
        self._map = mapped
        self._words: Words = memoryview(mapped).cast("Q")

    @classmethod
    def open(cls, path: Path) -> PageView | None:
        """The page at `path`, or None if it is not there or not a page of this version."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            if os.fstat(descriptor).st_size < PAGE_BYTES:
                return None
            view = cls(mmap.mmap(descriptor, PAGE_BYTES, prot=mmap.PROT_READ))
        finally:
            os.close(descriptor)
        if view._words[MAGIC] != PAGE_MAGIC or view._words[VERSION] != PAGE_VERSION:
            view.close()
            return None
        return view

    def committed(self) -> tuple[int, int]:
        """(segment, offset) up to which the journal is durable."""
        word = self._words[COMMITTED]
        return word >> OFFSET_BITS, word & (1 << OFFSET_BITS) - 1

    def reading(self) -> PageReading:
        words = self._words
        segment, offset = self.committed()
        return PageReading(
            worker=words[WORKER],
            boot=words[BOOT],
            pid=words[PID],
            mode=words[MODE],
            seen=words[SEEN],
            recorded=words[RECORDED],
            committed_segment=segment,
            committed_offset=offset,
            in_flight=words[IN_FLIGHT],
            connections=words[CONNECTIONS],
            refused=words[REFUSED],
            shed=words[SHED],
            loop_lag_ns=words[LOOP_LAG_NS],
            heartbeat_ns=words[HEARTBEAT_NS],
            space=words[SPACE],
            free_bytes=words[FREE_BYTES],
            journal_bytes=words[JOURNAL_BYTES],
            is_journal_down=bool(words[JOURNAL_DOWN]),
            commit_times=tuple(words[COMMIT_TIMES : COMMIT_TIMES + TIMES]),
            commit_ns=words[COMMIT_NS],
            wait_times=tuple(words[WAIT_TIMES : WAIT_TIMES + TIMES]),
            wait_ns=words[WAIT_NS],
        )

    def close(self) -> None:
        self._words.release()
        self._map.close()
