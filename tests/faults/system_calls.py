"""Faults of single system calls of a living process, by strace."""

from __future__ import annotations

import enum
import re
import select
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CALLS: Final = (
    *("write", "pwrite64", "pwritev", "pwritev2", "fdatasync", "fsync", "rename"),
    *("openat", "fallocate", "ftruncate", "unlink"),
)
"""What changes files, or decides which one is changed."""
WRITES: Final = frozenset({"write", "pwrite64", "pwritev", "pwritev2"})
ATTACHED_WITHIN_S: Final = 20.0

_LINE: Final = re.compile(rb"^(\d+) +(\w+)\(", re.MULTILINE)


class How(enum.StrEnum):
    """What becomes of the call, in strace's words."""

    EIO = "error=EIO"
    ENOSPC = "error=ENOSPC"
    KILL = "signal=KILL"
    """The process dies before the call."""
    SHORT = "retval=0"
    """Nothing is written, and no error told. A larger number would be a kernel that lies: strace does
    not make the call at all. Writes that end half way come with the full disks."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The `number`th call of this name that a thread makes (from 1) goes wrong, once."""

    call: str
    number: int
    how: How

    def __str__(self) -> str:
        return f"{self.call}-{self.number}-{self.how.name}"


def faults(counted: Counter[str]) -> list[Fault]:
    """Every way in which calls that were counted can go wrong, one at a time."""
    return [
        Fault(call, number, how)
        for call, count in sorted(counted.items())
        for number in range(1, count + 1)
        for how in How
        if how is not How.SHORT or call in WRITES
    ]


@contextmanager
def traced(
    pid: int, output: Path, fault: Fault | None = None, *, calls: str = ",".join(CALLS)
) -> Iterator[None]:
    """Trace a process and all its threads into a file, with one fault or none."""
    what = ["-e", f"trace={calls}"]
    if fault is not None:
        what += ["-e", f"inject={fault.call}:{fault.how}:when={fault.number}"]
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(pid), "-o", str(output), *what],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    try:
        assert tracer.stderr is not None
        ready, _, _ = select.select([tracer.stderr], [], [], ATTACHED_WITHIN_S)
        said = tracer.stderr.readline() if ready else b"nothing"
        assert b"attached" in said, f"strace cannot trace process {pid}: {said!r}"
        yield
    finally:
        tracer.terminate()  # it lets the process go on
        tracer.communicate()


def count(output: Path) -> Counter[str]:
    """How often the busiest thread of a trace made each call."""
    by_thread = Counter(_LINE.findall(output.read_bytes()))
    most: Counter[str] = Counter()
    for (_, call), made in by_thread.items():
        name = call.decode()
        if name in CALLS:
            most[name] = max(most[name], made)
    return most


def count_all(output: Path) -> Counter[str]:
    """How often all threads of a trace together made each call."""
    return Counter(call.decode() for _, call in _LINE.findall(output.read_bytes()))


def was_hit(output: Path) -> bool:
    """Whether the traced process met its fault."""
    trace = output.read_bytes()
    return b"(INJECTED)" in trace or b"killed by SIGKILL" in trace
