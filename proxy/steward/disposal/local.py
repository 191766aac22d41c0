"""Our own copies whose time is over, by policy: the recorder is told to erase them, many at once.

What a hold protects is left as it is, and looked at again later: the recorder's own plan says whether one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.steward.asking import Recorder
from proxy.steward.disposal.ledger import Case, Ledger

PER_ROUND: Final = 500
"""Erasures of one round, planned together and done together: a second or less, while the next round waits."""


class LocalErasures:
    """What is to be erased here. The desk asks, while the clock is trusted."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.due: list[Case] = []
        """As of the last look."""
        self._portion = PER_ROUND
        """Fewer once the recorder did not answer: a conversation of many polls is much to plan."""

    async def erase_some(self, ledger: Ledger, now_ns: int) -> int:
        """Erase a few, by the policies as they are now; returns how many. Raises NotAnswered."""
        some, self.due = self.due[: self._portion], self.due[self._portion :]
        if not some:
            return 0
        await ledger.read_policies(now_ns)
        by_policy: dict[str, list[str]] = {}
        for case in some:
            duty = ledger.verdict(case).erase_local
            if duty is not None and duty.at <= now_ns:
                by_policy.setdefault(duty.policy, []).append(case.row.interaction)
        portion, self._portion = self._portion, max(1, self._portion // 8)  # unless it is answered
        count = sum([await self._erase(names, f"policy {why}") for why, names in by_policy.items()])
        self._portion = min(PER_ROUND, 2 * portion)
        return count

    async def _erase(self, names: Sequence[str], reason: str) -> int:
        planned = await self._recorder.erase(names, reason, is_dry=True)
        if planned is None:  # the others must not wait for one that nobody told of any more
            alone = names if len(names) > 1 else ()
            return sum([await self._erase([name], reason) for name in alone])
        held = {each["interaction"] for each in planned["plan"]["kept"]}
        free = [name for name in names if name not in held]
        done = await self._recorder.erase(free, reason, is_dry=False) if free else None
        return 0 if done is None else len(free)
