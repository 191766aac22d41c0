"""Journals on disk for tests: written by the real parts without a thread, so that each byte is foreseen."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from proxy.journal.format import Kind, SegmentHead
from proxy.journal.keys import MasterKey
from proxy.journal.page import WorkerPage
from proxy.journal.reader import Batch, Cursor, Frame, Journal
from proxy.journal.seal import QueuedEntry, Sealer
from proxy.journal.segments.chain import Segments
from proxy.journal.segments.file import SegmentFile, own_frame, segment_path
from proxy.journal.segments.space import Room
from proxy.journal.slots import Keystore, SlotFile
from proxy.journal.writer import JournalLimits, JournalWriter, LoopCalls

WORKER = 3
BOOT = 0xB007_0000_0000_0001
MASTER = MasterKey(bytes(range(32)))
SEGMENT_BYTES = 16 * 1024
WAIT_S = 30
"""Far more than any test needs: a deadline against hanging, not a wait."""


def still_ns() -> int:
    return 1_800_000_000_000_000_000


def entry(sequence: int, kind: Kind, data: bytes = b"", flags: int = 0) -> QueuedEntry:
    return (sequence, kind, flags, still_ns(), 1, data)


def whole_exchange(sequence: int, body: bytes = b"hello") -> list[QueuedEntry]:
    return [
        entry(sequence, Kind.INTENT, b"GET / HTTP/1.1\r\n\r\n"),
        entry(sequence, Kind.RESPONSE_CHUNK, body),
        entry(sequence, Kind.END, b"done"),
    ]


def write_journal(
    folder: Path,
    commits: list[list[QueuedEntry]],
    *,
    segment_bytes: int = SEGMENT_BYTES,
    is_finished: bool = False,
) -> None:
    """Each list becomes one group commit. The journal is dead: it has no page."""
    slots = SlotFile.create(folder / "keys" / "slots", MASTER, WORKER, BOOT)
    slots.ensure(1)
    segments = Segments(
        folder / "journal" / f"w{WORKER}",
        worker=WORKER,
        boot=BOOT,
        segment_bytes=segment_bytes,
        now_ns=still_ns,
        mono_ns=still_ns,
    )
    sealer = Sealer(WORKER, BOOT, slots.take)
    for commit in commits:
        segments.commit(sealer.seal(commit))
    if is_finished:
        segments.finish()
    segments.close()
    slots.close()


def sealer_in(folder: Path) -> Callable[[list[QueuedEntry]], list[bytes]]:
    """What seals the commits of a journal, with keys in their place."""
    slots = SlotFile.create(folder / "keys" / "slots", MASTER, WORKER, BOOT)
    slots.ensure(1)
    return Sealer(WORKER, BOOT, slots.take).seal


class _FaultyFile(SegmentFile):
    """A segment whose disk refuses when it was told to."""

    __slots__ = ("durable_end", "faults")

    faults: dict[str, list[int]]
    durable_end: int

    def write(self, buffers: list[bytes], size: int) -> None:
        if not getattr(self, "faults", {}).get("write"):
            super().write(buffers, size)
            return
        kept = self.faults["write"].pop(0)
        super().write([b"".join(buffers)[:kept]], kept)
        raise OSError(5, "Input/output error")

    def sync(self) -> None:
        if self.faults["sync"]:
            kept = self.durable_end + self.faults["sync"].pop(0)
            change(self.path, kept, bytes(max(self.end - kept, 0)))
            raise OSError(5, "Input/output error")
        super().sync()
        self.durable_end = self.end


class FaultyDisk(Segments):
    """Segments on a disk that refuses on demand: EIO from a write or a sync."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._faults: dict[str, list[int]] = {"write": [], "sync": []}
        super().__init__(
            folder / "journal" / f"w{WORKER}",
            worker=WORKER,
            boot=BOOT,
            segment_bytes=segment_bytes,
            now_ns=still_ns,
            mono_ns=still_ns,
        )

    def refuse_next(self, call: str, bytes_kept: int = 1 << 30) -> None:
        """The next write or sync of any segment fails; so much of what was written since is kept."""
        self._faults[call].append(bytes_kept)

    def _make(self, index: int, previous_end: int = 0) -> SegmentFile:
        head = SegmentHead(WORKER, BOOT, index, previous_end)
        frame = own_frame(Kind.SEGMENT_HEAD, still_ns(), 1, head.encode())
        made = _FaultyFile(self.folder, head, frame, self._segment_bytes)
        made.faults, made.durable_end = self._faults, made.end
        return made


def sequences(frames: list[Frame]) -> list[int]:
    return [frame.id.sequence for frame in frames if frame.id.sequence]


def segment(folder: Path, index: int = 0) -> Path:
    return segment_path(folder / "journal" / f"w{WORKER}", BOOT, index)


def change(path: Path, place: int, new: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(new)


def spoil(path: Path, place: int) -> None:
    """Make one byte another one, whatever it was."""
    change(path, place, bytes([path.read_bytes()[place] ^ 0xFF]))


@contextmanager
def opened(folder: Path, worker: int = WORKER, boot: int = BOOT) -> Iterator[Journal]:
    keys = Keystore(folder / "keys" / "slots", MASTER)
    journal = Journal(folder, worker, boot, keys)
    yield journal
    journal.close()
    keys.close()


def read_all(journal: Journal, cursor: Cursor | None = None, bytes_max: int = 1 << 20) -> Batch:
    """Read to the end or to the first damage that stops the reading; all frames in one batch."""
    place = cursor or journal.start()
    frames: list[Frame] = []
    for _ in itertools.count():
        batch = journal.read(place, bytes_max)
        frames += batch.frames
        if not batch.frames:
            return Batch(frames, batch.cursor, batch.damage, batch.is_end)
        place = batch.cursor
    raise AssertionError("unreachable")


@dataclass(slots=True)
class Answers:
    """What the writer's thread said, instead of a loop: its calls run where they are made."""

    commits: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    failures: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    rooms: queue.SimpleQueue[Room] = field(default_factory=queue.SimpleQueue)
    troubles: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def calls(self) -> LoopCalls:
        return LoopCalls(
            lambda callback, argument: callback(argument),
            self.commits.put,
            self.failures.put,
            self.rooms.put,
            self.troubles.put,
        )

    def wait_for(self, ticket: int) -> int:
        """Return the first answered ticket that covers this one."""
        return next(
            answered
            for answered in iter(lambda: self.commits.get(timeout=WAIT_S), None)
            if answered >= ticket
        )


@dataclass(slots=True)
class LivingWriter:
    writer: JournalWriter
    page: WorkerPage
    answers: Answers

    def commit(self, entries: list[QueuedEntry]) -> int:
        for sequence, kind, flags, _, _, data in entries:
            self.writer.append(sequence, kind, data, flags)
        ticket = self.writer.flush()
        self.answers.wait_for(ticket)
        return ticket


@contextmanager
def living(
    folder: Path, limits: JournalLimits | None = None, boot: int = BOOT
) -> Iterator[LivingWriter]:
    """A writer with its thread and page; closed at the end of the block."""
    page = WorkerPage.create(folder / "run", worker=WORKER, boot=boot)
    answers = Answers()
    writer = JournalWriter.open(
        folder,
        master=MASTER,
        page=page,
        limits=limits or JournalLimits(segment_bytes=SEGMENT_BYTES),
        loop=answers.calls(),
        now_ns=still_ns,
        mono_ns=still_ns,
    )
    try:
        yield LivingWriter(writer, page, answers)
    finally:
        writer.close(WAIT_S)
        page.close()
