"""Whose turn it is, where a fleet has several stewards for one scope: told by the shipper, in a file beside.

The steward says which scope it cares for; the shipper holds a lease for it and says until when the steward may act
(proxy/fleet/turns.py). The machine's clock since its boot is the same for both: the file says in which boot it was
written, for the folder may outlive it or move to another machine.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

SCOPE_FILE: Final = "disposal-scope.json"
LEASE_FILE: Final = "disposal-lease.json"
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def always() -> bool:
    """Where there is no fleet."""
    return True


def this_boot() -> str:
    """What tells this run of the machine from all others. Raises OSError."""
    return _BOOT.read_text("ascii").strip()


def since_boot_ns() -> int:
    """Counts while the machine sleeps, too; its monotonic clock does not, and a lease that ended meanwhile looked held."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def turn_in(
    run_folder: Path, scope: Iterable[str], clock_ns: Callable[[], int] = since_boot_ns
) -> Callable[[], bool]:
    """Say which scope this is, and get what tells whether it may be acted on now. Raises OSError."""
    boot = this_boot()
    (run_folder / LEASE_FILE).unlink(missing_ok=True)  # what is in it was for another steward
    unborn = run_folder / f"{SCOPE_FILE}.unborn"
    unborn.write_text(json.dumps(sorted(scope)), "utf-8")
    unborn.replace(run_folder / SCOPE_FILE)

    def is_ours() -> bool:
        try:
            told = json.loads((run_folder / LEASE_FILE).read_text("utf-8"))
            return bool(told["boot"] == boot and clock_ns() < int(told["until_ns"]))
        except (OSError, ValueError, KeyError, TypeError):
            return False  # nobody said so

    return is_ours
