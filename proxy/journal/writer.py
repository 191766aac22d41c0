"""The journal's writer: the loop appends and goes on; a thread seals, writes and syncs what came meanwhile.

Group commit without a timer: the thread takes everything that was flushed, makes it durable with one
`fdatasync`, answers, and repeats. What arrives during a sync shares the next one, so the batch grows
with the load by itself.

Every variable below has one writing thread; the loop's and the thread's stand apart in `__init__`. That,
the atomic `deque` and a lock used as a bell (`_wake`) are all the synchronisation there is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from proxy.errors import JournalFull, JournalUnavailable
from proxy.journal.format import ENTRY_HEADER_BYTES, Kind
from proxy.journal.keys import MasterKey
from proxy.journal.page import FREE_BYTES, JOURNAL_BYTES, RECORDED, SPACE, WorkerPage
from proxy.journal.seal import COMPRESS_BYTES_MIN, QueuedEntry, Sealer
from proxy.journal.segments.chain import NO_SPACE, Segments
from proxy.journal.segments.space import (
    RESERVE_BYTES,
    UNLIMITED,
    Room,
    Space,
    SpaceLimits,
    look,
)
from proxy.journal.slots import SLOTS_PER_BLOCK, SlotFile

MIB: Final = 1024 * 1024
_NEVER: Final = 1 << 62
"""Larger than any count of bytes: makes the checks of begin and append fail."""


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much the writer may hold and how far it works ahead."""

    segment_bytes: int = 32 * MIB
    """Smaller: dropped sooner. Larger: fewer files. One segment is always preallocated ahead."""
    slots_ahead_min: int = 2 * SLOTS_PER_BLOCK
    """Durable keys kept ready: at 20,000 exchanges/s enough for 100 ms, some 30 times a slow sync."""
    backlog_bytes_max: int = 128 * MIB
    """Appended but not durable. From half of it no exchange begins; at all of it only END is taken."""
    compress_bytes_min: int = COMPRESS_BYTES_MIN
    space: SpaceLimits = UNLIMITED


_FRAME_OVERHEAD: Final = 4
"""Entries of a few bytes, alone in their frames, take up to three times their counted size."""


@dataclass(frozen=True, slots=True)
class LoopCalls:
    """How the writer's thread reaches the loop: `call_soon(on_commit, ticket)`."""

    call_soon: Callable[..., object]
    """`loop.call_soon_threadsafe`."""
    on_commit: Callable[[int], object]
    """Everything up to this ticket is durable. Once per group commit, tickets rise."""
    on_failure: Callable[[str], object]
    """Once: the journal takes nothing more, and why. Tickets not yet answered never will be."""
    on_space: Callable[[Room], object] = lambda _room: None
    """Each time the journal has more or less room than before; see segments.space.Space."""
    on_trouble: Callable[[str], object] = lambda _text: None
    """The disk refused a commit that was then made elsewhere: a sentence. Nothing was lost."""


class JournalWriter:
    """One per worker. All methods belong to the loop's thread; none blocks but `close`."""

    def __init__(
        self,
        files: tuple[Segments, SlotFile, Sealer],
        *,
        page: WorkerPage,
        limits: JournalLimits,
        loop: LoopCalls,
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int],
    ) -> None:
        self._segments, self._slots, self._sealer = files
        # Written by the loop's thread.
        self._now_ns = now_ns
        self._mono_ns = mono_ns
        self._queue: deque[QueuedEntry] = deque()
        """Bounded by limits.backlog_bytes_max."""
        self._next_sequence = 1
        self._appended_bytes = 0
        self.ticket = 0
        """The ticket that a flush at this moment would return. It only rises."""
        self._wanted = 0
        """Ticket of the last flush. A ticket is a count of entries."""
        self._is_closing = False
        # Written by the writer's thread.
        self.committed_ticket = 0
        """Tickets up to here are durable (their on_commit may still be on its way to the loop)."""
        self._committed_bytes = 0
        self._sequence_max = self._slots.durable_last
        self._begin_bytes_max = limits.backlog_bytes_max // 2
        self._append_bytes_max = limits.backlog_bytes_max
        self.failure = ""
        """Why the journal takes nothing more; empty as long as it does."""
        self._room = Room(Space.AMPLE, "", 0, 0)
        self._told = Space.AMPLE
        self._shortage = ""
        """Why no segment or slots could be made ahead when that was last tried."""
        # The bell. Rung by the loop (release), answered by the thread (acquire).
        self._wake = threading.Lock()
        self._wake.acquire()
        self._is_look_due = False
        """Set by the loop, cleared by the thread: measure the disk, and try what it refused."""
        self._is_armed = True
        """The bell may be rung: set by the thread after acquire, cleared by the loop before release."""
        self._page = page
        self._limits = limits
        self._loop = loop
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)

    @classmethod
    def open(
        cls,
        data_folder: Path,
        *,
        master: MasterKey,
        page: WorkerPage,
        limits: JournalLimits,
        loop: LoopCalls,
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int],
    ) -> JournalWriter:
        """Make the first segment and the first slots durable, then start the thread.

        The page says which worker and boot this is.

        Raises:
            JournalUnavailable: the disk refused.
        """
        worker, boot = page.worker, page.boot
        try:
            slots = SlotFile.create(data_folder / "keys" / "slots", master, worker, boot)
            slots.ensure(limits.slots_ahead_min)
            segments = Segments(
                data_folder / "journal" / f"w{worker}",
                worker=worker,
                boot=boot,
                segment_bytes=limits.segment_bytes,
                now_ns=now_ns,
                mono_ns=mono_ns,
            )
        except OSError as error:
            raise JournalUnavailable(f"cannot make the journal: {error}") from error
        page.commit(*segments.position())
        sealer = Sealer(worker, boot, slots.take, limits.compress_bytes_min)
        files = (segments, slots, sealer)
        writer = cls(files, page=page, limits=limits, loop=loop, now_ns=now_ns, mono_ns=mono_ns)
        writer._thread.start()
        return writer

    @property
    def backlog_bytes(self) -> int:
        """Bytes appended but not yet committed, entry headers included. Says nothing after close."""
        return self._appended_bytes - self._committed_bytes

    @property
    def has_ended(self) -> bool:
        """The thread is gone: nothing writes to the journal or the page any more."""
        return not self._thread.is_alive()

    def begin(self) -> int:
        """The sequence of a new exchange; its key is durable. Its INTENT must be appended next.

        Raises:
            JournalUnavailable: closed, failed, too much behind, or out of keys for a moment.
        """
        sequence = self._next_sequence
        if sequence > self._sequence_max or self._appended_bytes > self._begin_bytes_max:
            raise self._refusal()
        self._next_sequence = sequence + 1
        return sequence

    def append(self, sequence: int, kind: int, data: bytes, flags: int = 0) -> None:
        """Note what happened just now to an exchange, or (sequence 0) to the worker.

        Args:
            sequence: from begin, not yet ended; or 0 for GAP and MODE.
            kind: a format.Kind.
            data: as format.py says for the kind; at most PAYLOAD_BYTES_MAX. Kept, not copied.
            flags: format.Flag.

        Raises:
            JournalFull: no room; END is taken all the same, from the reserve.
            JournalUnavailable: closed, failed, or too much behind (END is taken all the same).
        """
        total = self._appended_bytes + len(data) + ENTRY_HEADER_BYTES
        if total > self._append_bytes_max and (
            kind != Kind.END or self.failure or self._is_closing
        ):
            raise self._refusal()
        self._appended_bytes = total
        self.ticket += 1
        self._queue.append((sequence, kind, flags, self._now_ns(), self._mono_ns(), data))

    def flush(self) -> int:
        """Wake the thread; return the ticket under which all that was appended will be committed.

        A ticket that is not above `committed_ticket` gets no further on_commit of its own.
        """
        wanted = self._wanted = self.ticket
        if self._is_armed:  # see _ring, which is spared a call here
            self._is_armed = False
            self._wake.release()
        return wanted

    def look_at_disk(self) -> None:
        """Have the thread measure the free space and try again what was refused. Call it once a second."""
        self._is_look_due = True
        self._ring()

    def _ring(self) -> None:
        # No wake-up is lost. The thread reads `_wanted` after it has set `_is_armed`; we write `_wanted`
        # before we read `_is_armed`. So either we see the flag and ring, or the flag is still down
        # because an earlier ring was not answered yet: whoever answers it arms first and then reads
        # our `_wanted`. The flag goes down only here and up only after an acquire, so rings and
        # answers alternate and the lock is never released twice.
        if self._is_armed:
            self._is_armed = False
            self._wake.release()

    def close(self, timeout_s: float) -> bool:
        """Commit what was appended, seal the segment, stop. Blocks.

        Returns:
            Whether all of it is durable. After False, what was not may still become so.
        """
        self.flush()
        self._appended_bytes = _NEVER
        self._is_closing = True
        self._ring()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self.failure

    def _refusal(self) -> JournalUnavailable:
        if self.failure:
            return JournalUnavailable(self.failure)
        if self._is_closing:
            return JournalUnavailable("the journal is closed")
        if self._room.space >= Space.SHORT:
            return JournalFull(self._room.reason)
        self.flush()  # a round of the thread makes new slots and works the backlog off
        return JournalUnavailable(
            f"the disk is behind: {self.backlog_bytes} bytes wait, keys up to exchange"
            f" {self._sequence_max}: try again, or use a faster disk"
        )

    # The thread's side.

    def _run(self) -> None:
        failure = "the journal's thread ended by a bug, see the log"
        try:
            self._commit_until_closed()
            failure = ""
        except OSError as error:
            failure = f"cannot write the journal ({error}): free or replace the disk, then restart"
        finally:
            self.failure = failure  # first: the refusal that follows from the next two reads it
            self._append_bytes_max = -1
            self._sequence_max = 0
            self._slots.close()
            self._segments.close()
            if failure:
                self._tell(self._loop.on_failure, failure)

    def _commit_until_closed(self) -> None:
        while True:
            is_closing = self._is_closing  # read before _wanted, which close() writes first
            if self._wanted != self.committed_ticket:
                self._commit()
                self._work_ahead()
            elif is_closing:
                break
            elif self._is_look_due:
                self._look()
            elif not self._work_ahead():
                self._wake.acquire()
                self._is_armed = True
        self._segments.finish()
        self._page.commit(*self._segments.position())

    def _commit(self) -> None:
        """One group commit: all that was flushed, and nothing that was not."""
        began_ns = self._mono_ns()
        ticket = self._wanted
        take = self._queue.popleft
        entries = [take() for _ in range(ticket - self.committed_ticket)]
        self._segments.commit(self._sealer.seal(entries))
        self._tell_troubles()  # also makes sure that the keys can be found again
        # Durable: only from here on may anybody be told.
        page = self._page
        page.commit(*self._segments.position())
        page.words[RECORDED] = self._sealer.intent_count
        self.committed_ticket = ticket
        done = self._committed_bytes + len(entries) * ENTRY_HEADER_BYTES
        self._committed_bytes = done = done + sum([len(entry[5]) for entry in entries])
        self._allow()
        self._tell(self._loop.on_commit, ticket)
        now_ns = self._mono_ns()
        page.time_commit(now_ns - began_ns, now_ns - entries[0][4])

    def _tell_troubles(self) -> None:
        troubles = [*self._segments.troubles(), self._slots.verify()]
        for trouble in filter(None, troubles):
            self._tell(self._loop.on_trouble, trouble)

    def _allow(self) -> None:
        """Set how much may be appended, and whether exchanges may begin."""
        most = self._limits.backlog_bytes_max
        done = self._committed_bytes
        if self._room.space < Space.SHORT:
            self._begin_bytes_max = done + most // 2
            self._append_bytes_max = done + most
            return
        room = max(0, self._segments.room - RESERVE_BYTES) // _FRAME_OVERHEAD
        self._begin_bytes_max = -1
        self._append_bytes_max = done + min(most, room)
        if room == 0 and self._room.space is Space.SHORT:
            self._found(replace(self._room, space=Space.SPENT))

    def _work_ahead(self) -> bool:
        """One step of what later commits will need: a block of keys, a segment. Whether there was one."""
        if self._shortage or self._room.space >= Space.SHORT:
            return False  # tried again at the next look
        try:
            if self._next_sequence + self._limits.slots_ahead_min > self._slots.durable_last + 1:
                self._slots.ensure(self._slots.durable_last + 1)
                self._sequence_max = self._slots.durable_last
                return True
            return self._segments.make_next()
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            self._shortage = f"the disk has no room for the next segment or keys ({error.strerror})"
            self._found(replace(self._room, space=Space.SHORT, reason=self._shortage))
            return False

    def _look(self) -> None:
        self._is_look_due = False
        self._segments.verify()
        self._tell_troubles()
        room = look(self._segments.folder, self._limits.space)
        self._shortage = ""
        self._room = room  # what is left of a full disk is the recorder's: see _work_ahead
        while self._work_ahead():
            pass  # at most a block of keys and a segment are missing
        if self._shortage:
            room = replace(room, space=Space.SHORT, reason=self._shortage)
        self._found(room)

    def _found(self, room: Room) -> None:
        """Act on how much room there is; the loop is told of changes."""
        self._room = room
        self._page.words[SPACE] = room.space
        self._page.words[FREE_BYTES] = room.free_bytes
        self._page.words[JOURNAL_BYTES] = room.used_bytes
        self._allow()
        if self._room is room and room.space != self._told:
            self._told = room.space
            self._tell(self._loop.on_space, room)

    def _tell(self, callback: Callable[[Any], object], argument: int | str | Room) -> None:
        try:
            self._loop.call_soon(callback, argument)
        except RuntimeError:
            # The loop is closed: nobody waits for an answer any more. What is left is still committed.
            return
