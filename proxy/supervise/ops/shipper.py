"""How far a fleet's engine follows: what the shipper notes in the run folder. It is not asked: it may be dead or stuck."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from proxy.telemetry.metrics.now import Reading

NOTE: Final = "fleet.json"


class Shipping:
    """Of one run folder."""

    def __init__(self, run_folder: Path, began_ns: int) -> None:
        """`began_ns`: the wall clock now; a shipper that never notes anything is behind since then."""
        self._note = run_folder / NOTE
        self._began_ns = began_ns

    def read(self, read: Reading, now_ns: int) -> None:
        """Add what is known."""
        try:
            told = json.loads(self._note.read_text("utf-8"))
            since_ns, is_up = int(told["caught_up_at_ns"]), told["problem"] is None
        except (OSError, ValueError, KeyError, TypeError):
            since_ns, is_up = self._began_ns, False
        read.set("ixp_fleet_up", int(is_up))
        read.set("ixp_fleet_lag_seconds", max(0, now_ns - since_ns) / 1e9)
