"""What a scrape says of the trail: how much is signed, since when, and who else holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proxy.recorder.trail.follow import TrailStatus
from proxy.recorder.trail.giving import WitnessStatus
from proxy.telemetry.metrics.now import Reading


@dataclass(frozen=True, slots=True)
class TrailMetrics:
    """Asks the trail's thread for its last status; waits for nobody."""

    trail: Callable[[], TrailStatus]
    witness: Callable[[], WitnessStatus | None]
    mono_ns: Callable[[], int]

    def read(self, read: Reading) -> None:
        """Add what is so now."""
        status, witness, now_ns = self.trail(), self.witness(), self.mono_ns()
        read.set("ixp_trail_up", int(status.problem is None))
        read.set("ixp_trail_leaves", status.size)
        read.set("ixp_trail_pending_leaves", status.pending_count)
        read.set("ixp_trail_checkpoint_age_seconds", (now_ns - status.signed_mono_ns) / 1e9)
        read.set("ixp_trail_heartbeat_age_seconds", (now_ns - status.heard_mono_ns) / 1e9)
        if witness is not None:
            read.set("ixp_trail_witnessed_leaves", witness.size)
            read.set("ixp_trail_witness_age_seconds", (now_ns - witness.taken_mono_ns) / 1e9)
