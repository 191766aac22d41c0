"""Attempts that were refused, as acts: who tried, and how often. Counted, so that a flood of them fills no vault.

The first one of a minute by an address is told at once, the others of that minute with one more act, when the
minute is over and the next request comes, or at the end.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Final

from proxy.admin.trail import Tell
from proxy.recording.facts import ActFact

MINUTE_NS: Final = 60 * 1_000_000_000
CALLERS_MAX: Final = 50
"""Addresses that are told apart in a minute; those beyond are counted together. So 102 acts a minute at most."""
OTHERS: Final = "others"
NOBODY: Final = "nobody"
"""The actor where no token was known."""
REFUSED: Final = frozenset({401, 403})

_Caller = tuple[str, int, str]
"""Address, status, name of the token."""


class Refusals:
    """Used in the listener's event loop alone."""

    def __init__(self, tell: Tell, now_ns: Callable[[], int]) -> None:
        self._tell = tell
        self._now_ns = now_ns
        self._since_ns = 0
        self._counts: dict[_Caller, int] = {}

    def note(self, address: str, status: int, actor: str | None) -> None:
        """One more. `actor`: the name of the token, if it was a known one."""
        self.tell_due()
        caller = (address, status, actor or NOBODY)
        if caller not in self._counts and len(self._counts) >= CALLERS_MAX:
            caller = (OTHERS, status, NOBODY)
        known = self._counts.get(caller, 0)
        if not self._counts:
            self._since_ns = self._now_ns()
        self._counts[caller] = known + 1
        if known == 0:
            self._act(caller, 1)

    def tell_due(self) -> None:
        """Tell the counts of a minute that is over."""
        if self._counts and self._now_ns() - self._since_ns >= MINUTE_NS:
            self.close()

    def close(self) -> None:
        """Tell the counts."""
        counts, self._counts = self._counts, {}
        for caller, count in counts.items():
            if count > 1:
                self._act(caller, count - 1)

    def _act(self, caller: _Caller, count: int) -> None:
        address, status, actor = caller
        data = {"query": "admin", "outcome": "refused", "status": status}
        data |= {"from": address, "attempts": count}
        times = "once" if count == 1 else f"{count} more times"
        act = ActFact(
            at=self._now_ns(),
            kind="query",
            worker=None,
            boot=None,
            detail=f"{address} was refused {times}: {status}",
            act=secrets.token_hex(16),
            actor=actor,
            data=json.dumps(data, sort_keys=True),
        )
        self._tell([act])
