"""One credential scope's disposal by one steward at a time: a lease in the catalog, told to the steward by a file.

The steward says in `run/disposal-scope.json` which scope it cares for; the shipper takes the lease of each of its
fingerprints, and says in `run/disposal-lease.json` until when the steward may act, and in which boot of the machine:
its clock since then is the same for both, and goes on while it sleeps. Where the catalog is away nobody may act: deleting waits, recording does not.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from proxy.fleet.engine.leases import TURN_S, Lease, give_up, take
from proxy.fleet.engine.link import Link
from proxy.steward.disposal.turn import LEASE_FILE, SCOPE_FILE, this_boot

LEASE_S: Final = 180.0
"""In the catalog."""
MARGIN_S: Final = 130.0
"""So much earlier the steward stops: what it sent by then has its answer, after 120 s at most."""
RENEW_S: Final = 20.0


class Turns:
    """Over one link."""

    def __init__(
        self, link: Link, run_folder: Path, holder: str, clock_ns: Callable[[], int]
    ) -> None:
        self._link = link
        self._run_folder = run_folder
        self._holder = holder
        self._clock_ns = clock_ns
        self._renewed_ns: int | None = None
        self._resting: dict[str, Lease] = {}
        """Not to be renewed: others want them. Given up when nothing can be under way any more."""
        self._rest_until_ns = 0

    def keep(self) -> None:
        """Take or hold on to what the steward needs, and tell it. Raises StoreError, OSError."""
        now_ns = self._clock_ns()
        if self._renewed_ns is not None and now_ns - self._renewed_ns < RENEW_S * 1e9:
            return
        scope = self._scope()
        if not scope:
            return
        self._renewed_ns = now_ns
        if self._resting:
            self._end_rest(now_ns)
            return
        held = [take(self._link, f"disposal:{each}", self._holder, LEASE_S) for each in scope]
        leases = [lease for lease in held if lease is not None]
        if len(leases) < len(scope):
            for lease in leases:
                give_up(self._link, lease, self._holder)
            self._tell(0, 0)
            return
        if any(lease.is_wanted and lease.held_s >= TURN_S for lease in leases):
            self._tell(0, 0)
            self._resting = {lease.name: lease for lease in leases}
            self._rest_until_ns = now_ns + int(MARGIN_S * 1e9)
            return
        until_ns = now_ns + int((LEASE_S - MARGIN_S) * 1e9)
        self._tell(until_ns, max(lease.token for lease in leases))

    def _end_rest(self, now_ns: int) -> None:
        if now_ns < self._rest_until_ns:
            return
        for lease in self._resting.values():
            give_up(self._link, lease, self._holder)
        self._resting = {}

    def _scope(self) -> list[str]:
        """Fingerprints, in one order for all: two that want the same ones do not wait for each other."""
        try:
            told: Any = json.loads((self._run_folder / SCOPE_FILE).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return (
            sorted(each for each in told if isinstance(each, str)) if isinstance(told, list) else []
        )

    def _tell(self, until_ns: int, token: int) -> None:
        path = self._run_folder / LEASE_FILE
        unborn = path.with_name(path.name + ".unborn")
        with contextlib.suppress(FileNotFoundError):  # the folder of a proxy that ends
            told = {"until_ns": until_ns, "boot": this_boot(), "token": token}
            unborn.write_text(json.dumps(told), "utf-8")
            unborn.replace(path)
