"""Whose turn it is, where a fleet has several stewards for one scope: told by the shipper, in a file beside.

The steward says which scope it cares for; the shipper holds a lease for it and says until when the steward may act
(proxy/fleet/turns.py). The machine's monotonic clock is the same for both, between two boots: the file says in which
one it was written, for the folder may outlive it or move to another machine.
"""

from __future__ import annotations

import json
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


def turn_in(
    run_folder: Path, scope: Iterable[str], mono_s: Callable[[], float]
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
            return bool(told["boot"] == boot and mono_s() * 1e9 < int(told["until_mono_ns"]))
        except (OSError, ValueError, KeyError, TypeError):
            return False  # nobody said so

    return is_ours
