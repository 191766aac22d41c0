"""What a scrape says of copies at Google: how many there are, what is late, what a person has to look at.

Asked of the tables, which takes a quarter of a second at a million interactions: so seldom, and never more than a
five-hundredth of the time. In between a scrape gives what was found last.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from proxy.audit.retention.states import ATTENTION, FINAL
from proxy.errors import StoreError
from proxy.store.queries import TablesReader
from proxy.telemetry.metrics.now import Reading

EACH_NS: Final = 15_000_000_000
"""At most so often: what a person has to see is there with the second scrape of any usual Prometheus."""
SHARE: Final = 500
"""The next question comes no sooner than so many times as the last one took."""
WAIT_S: Final = 5.0
"""For the tables: half of what a scrape may take by Prometheus' usual limit."""
SOON_US: Final = 24 * 3600 * 1_000_000
GAUGES: Final = (
    *("stored", "overdue", "deletion_lag_seconds", "held"),
    *("overstaying", "resurrected", "expiring", "scheduled"),
)

_LOG: Final = logging.getLogger("proxy.recorder")


class RetentionMetrics:
    """Asks now and then; any thread reads."""

    def __init__(
        self,
        reader: Callable[[], Future[TablesReader]],
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int],
    ) -> None:
        self._reader = reader
        self._now_ns = now_ns
        self._mono_ns = mono_ns
        self._turn = threading.Lock()
        self._next_ns: int | None = None
        self._found: dict[str, int] = {}

    def read(self, read: Reading) -> None:
        """Add what is so, or was a moment ago."""
        self._refresh()
        found = self._found
        if not found:
            return
        read.set("ixp_upstream_stored_interactions", found["stored"])
        for name in GAUGES[1:]:
            read.set(f"ixp_retention_{name}", found[name])
        for state in sorted(ATTENTION):
            read.set("ixp_retention_attention", found[state], (str(state),))

    def _refresh(self) -> None:
        began_ns = self._mono_ns()
        with self._turn:
            if self._next_ns is not None and began_ns < self._next_ns:
                return
            try:
                self._found = self._asked()
            except (StoreError, TimeoutError) as error:
                _LOG.warning("how copies at Google stand is not known now: %s", error)
            took_ns = self._mono_ns() - began_ns
            self._next_ns = began_ns + max(EACH_NS, SHARE * took_ns)

    def _asked(self) -> dict[str, int]:
        now_us = self._now_ns() // 1000
        reader = self._reader().result(WAIT_S)
        watch = threading.Timer(WAIT_S, reader.stop)
        watch.start()
        try:
            parameters = {
                "finals": sorted(FINAL),
                "now_us": now_us,
                "soon_us": now_us + SOON_US,
            }
            answer = reader.ask("retention_now", parameters, 1)
        finally:
            watch.cancel()
            reader.close()
        return {
            name: int(value or 0)
            for name, value in zip(answer.columns, answer.rows[0], strict=True)
        }
