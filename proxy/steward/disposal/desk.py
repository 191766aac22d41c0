"""The desk of disposals: looks what is due, decides, acts, and records what came of it.

An intent is durable before its DELETE leaves. After it is durable the holds are read once more: whichever of hold
and intent was recorded first wins. What fails between two records is found again from them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable
from typing import Any, Final

from proxy.audit.ledger.fold import residues_of
from proxy.audit.ledger.receipt import Witness, receipt
from proxy.audit.ledger.telling import written
from proxy.audit.retention import events
from proxy.audit.retention.clocks import RULES
from proxy.audit.retention.decide import Move, Next, Now, World, decide
from proxy.audit.retention.events import AnyEvent
from proxy.audit.retention.machine import after
from proxy.audit.retention.states import ATTENTION, FINAL, Disposal, is_passed_over
from proxy.audit.retention.trust import ClockWatch, Trust
from proxy.steward.asking import NotAnswered, Recorder
from proxy.steward.capture import Clocks
from proxy.steward.disposal.ledger import Case, Ledger, Surroundings, is_in_care
from proxy.steward.disposal.local import LocalErasures
from proxy.steward.disposal.probing import Probing
from proxy.steward.disposal.reaching import Reach
from proxy.steward.disposal.signing import Signer

ROUND_S: Final = 1.0
"""Between two looks at what is in care: the first poll after a DELETE is a second later."""
FULL_LOOK_S: Final = 300.0
"""How often the tables are asked for all that is due; in between only news is looked for."""
DELETES_PER_ROUND: Final = 20
"""Intents that are made durable together."""
LOOKS_AT_ONCE: Final = 4
"""As many as background capture asks: each waits for an answer and for syncs, which serve several at once."""
UNDER_WAY: Final = frozenset([Disposal.SENDING, Disposal.AMBIGUOUS, Disposal.VERIFYING])
"""Stays in care: its polls are seconds apart."""
SEEN_FOR_S: Final = 1.0
"""How long what was seen of holds counts for DELETEs of one round: an upstream that is slow makes a round of them long."""
ACTS_MAX: Final = 500
"""Of one call to the recorder, which takes a thousand."""
NEWS_US: Final = 2 * 3600 * 1_000_000

_LOG: Final = logging.getLogger("steward")


class Disposals:
    """Disposes of the copies of one credential."""

    def __init__(
        self, recorder: Recorder, reach: Reach, ledger: Ledger, signer: Signer, clocks: Clocks
    ) -> None:
        self._recorder = recorder
        self._reach = reach
        self._ledger = ledger
        self._signer = signer
        self._clocks = clocks
        self._boot = secrets.token_hex(8)
        self._watch: ClockWatch | None = None
        self.cases: dict[str, Case] = {}
        """In care now, by interaction."""
        self._around: Surroundings | None = None
        self._looked_s: float | None = None
        self._news: dict[str, Any] | None = None
        self._local = LocalErasures(recorder)
        self._probing = Probing(recorder, reach, ledger.scope, ledger.project.probes_per_hour)
        self._acts: list[dict[str, Any]] = []
        """Of this round, to be told at its end."""
        self._is_new = True
        self._told_trust = Trust.TRUSTED

    async def run(self) -> None:
        """Round after round until cancelled."""
        while True:
            await self.take_turn()
            await asyncio.sleep(ROUND_S)

    async def take_turn(self) -> bool:
        """Look, where there is a reason to, and do what can be done now; whether recorder and gateway answered."""
        try:
            if await self.has_reason():
                await self.look()
            await self.round()
        except NotAnswered as error:
            self.forget()
            _LOG.warning("%s; trying again", error)
            return False
        return True

    def forget(self) -> None:
        """What is in memory may be ahead of the records: read them again."""
        self.cases, self._acts, self._looked_s = {}, [], None
        self._boot = secrets.token_hex(
            8
        )  # what was under way has an unknown end, as after a restart

    async def has_reason(self) -> bool:
        """Whether to ask the tables what is due."""
        # Also before a full look: what comes between the two would otherwise count as seen, and wait for the next one.
        since_us = max(0, self._clocks.wall_us() - NEWS_US)
        (found,) = await self._recorder.query("disposal_news", since_us=since_us)
        before, self._news = self._news, found
        now_s = self._clocks.mono_s()
        is_time = self._looked_s is None or now_s - self._looked_s >= FULL_LOOK_S
        return is_time or found != before

    async def look(self) -> None:
        """Take over from the records what is due, and begin the duties that policies make. Raises NotAnswered."""
        await self._recorder.flush()
        floor_ns = await self._ledger.clock(self._clocks.wall_us())
        self._tick(floor_ns)
        # A clock that was set back makes no notice shorter.
        await self._ledger.read_policies(max(floor_ns, self._now().wall))
        await self._ledger.tell_rules()
        wall_ns = self._clocks.wall_us() * 1000
        under_way = [name for name, case in self.cases.items() if case.copy.disposal in UNDER_WAY]
        self.cases = await self._ledger.cases(wall_ns, self._boot, under_way)
        self._around = await self._ledger.surroundings(self.cases.values())
        await self._widen()
        self._looked_s = self._clocks.mono_s()
        for case in self.cases.values():
            if self._is_new and case.copy.disposal is Disposal.DENIED:
                # Started again, perhaps with another credential: one more try.
                self._take(case, events.CredentialChanged(**self._when()))
            duty = case.duty
            if case.copy.disposal is Disposal.IDLE and duty is not None:
                self._take(
                    case,
                    events.DutyBegan(**self._when(), due_at=duty.at, is_request=False),
                    policy=duty.policy,
                )
        await self._probing.read(self._clocks.wall_us())
        await self._take_local(wall_ns)
        await self._settle()
        self._is_new = False

    async def _take_local(self, wall_ns: int) -> None:
        """Take over what is to be erased here, a portion of all. Raises NotAnswered."""
        self._local.due = await self._ledger.to_erase(wall_ns)
        for case in self._local.due:
            duty = case.duty
            if case.row.label and case.copy.disposal is Disposal.IDLE and duty is not None:
                # Its labels leave with its content: what they want upstream is put on record first.
                began = events.DutyBegan(**self._when(), due_at=duty.at, is_request=False)
                self._take(case, began, policy=duty.policy)

    def nexts(self) -> list[tuple[Case, Next]]:
        """What is to be done about each copy in care, as the clocks were at the last look or round."""
        cases = self.cases.values()
        return [(case, decide(case.copy, self._now(), self._world(case))) for case in cases]

    async def round(self) -> int:
        """Do what can be done now; returns how many moves were made. Raises NotAnswered."""
        self._tick(0)
        moves: dict[Move, list[tuple[Case, Next]]] = {}
        for case, after_this in self.nexts():
            moves.setdefault(after_this.move, []).append((case, after_this))
        for case, _ in moves.get(Move.DROP, ()):
            self._take(case, events.DutyEnded(**self._when()))
        for case, found in moves.get(Move.CONCLUDE, ()):
            assert found.final is not None
            self._take(case, events.Concluded(**self._when(), final=found.final))
        await self._cancel([case for case, _ in moves.get(Move.CANCEL, ())])
        await self._look_at([case for case, _ in moves.get(Move.LOOK, ())])
        await self._control([case for case, _ in moves.get(Move.CONTROL, ())])
        self._acts += await self._probing.look(self._when(), self._clocks.mono_s())
        await self._settle()
        is_free = self._now().trust is Trust.TRUSTED and not self._local.due
        if is_free and self._ledger.has_more_to_erase:
            await self._take_local(self._now().wall)
            await self._settle()
        await self._delete([case for case, _ in moves.get(Move.DELETE, ())][:DELETES_PER_ROUND])
        await self._settle()
        # Last, so that a recorder that cannot plan it keeps nothing of Google's waiting; trust may have ended meanwhile.
        if self._now().trust is Trust.TRUSTED:
            await self._local.erase_some(self._ledger, self._now().wall)
        return sum(len(each) for move, each in moves.items() if move is not Move.NOTHING)

    async def _delete(self, cases: list[Case]) -> None:
        cases = self._reach.allowed(cases)
        if not cases:
            return
        for case in cases:
            self._take(case, events.DeleteIntended(**self._when()))
        await self._settle()
        seen_s: float | None = None
        for case in cases:
            if seen_s is None or self._clocks.mono_s() - seen_s >= SEEN_FOR_S:
                await self._see_again(cases)
                seen_s = self._clocks.mono_s()
            if not await self._is_still_right(case):
                self._take(case, events.DeleteWithdrawn(**self._when()))
                continue
            told = await self._reach.delete(case.row)
            self._corroborate(told.date_s)
            event_id = secrets.token_hex(16)
            answered = events.DeleteAnswered(
                **self._when(event_id),
                status=told.status,
                retry_after_s=told.retry_after_s or 0,
                chance=int(event_id[:4], 16) / 0xFFFF,
            )
            self._take(case, answered)

    async def _see_again(self, cases: list[Case]) -> None:
        """By what is durable now: holds that were recorded before the intents, turns that came since."""
        await self._recorder.flush()
        around = await self._ledger.surroundings(cases)
        self._around = around if self._around is None else self._around.joined(around)
        await self._widen()

    async def _widen(self) -> None:
        """What slipped in behind a turn that goes with all behind it goes, too, and first."""
        names = self._around.slipped_in(self.cases) if self._around else []
        for case in await self._ledger.read(names, self._boot) if names else ():
            if is_passed_over(case.copy) and case.row.client in self._ledger.scope:
                self.cases[case.row.interaction] = case
                told = self._when() | {"is_request": True, "is_branch": True}
                self._take(case, events.DutyBegan(**told, due_at=told["wall"]))

    async def _is_still_right(self, case: Case) -> bool:
        """Directly before it leaves, by what was seen a moment ago, and the policies' file."""
        await self._ledger.read_policies(self._now().wall)
        world = self._world(case)
        if not self._reach.is_our_turn():
            return False
        is_free = not (world.is_held or world.has_open_branch)
        return is_free and (case.copy.is_request or world.is_wanted)

    async def _cancel(self, cases: list[Case]) -> None:
        for case in self._reach.allowed(cases):
            self._take(case, events.CancelIntended(**self._when()))
            await self._settle()
            await self._reach.cancel(case.row)

    async def _look_at(self, cases: list[Case]) -> None:
        at_once = asyncio.Semaphore(LOOKS_AT_ONCE)
        async with asyncio.TaskGroup() as looks:
            for case in self._reach.allowed(cases):
                looks.create_task(self._look_at_one(case, at_once), name="look")

    async def _look_at_one(self, case: Case, at_once: asyncio.Semaphore) -> None:
        """What it shows has the time of its own answer: between two misses a minute must lie."""
        async with at_once:
            told = await self._reach.look(case.row)
        self._corroborate(told.date_s)
        when = self._when()
        is_late = when["wall"] > case.interval.latest + RULES.grace_ns
        looked = events.Looked(
            **when,
            status=told.status,
            retry_after_s=told.retry_after_s or 0,
            is_overdue=is_late and self._now().trust is Trust.TRUSTED,
        )
        self._take(case, looked)

    async def _control(self, cases: list[Case]) -> None:
        """One look at something else serves all that wait for one."""
        is_doubtful = self._watch is not None and self._watch.trust is not Trust.TRUSTED
        if not (cases or (is_doubtful and (self.cases or self._local.due))):
            return
        told = await self._reach.control(self._clocks.wall_us(), sorted(self.cases))
        if told is None:
            return
        self._corroborate(told.date_s)
        self._tell_trust()
        for case in cases:
            looked = events.ControlLooked(**self._when(), is_served=told.is_served)
            self._take(case, looked, control=told.what)

    def _take(self, case: Case, event: AnyEvent, **more: str) -> None:
        """Apply an event; it is told with the others of this round."""
        case.copy = after(case.copy, event)
        self._acts.append(
            {
                "kind": "disposal",
                "actor": "steward",
                "act": event.id,
                "interaction": case.row.interaction,
                "detail": f"{type(event).__name__}: {case.copy.disposal}",
                "data": written(event, case.copy) | more,
            }
        )

    async def _settle(self) -> None:
        """Have all acts durable; finals together with their receipts."""
        if not self._acts:
            return
        touched = {act["interaction"] for act in self._acts}
        ended = [
            case
            for name, case in self.cases.items()
            if name in touched
            and case.copy.disposal in FINAL | ATTENTION
            and case.copy.disposal is not case.receipted
        ]
        if any(case.copy.is_branch for case in ended):
            await self._see_again(ended)
        acts = list(self._acts)
        if ended:
            await self._recorder.flush()  # the exchanges that a receipt names
            # First: an end without its receipt would stay without, a receipt too many says what was so.
            acts = [await self._receipt(case) for case in ended] + acts
        for begin in range(0, len(acts), ACTS_MAX):
            await self._recorder.tell(acts[begin : begin + ACTS_MAX])
        self._acts = []
        for case in ended:
            case.receipted = case.copy.disposal
            if not is_in_care(case, self._now().wall):
                self._close(case)

    def _close(self, case: Case) -> None:
        del self.cases[case.row.interaction]
        if self._around is not None:
            self._around.states[case.row.interaction] = str(case.copy.disposal)

    async def _receipt(self, case: Case) -> dict[str, Any]:
        found = await self._recorder.query("disposal_witnesses", interaction=case.row.interaction)
        body = receipt(
            case.copy,
            case.interval,
            [Witness(**row) for row in found],
            residues_of(case.row),
            self._clocks.wall_us() * 1000,
        )
        return {
            "kind": "receipt",
            "actor": "steward",
            "interaction": case.row.interaction,
            "detail": f"disposal upstream: {case.copy.disposal}",
            "data": self._signer.signed(body),
        }

    def _world(self, case: Case) -> World:
        name = case.row.interaction
        around = self._around
        duty = self._ledger.wants(case)
        return World(
            interval=case.interval,
            has_credential=True,
            is_held=around is not None and name in around.protected,
            has_open_branch=around is not None and any(self._open_behind(name, around)),
            is_wanted=duty is not None and duty.at <= self._clocks.wall_us() * 1000,
        )

    def _open_behind(self, name: str, around: Surroundings) -> Iterable[bool]:
        for later in around.forest.descendants(name):
            case = self.cases.get(later)
            state = str(case.copy.disposal) if case else around.states.get(later)
            yield state is not None and state not in {*FINAL, Disposal.IDLE}

    def _tick(self, floor_ns: int) -> None:
        wall, mono = self._clocks.wall_us() * 1000, round(self._clocks.mono_s() * 1e9)
        if self._watch is None:
            self._watch = ClockWatch.born(floor_ns, wall, mono)
        else:
            self._watch = self._watch.seen(wall, mono)

    def _corroborate(self, date_s: float | None) -> None:
        if date_s is not None and self._watch is not None:
            self._watch = self._watch.corroborated(round(date_s * 1e9))

    def _tell_trust(self) -> None:
        """In the log, at each change for the worse, after upstream's clock was seen."""
        trust = self._now().trust
        if trust is not self._told_trust and trust is not Trust.TRUSTED:
            _LOG.warning(
                "the clock is %s: nothing is deleted by time until upstream's agrees",
                trust,
            )
        self._told_trust = trust

    def _now(self) -> Now:
        assert self._watch is not None
        return Now(self._watch.wall, self._watch.mono, self._boot, self._watch.trust)

    def _when(self, event_id: str | None = None) -> dict[str, Any]:
        return {
            "id": event_id or secrets.token_hex(16),
            "wall": self._clocks.wall_us() * 1000,
            "mono": round(self._clocks.mono_s() * 1e9),
            "boot": self._boot,
        }
