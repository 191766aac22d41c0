"""What a living process executes, counted by callgrind: instructions and allocations, whatever else the machine does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TOTALS: Final = re.compile(r"^totals: (\d+)", re.MULTILINE)
_NAME: Final = re.compile(r"^c?fn=\((\d+)\) (.+)$", re.MULTILINE)
_CALLS: Final = re.compile(r"^cfn=\((\d+)\).*\ncalls=(\d+)", re.MULTILINE)
_ALLOCATE: Final = frozenset({"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"})


@dataclass(frozen=True, slots=True)
class Executed:
    """Between two looks, in all threads."""

    instructions: int
    allocations: int
    """Calls of libc's; objects that Python takes from its own free lists need none."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A process that was started `under` this."""

    file: Path
    """Where callgrind writes; each dump gets a number behind the name."""

    @property
    def under(self) -> tuple[str, ...]:
        """What starts it. Python's own allocator is off, so that each allocation is a call; nothing is counted yet."""
        return (
            *("env", "PYTHONMALLOC=malloc", "valgrind", "--quiet", "--tool=callgrind"),
            *("--instr-atstart=no", f"--callgrind-out-file={self.file}"),
        )

    def begin(self, pid: int) -> None:
        """Count from now on: until then it runs ten times as fast."""
        _control("--instr=on", pid)

    def during(self, pid: int, load: Callable[[], object]) -> Executed:
        """What it executes while `load` runs."""
        _control("--zero", pid)
        load()
        before = set(self._dumps())
        _control("--dump", pid)
        (dump,) = set(self._dumps()) - before
        return executed(dump.read_text("utf-8", "replace"))

    def _dumps(self) -> list[Path]:
        return list(self.file.parent.glob(f"{self.file.name}.*"))


def executed(dump: str) -> Executed:
    """What callgrind wrote. Names are written once, then their numbers."""
    found = _TOTALS.search(dump)
    assert found, f"no totals: {dump[:200]!r}"
    names = dict(_NAME.findall(dump))
    calls = sum(int(n) for name, n in _CALLS.findall(dump) if names.get(name) in _ALLOCATE)
    return Executed(int(found[1]), calls)


def _control(what: str, pid: int) -> None:
    done = subprocess.run(
        ["callgrind_control", what, str(pid)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERROR" not in done.stdout, done.stdout
