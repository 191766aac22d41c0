"""What a process used: CPU time to the nanosecond, memory to the kilobyte, from /proc."""

from __future__ import annotations

from pathlib import Path


def cpu_ns(pid: int) -> int:
    """Time on a CPU of all living threads (the kernel's schedstat; ended threads are not counted)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def rss_bytes(pid: int) -> int:
    """Resident memory now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def quantile(values: list[int] | list[float], part: float) -> float:
    """The value below which `part` of all lie."""
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * part))])


def median(values: list[float]) -> float:
    return quantile(values, 0.5)
