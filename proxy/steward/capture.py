"""Background capture: what clients left unfinished is asked for until its end is on record.

A round looks what the records say, decides, and asks. What an answer says is not read here: it passed the
gateway, so the recorder has it, and the next look shows it. So it does not matter who saw the end.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from proxy.steward.asking import Gateway, NotAnswered, Recorder
from proxy.steward.credential import Credential
from proxy.steward.schedule import Allowance, GiveUp, Unfinished, decide, left_s

LOOK_S: Final = 1.0
"""How often the records are asked whether there is news, which reads two columns of the last two hours. What
to finish is asked for only then, or when something is due: 50 ms CPU at 1 M interactions."""
FULL_LOOK_S: Final = 300.0
"""How often all records are looked at, 0.5 s CPU at 1 M interactions: what is older moves slowly."""
RECENT_US: Final = 2 * 3600 * 1_000_000
ALL_US: Final = 56 * 24 * 3600 * 1_000_000
"""Nothing is kept upstream for longer than 55 days (reference, section 12.4)."""
KNOWN_MAX: Final = 10_000
"""Interactions in care at once, those waiting longest first: as many rows as the recorder answers."""
IN_FLIGHT_MAX: Final = 4
"""Questions at a time: a large answer does not hold up the others, and memory stays small."""
UNSEEN_S: Final = 15.0
"""After an answer, until its record must have come; else (mode available may lose it) it is asked for again."""
PAUSE_S: Final = 30
"""After a 429 or 503 that does not say how long: for the whole scope."""
PAUSING: Final = frozenset({429, 503})

_LOG: Final = logging.getLogger("steward")


@dataclass(slots=True)
class Plan:
    """An interaction in care. Mutable; the capture's loop owns it."""

    row: Unfinished
    due_s: float
    """Monotonic."""
    is_asked: bool = False
    """A question is under way."""
    unseen_until_s: float = 0.0
    """Before then the answer to our last question may not be on record: what the records say is older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Calendar for what the records say, monotonic for how long to wait."""

    wall_us: Callable[[], int]
    mono_s: Callable[[], float]


CLOCKS: Final = Clocks(wall_us=lambda: time.time_ns() // 1000, mono_s=time.monotonic)


class Capture:
    """Cares for the interactions of one credential."""

    def __init__(
        self,
        recorder: Recorder,
        gateway: Gateway,
        credential: Credential,
        clocks: Clocks,
        allowance: Allowance,
    ) -> None:
        """`allowance`: of the credential, shared with whoever else asks with it."""
        self._recorder = recorder
        self._gateway = gateway
        self._credential = credential
        self._clocks = clocks
        self._allowance = allowance
        self._plans: dict[str, Plan] = {}
        """At most KNOWN_MAX."""
        self._given_up: set[str] = set()
        """Told, and not yet seen in the records."""
        self._fully_looked_s: float | None = None
        self._in_flight = 0
        self._hurry = asyncio.Event()
        self._is_hurried = False
        self._news: dict[str, Any] | None = None

    def hurry(self) -> None:
        """Something was told that the records say by now: look at once."""
        self._hurry.set()

    async def run(self) -> None:
        """Look and ask until cancelled."""
        is_told = False
        async with asyncio.TaskGroup() as questions:
            while True:
                try:
                    if not is_told:
                        await self._recorder.flush()  # what was asked in an earlier life counts
                        await self._recorder.tell([_care(self._credential.scope)])
                        is_told = True
                    if await self.has_reason():
                        await self.look()
                    for plan in self.due():
                        questions.create_task(self.ask(plan), name="ask")
                except NotAnswered as error:
                    _LOG.warning("%s; trying again", error)
                await self._until_next()

    async def has_reason(self) -> bool:
        """Whether to look: somebody hurries, something is due or about to be on record, or there is news."""
        now_s = self._clocks.mono_s()
        plans = self._plans.values()
        if (
            self._is_hurried
            or self._is_full_look_due(now_s)
            or any(not plan.is_asked and plan.due_s <= now_s for plan in plans)
            or any(now_s < plan.unseen_until_s for plan in plans)
        ):
            self._is_hurried = False
            return True
        since_us = max(0, self._clocks.wall_us() - RECENT_US)
        found = await self._recorder.query("unfinished_news", since_us=since_us)
        before, self._news = self._news, found[0] if found else None
        return self._news != before

    async def look(self) -> None:
        """Take over what the records say now, and tell what is given up."""
        now_s, now_us = self._clocks.mono_s(), self._clocks.wall_us()
        is_full = self._is_full_look_due(now_s)
        since_us = max(0, now_us - (ALL_US if is_full else RECENT_US))
        scope = sorted(self._credential.scope)
        found = await self._recorder.query(
            "unfinished_since", scope=scope, since_us=since_us, limit=KNOWN_MAX
        )
        rows = [Unfinished(**row) for row in found]
        gone = [act for row in rows if (act := self._take(row, now_s, now_us))]
        names = {row.interaction for row in rows}
        self._forget(names, since_us)
        if is_full:
            self._fully_looked_s = now_s
        if gone:
            await self._recorder.tell(gone)
            self._given_up |= {act["interaction"] for act in gone}
        self._given_up &= names

    def due(self) -> Iterable[Plan]:
        """Those to ask for now, the longest due first, as far as the allowances go. Each counts as asked."""
        now_s = self._clocks.mono_s()
        waiting = [
            plan for plan in self._plans.values() if not plan.is_asked and plan.due_s <= now_s
        ]
        for plan in sorted(waiting, key=lambda plan: plan.due_s):
            if self._in_flight >= IN_FLIGHT_MAX or not self._allowance.take(now_s):
                return
            plan.is_asked = True
            self._in_flight += 1
            yield plan

    async def ask(self, plan: Plan) -> None:
        """One question. What it came to is in the records."""
        row = plan.row
        headers = dict(self._credential.headers)
        if row.api_revision:
            headers["Api-Revision"] = row.api_revision
        try:
            told = await self._gateway.get(
                f"/{row.api_version}/interactions/{row.interaction}", headers
            )
        except NotAnswered as error:
            _LOG.warning("%s", error)
        else:
            if told.status in PAUSING:
                pause_s = told.retry_after_s or PAUSE_S
                self._allowance.close(self._clocks.mono_s() + pause_s)
        finally:
            self._in_flight -= 1
            plan.is_asked = False
            plan.due_s = plan.unseen_until_s = self._clocks.mono_s() + UNSEEN_S
            self._hurry.set()

    def _is_full_look_due(self, now_s: float) -> bool:
        return self._fully_looked_s is None or now_s - self._fully_looked_s >= FULL_LOOK_S

    def _take(self, row: Unfinished, now_s: float, now_us: int) -> dict[str, Any] | None:
        """Plan for one row; an act, if it is given up."""
        decision = decide(row)
        if isinstance(decision, GiveUp):
            self._plans.pop(row.interaction, None)
            if row.interaction in self._given_up:
                return None
            return {
                "kind": "capture",
                "actor": "steward",
                "interaction": row.interaction,
                "detail": "the end of this interaction was not seen, and is not looked for any more",
                "data": {"reason": str(decision.reason), "attempts": row.attempts},
            }
        known = self._plans.get(row.interaction)
        if known is not None and (known.is_asked or known.row == row):
            return None
        is_awaited = known is not None and now_s < known.unseen_until_s
        if is_awaited and known and row.attempted_at == known.row.attempted_at:
            return None  # a notice, say, that overtook the answer which it announces
        self._plans[row.interaction] = Plan(row, now_s + left_s(decision, now_us))
        return None

    def _forget(self, found: set[str], since_us: int) -> None:
        """Those that a look should have shown and did not: somebody saw their end."""
        for name, plan in list(self._plans.items()):
            if name not in found and plan.row.last_at >= since_us and not plan.is_asked:
                del self._plans[name]

    async def _until_next(self) -> None:
        """The next look's time, or a reason to look sooner."""
        try:
            async with asyncio.timeout(LOOK_S):
                await self._hurry.wait()
        except TimeoutError:
            return
        self._hurry.clear()
        self._is_hurried = True


def _care(scope: frozenset[str]) -> dict[str, Any]:
    """For the record: from now on somebody cares for what these credentials made."""
    return {
        "kind": "capture",
        "actor": "steward",
        "detail": "the steward finishes what clients with these credentials leave",
        "data": {"scope": sorted(scope)},
    }


def no_care() -> dict[str, Any]:
    """For the record: from now on nobody does."""
    return {
        "kind": "capture",
        "actor": "steward",
        "detail": "the steward ends: nobody finishes what clients leave",
        "data": {"scope": []},
    }
