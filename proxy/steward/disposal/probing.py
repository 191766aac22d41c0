"""Whether copies are there whose create said nothing about being stored: one look at some of them, a few an hour.

What a project stores by default is a switch at Google that no answer shows. A 200 settles it for that copy; a 404 does
not (reference: promises, fact 2), so it stays counted as stored. Nothing of the answer is recorded but status and size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy.audit.ledger.telling import written
from proxy.audit.retention.events import Looked
from proxy.audit.retention.machine import after
from proxy.audit.retention.states import Copy, Evidence
from proxy.steward.asking import Recorder
from proxy.steward.disposal.reaching import Reach

AFTER_US: Final = 600 * 1_000_000
"""After its create: copies were seen to appear late, and most callers show by themselves that it is there."""
WITHIN_US: Final = 86_400 * 1_000_000
"""A free project keeps a copy for a day: a later 404 says still less."""
AGAIN_US: Final = 6 * 3600 * 1_000_000
"""Before a second look at one that was not served at the first."""
PROBES_MAX: Final = 2
"""Looks at one copy."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A copy that may be there."""

    interaction: str
    api_version: str
    api_revision: str | None


class Probing:
    """Looks at a few. The desk asks."""

    def __init__(self, recorder: Recorder, reach: Reach, scope: list[str], per_hour: int) -> None:
        """`per_hour`: 0 looks at none."""
        self._recorder = recorder
        self._reach = reach
        self._scope = scope
        self._per_hour = per_hour
        self._next_s = 0.0
        self.due: list[Unsettled] = []
        """As of the last look into the tables."""

    async def read(self, now_us: int) -> None:
        """Take over from the tables what is unsettled. Raises NotAnswered."""
        if self._per_hour == 0:
            return
        rows = await self._recorder.query(
            "probing_unsettled",
            scope=self._scope,
            since_us=max(0, now_us - WITHIN_US),
            until_us=max(0, now_us - AFTER_US),
            again_us=max(0, now_us - AGAIN_US),
            probes_max=PROBES_MAX,
            limit=self._per_hour,
        )
        self.due = [Unsettled(**row) for row in rows]

    async def look(self, when: Mapping[str, Any], now_s: float) -> list[dict[str, Any]]:
        """One look, if it is its time; acts that tell of it.

        Args:
            when: id, wall, mono and boot of the event.
            now_s: monotonic.
        """
        if not self.due or now_s < self._next_s or not self._reach.allowed([None]):
            return []
        self._next_s = now_s + 3600 / self._per_hour
        one = self.due.pop(0)
        told = await self._reach.look(one)
        looked = Looked(**when, status=told.status, retry_after_s=told.retry_after_s or 0)
        copy = after(
            Copy(interaction=one.interaction, scope=None, evidence=Evidence.ID_KNOWN), looked
        )
        said = (
            "it is there"
            if copy.was_confirmed
            else f"it was answered {told.status}, which says nothing"
        )
        return [
            {
                "kind": "probe",
                "actor": "steward",
                "act": looked.id,
                "interaction": one.interaction,
                "detail": f"whether it is stored was not said: {said}",
                "data": written(looked, copy),
            }
        ]
