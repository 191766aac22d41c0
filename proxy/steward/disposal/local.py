"""Our own copies whose time is over, by policy: the recorder is told to erase them, one by one.

What a hold protects is left as it is, and looked at again later: the recorder's own plan says whether one does.
"""

from __future__ import annotations

from typing import Final

from proxy.steward.asking import Recorder
from proxy.steward.disposal.ledger import Case, Ledger

PER_ROUND: Final = 20
"""Erasures of one round: some ten milliseconds each, while deletions upstream wait."""


class LocalErasures:
    """What is to be erased here. The desk asks, while the clock is trusted."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.due: list[Case] = []
        """As of the last look."""

    async def erase_some(self, ledger: Ledger, now_ns: int) -> int:
        """Erase a few, by the policies as they are now; returns how many. Raises NotAnswered."""
        some, self.due = self.due[:PER_ROUND], self.due[PER_ROUND:]
        if some:
            await ledger.read_policies(now_ns)
        return sum([await self._erase(case, ledger, now_ns) for case in some])

    async def _erase(self, case: Case, ledger: Ledger, now_ns: int) -> bool:
        duty, name = ledger.verdict(case).erase_local, case.row.interaction
        if duty is None or duty.at > now_ns:
            return False
        reason = f"policy {duty.policy}"
        planned = await self._recorder.erase(name, reason, is_dry=True)
        if planned is None or planned["plan"]["kept"] or not planned["plan"]["interactions"]:
            return False
        return await self._recorder.erase(name, reason, is_dry=False) is not None
