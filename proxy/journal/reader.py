"""The journal's reader: follows one worker's segments, living or dead. Needs no process but its own.

While the worker lives, nothing beyond the committed position in its page is read: what is not durable
is not true. Once it is dead, everything up to the last whole frame is.
"""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from proxy.errors import FormatError, KeyDestroyed, SlotsMissing
from proxy.journal.disk import sync_folder, was_written
from proxy.journal.format import (
    FRAME_HEADER_BYTES,
    Entry,
    ExchangeId,
    Kind,
    SegmentHead,
)
from proxy.journal.page import PageReading, PageView, is_locked, page_path
from proxy.journal.seal import Opener
from proxy.journal.segments.cut import Cut, cut_block, is_zero, next_frame
from proxy.journal.segments.file import HEAD_FRAME_BYTES, segment_path
from proxy.journal.slots import Keystore

_SEGMENT_NAME: Final = re.compile(r"([0-9a-f]{16})-(\d{6,})\.seg")
_WORKER_FOLDER: Final = re.compile(r"w(\d+)")
_HEAD_BIT: Final = 1 << Kind.SEGMENT_HEAD


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place between two frames: everything before it was read."""

    segment: int
    offset: int


class Frame(NamedTuple):
    """One frame as read. Sequence 0: about no exchange (gap, mode, segment head and tail)."""

    id: ExchangeId
    ordinal: int
    kinds: int
    """Bit k set: it has an entry of kind k. Known even where the key is destroyed."""
    segment: int
    offset: int
    end: int
    """Offset behind it."""
    wall_ns: int
    mono_ns: int
    entries: tuple[Entry, ...]
    is_open: bool = True
    """False: its key is destroyed or its seal broken (then a Damage says so); no entries."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are not what a writer wrote. All frames before this place were read."""

    segment: int
    offset: int
    reason: str
    is_tail: bool
    """Nothing whole follows, and the page (if it is there) never called this place durable: what a
    crash in the middle of a write leaves. No promise was broken. False: a durable record is lost."""
    resume: Cursor | None = None
    """Where the next whole frame stands. None: not in this segment."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read gave."""

    frames: list[Frame]
    cursor: Cursor
    """Where to go on. After a Damage that stopped the reading: its place, again and again."""
    damage: tuple[Damage, ...] = ()
    is_end: bool = False
    """The journal is dead and nothing whole comes after the cursor."""


def journals(data_folder: Path, keys: Keystore) -> list[Journal]:
    """One per (worker, boot) that has segments on disk, in the order of workers, then of boots."""
    found: set[tuple[int, int]] = set()
    for folder in (data_folder / "journal").glob("w*"):
        worker = _WORKER_FOLDER.fullmatch(folder.name)
        if worker is not None:
            names = (_SEGMENT_NAME.fullmatch(path.name) for path in folder.iterdir())
            found.update((int(worker[1]), int(name[1], 16)) for name in names if name)
    return [Journal(data_folder, worker, boot, keys) for worker, boot in sorted(found)]


class Journal:
    """The segments of one (worker, boot). Not thread-safe; `close` it when it is done with."""

    def __init__(self, data_folder: Path, worker: int, boot: int, keys: Keystore) -> None:
        self.worker = worker
        self.boot = boot
        self.page_path = page_path(data_folder / "run", worker, boot)
        self._folder = data_folder / "journal" / f"w{worker}"
        self._opener = Opener(
            worker, boot, lambda sequence: keys.key(ExchangeId(worker, boot, sequence))
        )
        self._page = PageView.open(self.page_path)
        self._is_dead = False
        self._file: tuple[int, int] | None = None
        """Index and descriptor of the segment read last."""
        self._void: tuple[int, int | None] = (-1, None)
        """A segment that is written no more, and the offset from which on it is void."""

    def is_alive(self) -> bool:
        """Whether its worker still runs. A boot that died never lives again."""
        self._is_dead = self._is_dead or not is_locked(self.page_path)
        return not self._is_dead

    def page(self) -> PageReading | None:
        """The worker's counters, the last ones if it is dead; None if there is no readable page."""
        return None if self._page is None else self._page.reading()

    def segments(self) -> list[int]:
        """Indexes of the segments on disk, rising. The last one may still be without content."""
        names = (_SEGMENT_NAME.fullmatch(path.name) for path in self._folder.iterdir())
        boot = f"{self.boot:016x}"
        return sorted(int(name[2]) for name in names if name and name[1] == boot)

    def start(self) -> Cursor:
        """The first place that is still on disk, or that a living writer is about to restore."""
        first = min(self.segments(), default=0)
        return Cursor(min(first, self._committed().segment) if self.is_alive() else first, 0)

    def drop(self, segment: int) -> None:
        """Remove a segment for good. Twice is once.

        Only when each of its exchanges lies behind a vault commit, or was carried forward.
        """
        if self.is_alive():
            reading = self.page()
            assert reading is None or segment < reading.committed_segment, "the worker writes it"
        self._close_file()
        segment_path(self._folder, self.boot, segment).unlink(missing_ok=True)
        sync_folder(self._folder)

    def close(self) -> None:
        self._close_file()
        if self._page is not None:
            self._page.close()
            self._page = None

    def read(self, cursor: Cursor, bytes_max: int) -> Batch:
        """The next frames: up to `bytes_max` bytes of them, but at least one if there is one.

        A frame whose seal is broken comes without entries, with a Damage, and reading goes on. Where
        the framing itself is broken reading stops; go on where the Damage says, or with the next segment.
        """
        # Asked before the page is read: a worker that dies in between is read to its end next time.
        is_alive = self.is_alive()
        if is_alive and self._page is None:
            return Batch([], cursor)  # a page of another version: nothing is known to be durable
        limit = self._committed() if is_alive else None
        frames: list[Frame] = []
        damage: list[Damage] = []
        is_end = False
        while bytes_max > 0 and (limit is None or cursor < limit):
            void = self._void_from(cursor.segment, limit)
            if void is not None and cursor.offset >= void:
                cursor = Cursor(cursor.segment + 1, 0)
                continue
            block, cut = self._cut(
                cursor, limit if void is None else Cursor(cursor.segment, void), bytes_max
            )
            taken = self._open_frames(cursor, block, cut, frames, damage, is_alive=is_alive)
            bytes_max -= max(taken, 1)
            cursor = Cursor(cursor.segment, cursor.offset + taken)
            if taken < cut.consumed:
                break  # the writer will restore their keys
            if cut.is_sealed:
                cursor = Cursor(cursor.segment + 1, 0)
            elif cut.is_blank or cut.problem:
                found = self._judge(cursor, cut.problem, is_alive=is_alive)
                damage += found
                is_end = not is_alive and all(one.is_tail for one in found)
                break
            elif cut.needed:
                break  # the block is used up
        return Batch(frames, cursor, tuple(damage), is_end)

    def _void_from(self, segment: int, limit: Cursor | None) -> int | None:
        """Where a segment that the disk refused stops being true: the head of the next one says so."""
        if limit is not None and limit.segment <= segment:
            return None  # it is still written
        if self._void[0] != segment:
            head = self._head_of(segment + 1)
            self._void = segment, (head.previous_end or None) if head else None
        return self._void[1]

    def _head_of(self, segment: int) -> SegmentHead | None:
        """The head of a segment of this journal, if one stands there whole."""
        try:
            descriptor = os.open(segment_path(self._folder, self.boot, segment), os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            block = os.pread(descriptor, HEAD_FRAME_BYTES, 0)
        finally:
            os.close(descriptor)
        cut = cut_block(block)
        return self._own_head(segment, block, cut) if cut.frames else None

    def _committed(self) -> Cursor:
        return Cursor(0, 0) if self._page is None else Cursor(*self._page.committed())

    def _cut(self, cursor: Cursor, limit: Cursor | None, bytes_max: int) -> tuple[bytes, Cut]:
        """Read a block at the cursor and cut it into frames, one at least unless there is none."""
        descriptor = self._descriptor(cursor.segment)
        if descriptor is None:
            is_past = cursor.offset == 0 and cursor.segment > max(self.segments(), default=-1)
            return b"", Cut([], 0, is_blank=is_past, problem="" if is_past else "no such segment")
        is_last = limit is not None and limit.segment == cursor.segment
        end = limit.offset if limit and is_last else os.fstat(descriptor).st_size
        room = max(end - cursor.offset, 0)
        block = os.pread(descriptor, min(bytes_max, room), cursor.offset)
        cut = cut_block(block)
        while cut.needed and not cut.frames:
            if len(block) >= room:
                is_blank = is_zero(block)
                reason = "" if is_blank else "the file ends inside a frame"
                return block, Cut([], 0, is_blank=is_blank, problem=reason)
            block = os.pread(descriptor, min(cut.needed, room), cursor.offset)
            cut = cut_block(block)
        if cursor.offset == 0 and cut.frames and not self._own_head(cursor.segment, block, cut):
            return block, Cut([], 0, problem="the segment's head names another journal")
        return block, cut

    def _own_head(self, segment: int, block: bytes, cut: Cut) -> SegmentHead | None:
        """What the first frame says if it is the head of this journal's segment."""
        offset, header = cut.frames[0]
        if header.kinds != _HEAD_BIT or header.sequence != 0:
            return None
        start = offset + FRAME_HEADER_BYTES
        try:
            (entry,) = self._opener.open(header, block[start : start + header.payload_bytes])
            head = SegmentHead.decode(entry.data)
        except (FormatError, ValueError, struct.error):
            return None
        is_ours = (head.worker, head.boot, head.index) == (self.worker, self.boot, segment)
        return head if is_ours else None

    def _open_frames(
        self,
        cursor: Cursor,
        block: bytes,
        cut: Cut,
        frames: list[Frame],
        damage: list[Damage],
        *,
        is_alive: bool,
    ) -> int:
        """Returns how many bytes of the block were taken."""
        segment, base = cursor.segment, cursor.offset
        worker, boot = self.worker, self.boot
        view = memoryview(block)
        for offset, header in cut.frames:
            start = offset + FRAME_HEADER_BYTES
            end = start + header.payload_bytes
            entries: tuple[Entry, ...] = ()
            is_open = True
            try:
                entries = self._opener.open(header, view[start:end])
            except SlotsMissing:
                if is_alive:
                    return offset
                is_open = False
            except KeyDestroyed:
                is_open = False
            except FormatError as error:
                is_open = False
                damage.append(Damage(segment, base + offset, str(error), is_tail=False))
            frames.append(
                Frame(
                    ExchangeId(worker, boot, header.sequence),
                    header.ordinal,
                    header.kinds,
                    segment,
                    base + offset,
                    base + end,
                    header.wall_ns,
                    header.mono_ns,
                    entries,
                    is_open,
                )
            )
        return cut.consumed

    def _judge(self, cursor: Cursor, problem: str, *, is_alive: bool) -> list[Damage]:
        """Why no frame stands at the cursor: nothing if the journal just ends there, else one Damage."""
        segment, offset = cursor.segment, cursor.offset
        if is_alive and segment == self._committed().segment and self._descriptor(segment) is None:
            return []  # the segment in use was lost: its writer is about to restore it
        committed = self._committed()
        rest = self._rest(cursor, committed if is_alive else None)
        following = next_frame(rest)
        resume = None if following is None else Cursor(segment, offset + following)
        if cursor < committed or is_alive:
            if resume is None and is_alive and segment == committed.segment:
                resume = committed  # where its writer goes on
            reason = problem or "nothing is here, but the page says that it was durable"
            return [Damage(segment, offset, reason, is_tail=False, resume=resume)]
        if resume is not None or any(self._has_content(later) for later in self._later(segment)):
            reason = problem or "nothing is here, but whole frames follow"
            return [Damage(segment, offset, reason, is_tail=False, resume=resume)]
        if problem or not is_zero(rest):
            return [Damage(segment, offset, problem or "bytes without a frame", is_tail=True)]
        return []

    def _later(self, segment: int) -> list[int]:
        return [index for index in self.segments() if index > segment]

    def _rest(self, cursor: Cursor, limit: Cursor | None = None) -> bytes:
        """What stands behind the cursor in its segment, up to the limit if that is in it; b"" if it is blank."""
        descriptor = self._descriptor(cursor.segment)
        if descriptor is None or not was_written(descriptor, cursor.offset):
            return b""
        is_limited = limit is not None and limit.segment == cursor.segment
        end = limit.offset if limit and is_limited else os.fstat(descriptor).st_size
        return os.pread(descriptor, max(end - cursor.offset, 0), cursor.offset)

    def _has_content(self, segment: int) -> bool:
        """Whether a segment has more than its head: the one made ahead has not."""
        return next_frame(self._rest(Cursor(segment, HEAD_FRAME_BYTES))) is not None

    def _descriptor(self, segment: int) -> int | None:
        path = segment_path(self._folder, self.boot, segment)
        is_open = self._file is not None and self._file[0] == segment
        if self._file is not None and is_open and not _is_another(path, self._file[1]):
            return self._file[1]
        self._close_file()
        try:
            self._file = segment, os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        return self._file[1]

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file[1])
            self._file = None


def _is_another(path: Path, descriptor: int) -> bool:
    """Whether the file of this name is not the open one: the one we read was lost, and restored."""
    try:
        return not os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
