"""Real processes of our own: started, waited for, looked at, ended by their process id."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeVar

ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = (sys.executable, "-P", "-m")

READY_WITHIN_S: Final = 90.0
"""A start takes under two seconds; a machine that also runs everybody else's tests may need more."""
END_WITHIN_S: Final = 60.0
"""More than the supervisor grants its children to drain and to catch up."""
LOOKS_MAX: Final = 1500
LOOK_EACH_S: Final = 0.04
"""A foreign process tells nobody that it changed, so one looks again: for a minute at most."""

Found = TypeVar("Found")


def look_until(look: Callable[[], Found | None], what: str) -> Found:
    """What `look` returns once that is not None. Fails, naming `what`, when it never is."""
    for _ in range(LOOKS_MAX):
        found = look()
        if found is not None:
            return found
        threading.Event().wait(LOOK_EACH_S)
    raise AssertionError(f"not seen in {LOOKS_MAX} looks: {what}")


def comes_within(stream: IO[bytes], seconds: float) -> bool:
    """Whether there is something to read; `select` knows no descriptor above 1,023."""
    waiting = select.poll()
    waiting.register(stream, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))


class Program:
    """One child process that says in its first line of output, as JSON, that it is ready."""

    def __init__(self, name: str, logs: Path, *arguments: str) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = logs / f"{name}.err"
        self.output = logs / f"{name}.out"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*PYTHON, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
            )
        self.pid = self._process.pid
        self.announced = self._first_line()

    def stop(self) -> int:
        """Ask it to end, make it end if it does not. Returns its exit code (-9: it was made to)."""
        if self._process.returncode is None:
            self._process.terminate()
            try:
                rest, _ = self._process.communicate(timeout=END_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()
                rest, _ = self._process.communicate()
            with self.output.open("ab") as output:
                output.write(rest)
        return self._process.returncode

    def kill(self) -> None:
        self._process.kill()

    def log_tail(self, characters: int = 4000) -> str:
        return self.log.read_text("utf-8", "replace")[-characters:]

    def _first_line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready = comes_within(self._process.stdout, READY_WITHIN_S)
        line = self._process.stdout.readline() if ready else b""
        with self.output.open("ab") as output:
            output.write(line)
        if not line:
            self.kill()
            self._process.communicate()
            raise AssertionError(f"{self.name} did not start: {self.log_tail()}")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def talking(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A child whose lines are read as they come. It is ended at the latest with the context."""
    process = subprocess.Popen(
        # Without a buffer of ours, a line that came can be waited for with select.
        [*PYTHON, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=0,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def next_line(process: subprocess.Popen[bytes]) -> str:
    """The next line a `talking` child prints.

    Raises:
        AssertionError: none came.
    """
    assert process.stdout is not None
    assert comes_within(process.stdout, READY_WITHIN_S), "no line came"
    return process.stdout.readline().decode()


def children(pid: int, module: str) -> list[int]:
    """Living children of a process that run `python -m module`, oldest first."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        found += [int(word) for word in _read(task / "children").split()]
    return sorted(child for child in found if runs(child, module))


def runs(pid: int, module: str) -> bool:
    """Whether this process has begun to run `python -m module` (a zombie has no command line)."""
    return module.encode() in _read(Path(f"/proc/{pid}/cmdline")).split(b"\0")


def age_s(pid: int) -> float:
    """Seconds since a process was started (0: it ended)."""
    stat = _read(Path(f"/proc/{pid}/stat")).decode()
    if not stat:
        return 0.0
    started_ticks = int(stat.rpartition(")")[2].split()[19])
    up_s = float(Path("/proc/uptime").read_text("ascii").split()[0])
    return up_s - started_ticks / os.sysconf("SC_CLK_TCK")


def peak_bytes(pid: int) -> int:
    """The most memory a process had resident since `reset_peak`."""
    status = _read(Path(f"/proc/{pid}/status")).decode()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def reset_peak(pid: int) -> None:
    """Make the kernel forget the peak (proc(5): clear_refs, 5)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def run_verb(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One verb of the command line, to its end."""
    return subprocess.run(
        [*PYTHON, "proxy", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=END_WITHIN_S,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        check=False,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""  # It ended while we looked.
