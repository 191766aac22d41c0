"""The segments of one journal, one after the other: one in use, one ready, and what a refusing disk costs."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.journal.disk import FileLost, make_folder, sync_folder
from proxy.journal.format import Kind, SegmentHead
from proxy.journal.segments.file import SegmentFile, own_frame

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Segments:
    """Makes frames durable. One thread owns it.

    When the disk refuses a commit, its frames are written once more, elsewhere: into the same segment
    restored under its name if it was lost, else into the next one, whose head says from where on the
    one before is void. When that is refused too, the journal has failed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        worker: int,
        boot: int,
        segment_bytes: int,
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int],
    ) -> None:
        make_folder(folder)
        self._folder = folder
        self._worker = worker
        self._boot = boot
        self._segment_bytes = segment_bytes
        self._now_ns = now_ns
        self._mono_ns = mono_ns
        self._current = self._make(0)
        self._next: SegmentFile | None = None
        self._troubles: list[str] = []

    @property
    def folder(self) -> Path:
        return self._folder

    def position(self) -> tuple[int, int]:
        """(segment, offset) behind the last frame written."""
        return self._current.head.index, self._current.end

    @property
    def room(self) -> int:
        """Bytes of frames that fit into what is allocated."""
        ahead = self._next.room if self._next is not None else 0
        return self._current.room + ahead

    def troubles(self) -> list[str]:
        """What had to be written again since this was last asked, in a sentence each."""
        told, self._troubles = self._troubles, []
        return told

    def commit(self, buffers: list[bytes]) -> None:
        """Make frames durable, each given as two buffers, in as many segments as they need.

        Raises:
            OSError: the disk refused twice.
        """
        total = sum(map(len, buffers))
        if self._current.has_room(total):
            self._make_durable(buffers, total)
            return
        pending: list[bytes] = []
        pending_bytes = 0
        for start, payload in zip(buffers[::2], buffers[1::2], strict=True):
            size = len(start) + len(payload)
            if not self._current.has_room(pending_bytes + size):
                self._seal_current(pending, pending_bytes)
                self._rotate(size)
                pending, pending_bytes = [], 0
            pending += (start, payload)
            pending_bytes += size
        self._make_durable(pending, pending_bytes)

    def make_next(self) -> bool:
        """Have the next segment ready, so that rotation costs no new file. Whether it was missing.

        Raises:
            OSError: there is no room for it.
        """
        if self._next is not None:
            return False
        self._next = self._make(self._current.head.index + 1)
        return True

    def verify(self) -> None:
        """Make sure, also while nothing is written, that the segment in use has its name.

        Raises:
            OSError: it has not, and could not be restored.
        """
        try:
            self._current.verify()
        except OSError as error:
            self._elsewhere(error, self._current.end)

    def finish(self) -> None:
        """Seal the current segment for good and take the unused one away."""
        self._seal_current([], 0)
        if self._next is not None:
            self._next.path.unlink(missing_ok=True)
            sync_folder(self._folder)

    def close(self) -> None:
        """Let go of the files, whatever their state."""
        self._current.close()
        if self._next is not None:
            self._next.close()

    def _make_durable(self, buffers: list[bytes], size: int) -> None:
        durable_end = self._current.end
        try:
            self._current.write(buffers, size)
            self._current.sync()
        except OSError as error:
            self._elsewhere(error, durable_end)
            if not self._current.has_room(size):
                self._current.grow(size)
            self._current.write(buffers, size)
            self._current.sync()

    def _elsewhere(self, error: OSError, durable_end: int) -> None:
        """Have a current segment that can be trusted, behind everything that is durable."""
        name = self._current.path.name
        if isinstance(error, FileLost):
            self._current.restore(durable_end)
            self._troubles.append(f"{error.args[-1]}: restored, and its last commit written again")
            return
        head = self._head(self._current.head.index + 1, previous_end=durable_end)
        if self._next is None:
            self._next = self._make(head.index, previous_end=durable_end)
        else:
            self._next.rewrite_head(head, self._head_frame(head))
        self._current.close()
        self._current, self._next = self._next, None
        why = error.strerror or str(error)
        self._troubles.append(
            f"segment {name} is suspect from {durable_end} on ({why}): written again"
        )

    def _rotate(self, frame_bytes: int) -> None:
        self._current.close()
        self.make_next()
        assert self._next is not None, "make_next makes one"
        self._current, self._next = self._next, None
        if not self._current.has_room(frame_bytes):
            self._current.grow(frame_bytes)

    def _seal_current(self, pending: list[bytes], pending_bytes: int) -> None:
        tail = own_frame(Kind.SEGMENT_TAIL, self._now_ns(), self._mono_ns(), b"")
        self._make_durable([*pending, tail], pending_bytes + len(tail))

    def _head(self, index: int, previous_end: int = 0) -> SegmentHead:
        return SegmentHead(self._worker, self._boot, index, previous_end)

    def _head_frame(self, head: SegmentHead) -> bytes:
        return own_frame(Kind.SEGMENT_HEAD, self._now_ns(), self._mono_ns(), head.encode())

    def _make(self, index: int, previous_end: int = 0) -> SegmentFile:
        head = self._head(index, previous_end)
        return SegmentFile(self._folder, head, self._head_frame(head), self._segment_bytes)
