"""Notes what a process does to the files of one folder: `os` itself is replaced, so nothing gets past it.

Runs in a process of its own (see run.py). Some syncs can be left out, as a broken writer would; calls can fail; and the
process can end at any call, as by kill -9.
"""

from __future__ import annotations

import os
import pickle
import re
import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.crash_states.disk import (
    Event,
    FolderSynced,
    Mark,
    Renamed,
    Resize,
    Synced,
    SyncRefused,
    Write,
)

PAGE_WORDS_BYTES: Final = 512
"""The words of a page stand in its first sector."""
EIO: Final = 5


@dataclass(frozen=True, slots=True)
class Fault:
    """The nth call of this name on a path like this is refused; a write does half of its work before."""

    call: str
    path: str
    nth: int


@dataclass(slots=True)
class Trace:
    """What one or more processes did to a folder, one after the other."""

    events: list[Event] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    """Inode: our number of the file that has it now. Inodes are used again, numbers are not."""
    file_count: int = 0


class Shim:
    """Replaces functions of `os` for good."""

    def __init__(
        self,
        root: Path,
        trace: Trace,
        *,
        without: str = "",
        faults: Sequence[Fault] = (),
        ends_at: int = 0,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        """`without`: syncs ("fsync <path from root>") that match are neither made nor noted."""
        self._root = os.path.realpath(root)
        self.trace = trace
        self._without = re.compile(without) if without else None
        self._faults = list(faults)
        self._seen: dict[Fault, int] = {}
        self._ends_at = ends_at
        self._end = end
        self._lock = threading.RLock()
        self._paths: dict[int, str] = {}
        """Path from the root of each descriptor in it."""
        self._pages: dict[str, bytes] = {}
        self._real: dict[str, Any] = {}

    def install(self) -> None:
        for name in (
            *("open", "close", "pwrite", "pwritev", "fsync", "fdatasync", "posix_fallocate"),
            *("ftruncate", "rename", "unlink", "link", "mkdir"),
        ):
            self._real[name] = getattr(os, name)
            setattr(os, name, getattr(self, f"on_{name}"))

    def mark(self, what: str, *about: object) -> None:
        with self._lock:
            self._note(Mark(what, about))

    def save(self, path: Path) -> None:
        descriptor = self._real["open"](path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            pickle.dump(self.trace, file)

    def _note(self, event: Event) -> None:
        """After the call itself: the process may end here, and the next one sees what this one did."""
        self._look_at_pages()
        self.trace.events.append(event)
        if len(self.trace.events) == self._ends_at:
            self._end()

    def _look_at_pages(self) -> None:
        """Pages are mapped: their words change without a call. Each look sees what may lie on disk."""
        for path, before in self._pages.items():
            try:
                with open(os.path.join(self._root, path), "rb") as file:  # noqa: PTH118, PTH123  as os names it
                    number = self._number(os.fstat(file.fileno()).st_ino)
                    words = file.read(PAGE_WORDS_BYTES)
            except FileNotFoundError:
                continue
            if words != before:
                self._pages[path] = words
                self.trace.events.append(Write(number, 0, words))

    def _number(self, inode: int) -> int:
        return self.trace.numbers[inode]

    def _inside(self, path: Any) -> str | None:
        whole = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))  # noqa: PTH118, PTH119, PTH120
        if whole == self._root:
            return ""
        inside = whole.removeprefix(self._root + "/")
        return None if inside == whole else inside

    def _is_refused(self, call: str, path: str) -> bool:
        for fault in self._faults:
            if fault.call == call and re.search(fault.path, path):
                self._seen[fault] = self._seen.get(fault, 0) + 1
                if self._seen[fault] == fault.nth:
                    return True
        return False

    def _synced(self, call: str, descriptor: int) -> None:
        path = self._paths.get(descriptor)
        if path is None:
            self._real[call](descriptor)
            return
        with self._lock:
            if self._without is not None and self._without.search(f"{call} {path}"):
                return
            found = os.fstat(descriptor)
            is_folder = stat.S_ISDIR(found.st_mode)
            if self._is_refused(call, path):
                self._note(SyncRefused(self._number(found.st_ino)))
                raise OSError(EIO, "Input/output error")
            # Not really synced: nobody pulls the plug, and the trace says what would be durable.
            self._note(FolderSynced(path) if is_folder else Synced(self._number(found.st_ino)))

    def _written(self, descriptor: int, data: bytes, offset: int) -> int:
        path = self._paths[descriptor]
        is_refused = self._is_refused("write", path)
        if is_refused:
            data = data[: len(data) // 2]
        self._real["pwrite"](descriptor, data, offset)
        self._note(Write(self._number(os.fstat(descriptor).st_ino), offset, data))
        if is_refused:
            raise OSError(EIO, "Input/output error")
        return len(data)

    # What stands in for the functions of `os`, each under its name there.

    def on_open(
        self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None
    ) -> int:
        inside = self._inside(path) if dir_fd is None else None
        if inside is None:
            opened: int = self._real["open"](path, flags, mode, dir_fd=dir_fd)
            return opened
        with self._lock:
            is_new = bool(flags & os.O_CREAT) and not os.path.lexists(path)
            opened = self._real["open"](path, flags, mode)
            self._paths[opened] = inside
            if is_new:
                self._create(opened, inside)
            elif flags & os.O_TRUNC:
                self._note(Resize(self._number(os.fstat(opened).st_ino), 0, is_allocation=False))
            return opened

    def _create(self, descriptor: int, inside: str) -> None:
        self.trace.file_count += 1
        number = self.trace.file_count
        self.trace.numbers[os.fstat(descriptor).st_ino] = number
        folder, _, name = inside.rpartition("/")
        self._note(Renamed(folder, ((name, number),)))

    def on_close(self, descriptor: int) -> None:
        self._paths.pop(descriptor, None)
        self._real["close"](descriptor)

    def on_pwrite(self, descriptor: int, data: Any, offset: int) -> int:
        with self._lock:
            if descriptor not in self._paths:
                written: int = self._real["pwrite"](descriptor, data, offset)
                return written
            return self._written(descriptor, bytes(data), offset)

    def on_pwritev(self, descriptor: int, buffers: Any, offset: int) -> int:
        with self._lock:
            if descriptor not in self._paths:
                written: int = self._real["pwritev"](descriptor, buffers, offset)
                return written
            return self._written(descriptor, b"".join(buffers), offset)

    def on_fsync(self, descriptor: int) -> None:
        self._synced("fsync", descriptor)

    def on_fdatasync(self, descriptor: int) -> None:
        self._synced("fdatasync", descriptor)

    def on_posix_fallocate(self, descriptor: int, offset: int, size: int) -> None:
        with self._lock:
            self._real["posix_fallocate"](descriptor, offset, size)
            if descriptor in self._paths:
                number = self._number(os.fstat(descriptor).st_ino)
                self._note(Resize(number, offset + size, is_allocation=True))
        path = self._paths.get(descriptor, "")
        if path.startswith("run/"):
            self._pages[path] = b""  # a page; mapped from now on

    def on_ftruncate(self, descriptor: int, size: int) -> None:
        with self._lock:
            self._real["ftruncate"](descriptor, size)
            if descriptor in self._paths:
                number = self._number(os.fstat(descriptor).st_ino)
                self._note(Resize(number, size, is_allocation=False))

    def on_rename(self, old: Any, new: Any) -> None:
        with self._lock:
            from_, to = self._inside(old), self._inside(new)
            self._real["rename"](old, new)
            if from_ is not None and to is not None:
                folder, _, name = from_.rpartition("/")
                number = self._number(os.stat(new).st_ino)  # noqa: PTH116  as os names it
                if from_ in self._pages:
                    self._pages[to] = self._pages.pop(from_)
                self._note(Renamed(folder, ((name, None), (to.rpartition("/")[2], number))))

    def on_unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        with self._lock:
            inside = self._inside(path) if dir_fd is None else None
            self._real["unlink"](path, dir_fd=dir_fd)
            if inside is not None:
                folder, _, name = inside.rpartition("/")
                self._pages.pop(inside, None)
                self._note(Renamed(folder, ((name, None),)))

    def on_link(self, old: Any, new: Any) -> None:
        with self._lock:
            inside = self._inside(new)
            self._real["link"](old, new)
            if inside is not None:
                folder, _, name = inside.rpartition("/")
                self._note(Renamed(folder, ((name, self._number(os.stat(new).st_ino)),)))  # noqa: PTH116

    def on_mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        with self._lock:
            self._real["mkdir"](path, mode, dir_fd=dir_fd)
            inside = self._inside(path) if dir_fd is None else None
            if inside:
                folder, _, name = inside.rpartition("/")
                self._note(Renamed(folder, ((name, inside),)))
