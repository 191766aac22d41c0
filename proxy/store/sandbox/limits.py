"""What a statement of other people may take, each with its reason."""

from __future__ import annotations

from typing import Final

DEADLINE_S: Final = 10.0
"""Of the clock, from the start of the process; half a second later it is killed. Longer where it had no core."""
KILL_AFTER_S: Final = 0.5
"""Behind the deadline: DuckDB has ended by itself until then, or it never will."""
CPU_GRACE_S: Final = 1
"""CPU seconds beyond the deadline: the kernel's own end, should the recorder be gone."""
ADDRESS_BYTES: Final = 1_500_000_000
"""RLIMIT_AS: a `repeat('x', 4e9)` took 4.1 GB with DuckDB's memory_limit at 256 MB."""
MEMORY_MIB: Final = 512
"""DuckDB's own limit: most questions that need more say so, instead of ending badly."""
FILES_MAX: Final = 64
NICE: Final = 19
"""Recording comes first: so from its first instruction on, and with SCHED_IDLE once it has read its statement. Nice alone is
not enough: who wakes up soon after he slept waits for a tick (Linux 6.18, 2026-11-23, 0.03 to 0.18 ms of sleep: one wake
in a hundred waited 4.0 ms, with SCHED_IDLE 0.1 ms). From the beginning SCHED_IDLE would starve the start of Python and
DuckDB, 0.23 s, on a machine that is busy."""
ROWS_MAX: Final = 10_000
ANSWER_BYTES_MAX: Final = 32 * 1024 * 1024
"""Of the rows in memory: as much as the recorder takes in for one answer."""
CELL_CHARACTERS_MAX: Final = 1_000_000
"""Of one text: longer ones are cut."""
CONTENTS_MAX: Final = 50_000
"""Sealed texts that one statement may open: 2 s at the measured 25,000 a second."""
CONTENT_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of all these texts together."""
REF_BYTES_MAX: Final = 200
NOTHING: Final = 0xFFFFFFFF
"""In place of a size: there is no such text, or it was erased."""
