"""Erasing our copy: keys destroyed, acts before and after, holds honoured, crashes survived.

The order makes it safe to die anywhere: the mark beside the keys (from then on nothing new is kept), the act, the
keys, the act that they are gone. What a dead recorder began the next one finishes.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from proxy.audit.erasure.plan import SPARED, Carrier, ErasurePlan, Hold, Selection
from proxy.audit.erasure.wish import Wish
from proxy.audit.retention.trust import Trust
from proxy.errors import FormatError, StoreError
from proxy.journal.format import ExchangeId
from proxy.journal.slots import Keystore
from proxy.recorder.erasing.asking import Deferred, Questions, wish_again
from proxy.recorder.erasing.kin import kin_of
from proxy.recorder.erasing.naming import beginning, showing
from proxy.recorder.erasing.planning import Planned, planned
from proxy.recorder.erasing.telling import BYPASSED, Telling, counts_of
from proxy.recorder.keeping.keepings import LOCK, Keepings, Kept
from proxy.recorder.keeping.outlook import Outlook
from proxy.recording.facts import ActFact
from proxy.recording.secrecy.equality import Equality
from proxy.recording.secrecy.labels import label_mac
from proxy.store.erasing.tombstones import Erasure, Tombstones
from proxy.store.position import VaultPosition
from proxy.store.vault.reader import VaultReader

DEFERRED_EACH_NS: Final = 3600 * 1_000_000_000
"""How often it is looked whether keepings have ended for which an erasure waits."""

_log = logging.getLogger(__name__)


async def _nobody_to_heed() -> None:
    """Where no door stands."""


@dataclass(frozen=True, slots=True)
class Means:
    """What erasing needs of a recorder."""

    keystore: Keystore
    """Its own: the pipeline's is used by its thread."""
    tombstones: Tombstones
    label_index: Equality
    tell: Callable[[Sequence[ActFact]], Future[VaultPosition]]
    flush: Callable[[], Future[VaultPosition]]
    reach: Callable[[VaultPosition], Future[VaultPosition]]
    open_reader: Callable[[], VaultReader]
    now_ns: Callable[[], int]
    keepings: Keepings
    """What policies keep, whoever asks."""
    heeded: Callable[[], Awaitable[None]] = _nobody_to_heed
    """Returns once whoever else goes by holds knows the ones that the tables have."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an erasure."""

    erasure: str
    plan: ErasurePlan
    deferred: tuple[str, ...]
    """Kept by holds; erased when the last of them is released."""
    unproven: tuple[str, ...] = ()
    """Exchanges whose slot of a key is not here: nothing shows that the key is destroyed. Destroyed if it comes back."""


class Eraser:
    """One at a time: erasures and holds wait for each other, so no hold comes into the middle of one."""

    def __init__(self, means: Means, questions: Questions) -> None:
        self._means = means
        self._ask = questions
        self._telling = Telling(means.now_ns)
        self._turn = asyncio.Lock()
        self._deferred_ns = 0
        """When, on the monotonic clock, it is looked again whether keepings have ended."""

    async def plan(self, wish: Wish) -> ErasurePlan:
        """What `wish` would do, by what is durable now.

        Raises:
            FormatError: it names nothing, or several things.
            StoreError: the tables cannot answer.
        """
        async with self._turn:
            await self._flush()
            return (await self._wished(wish)).plan

    async def erase(self, wish: Wish) -> Done:
        """Do it. Raises: as `plan`; OSError: the disk refused, the next start goes on."""
        async with self._turn:
            await self._flush()
            first = await self._wished(wish)
            if wish.plan and first.plan.digest != wish.plan:
                raise FormatError("the plan is another one by now: look at it again; nothing went")
            return await self._erase(first, wish)

    async def hold(self, named: str, reason: str, actor: str, *, is_conversation: bool) -> ActFact:
        """Place one; when this returns it is durable, and the tables know.

        Raises:
            FormatError: there is no such interaction, or several begin so, or it was erased.
        """
        async with self._turn:
            await self._flush()
            interaction = await self._named(named)
            if self._means.tombstones.is_erased(interaction):
                raise FormatError(f"{interaction} was erased: there is nothing left to hold")
            data = {"reach": "conversation" if is_conversation else "node"}
            act = self._telling.act("hold", reason, actor, data, interaction=interaction)
            await self._told([act])
            await self._means.heeded()
            return act

    async def outlook(self, hold: str) -> Outlook:
        """What becomes of Google's copies of what it protects, and what ours lack. Raises StoreError."""
        (found,) = await self._ask.rows("held_outlook", Outlook, hold=hold)
        return found

    async def release(self, hold: str, reason: str, actor: str) -> list[Done]:
        """End a hold, and do what waited for it. Twice is once.

        Raises:
            FormatError: there is no such hold in force.
        """
        async with self._turn:
            holds = await self._holds()
            ended = [each for each in holds if each.hold == hold]
            if not ended:
                raise FormatError(f"there is no hold {hold[:64]} in force")
            interaction = ended[0].interaction
            act = self._telling.act(
                "release", reason, actor, {"hold": hold}, interaction=interaction
            )
            await self._told([act])
            await self._means.heeded()
            return _all_done(*await self._do_deferred())

    async def tell(self, acts: Sequence[ActFact]) -> None:
        """Acts of others, holds and releases among them: in their turn, as `hold` and `release`.

        Raises:
            FormatError: a hold of nothing or of what was erased, or a release of no hold in force.
        """
        async with self._turn:
            await self._flush()
            placed = {act.act for act in acts if act.kind == "hold"}
            in_force = placed | {each.hold for each in await self._holds()}
            ended = [_hold_ended_by(act) for act in acts if act.kind == "release"]
            for act in acts:
                if act.kind == "hold" and act.interaction is None:
                    raise FormatError("a hold names its interaction")
                if act.kind == "hold" and self._means.tombstones.is_erased(act.interaction or ""):
                    raise FormatError(f"{act.interaction} was erased: there is nothing to hold")
            for hold in ended:
                if hold not in in_force:
                    raise FormatError(f"there is no hold {hold[:64]} in force: data names it")
            await self._told(acts)
            await self._means.heeded()
            if ended:
                _all_done(*await self._do_deferred())

    async def resume(self) -> None:
        """Finish what an earlier recorder began, and tell again what an older vault does not know."""
        async with self._turn:
            await self._keep()
            begun: set[str] = set(await self._ask.rows("erasing_begun", str))
            known: set[str] = set(await self._ask.rows("erasing_told", str))
            for erasure in self._means.tombstones.erasures():
                if erasure.id not in begun:
                    await self._told(self._telling.begun(erasure))
                if not erasure.is_done:
                    await self._flush()
                    await self._finish(erasure)
                elif erasure.id not in known:
                    await self._told(self._telling.ended(erasure, self._unproven(erasure), None))
            await self._prove()
            await self._do_deferred()

    async def prove(self) -> None:
        """Destroy what was to go and was not there, if it came back. Costs nothing where there is no such key.

        And take over the policies' file: what waited for a keeping is erased within an hour of its end.
        """
        async with self._turn:
            await self._prove()
            await self._keep()
            if self._means.keepings.mono_ns() >= self._deferred_ns:
                await self._flush()
                await self._do_deferred()
                self._deferred_ns = self._means.keepings.mono_ns() + DEFERRED_EACH_NS

    async def _keep(self) -> None:
        if self._means.keepings.has_file:
            await self._flush()
            await self._kept()

    async def _prove(self) -> None:
        waiting = self._means.tombstones.unproven
        if not waiting:
            return
        ids = [ExchangeId.parse(name) for name in waiting]
        missing = set(await asyncio.to_thread(self._means.keystore.destroy, ids))
        found = [id_ for id_ in ids if id_ not in missing]
        by_erasure: dict[str, list[str]] = {}
        for id_ in found:
            by_erasure.setdefault(waiting[str(id_)], []).append(str(id_))
        for erasure, names in by_erasure.items():
            if erasure:  # of what a policy did not keep it was told before
                await self._told(self._telling.destroyed(erasure, names, "recorder"))
        if found:
            await asyncio.to_thread(self._means.tombstones.prove, found)

    async def _erase(self, first: Planned, wish: Wish) -> Done:
        """Carry out this very plan: of turns that came since it was made, none goes."""
        plan = first.plan
        erasure = Erasure(
            secrets.token_hex(16),
            self._means.now_ns(),
            plan.order,
            plan.exchanges,
            wish.reason or "not said",
            wish.actor,
            deferred=tuple(plan.kept),
            with_quoted=wish.with_quoted,
            counts=counts_of(plan, first.bypassed if wish.is_bypassing else None),
            reach=wish.reach,
        )
        if plan.order:
            await asyncio.to_thread(self._means.tombstones.begin, erasure)
        await self._told(self._telling.begun(erasure))
        unproven: tuple[str, ...] = ()
        if plan.order:
            # What came in between the plan and the mark is in the tables now; later ones are not kept.
            found, unproven = await self._finish(erasure, first)
            plan = replace(
                plan, exchanges=found.exchanges, quoted=found.quoted, spared=found.spared
            )
        return Done(erasure.id, plan, erasure.deferred, unproven)

    async def _finish(
        self, erasure: Erasure, first: Planned | None = None
    ) -> tuple[ErasurePlan, tuple[str, ...]]:
        """From the mark on; again if a recorder died in between, or the disk refused. Returns `Done.unproven`, too."""
        found = first
        if found is None or found.exchange_count != await self._exchange_count():
            again = Selection(erasure.interactions, with_quoted=erasure.with_quoted)
            is_bypassed = BYPASSED in erasure.counts
            kept = await self._kept(is_bypassed=is_bypassed, is_decided=True, is_by_itself=True)
            found = await self._planned(again, kept)
        tombstones, spared = self._means.tombstones, erasure.spared
        names = list(dict.fromkeys([*found.plan.exchanges, *erasure.exchanges]))
        if not erasure.is_settled:
            spared = tuple((each.exchange, each.interaction) for each in found.plan.spared)
            erasure = await asyncio.to_thread(tombstones.settle, erasure.id, names, spared)
        ids = [ExchangeId.parse(name) for name in erasure.exchanges]
        missing = await asyncio.to_thread(self._means.keystore.destroy, ids)
        has_all = set(erasure.exchanges) <= set(found.plan.exchanges)
        seen, unproven = found.seen if has_all else None, frozenset(map(str, missing))
        await self._told(self._telling.ended(erasure, unproven, seen))
        await asyncio.to_thread(tombstones.end, erasure.id, missing)
        return found.plan, tuple(sorted(unproven))

    async def _do_deferred(self) -> tuple[list[Done], list[StoreError | OSError]]:
        """What waits, and is kept by nobody any more; and why some cannot be planned, which keeps no other waiting."""
        waiting = await self._ask.rows("erasing_deferred", Deferred)
        done: list[Done] = []
        failed: list[StoreError | OSError] = []
        for erasure in dict.fromkeys(each.erasure for each in waiting):
            mine = [each for each in waiting if each.erasure == erasure]
            try:
                first = await self._due(mine)
            except (StoreError, OSError) as error:  # a TimeoutError is one
                _log.warning("erasures wait, and are looked at again: %s", error)
                failed.append(error)
                continue
            if first is not None:
                done.append(await self._erase(first, wish_again(mine)))
        return done, failed

    async def _due(self, mine: Sequence[Deferred]) -> Planned | None:
        """The plan for what waits of one erasure; None: it is kept by something else, too."""
        names = tuple(dict.fromkeys(each.interaction for each in mine))
        known = tuple(
            Carrier(each.exchange, each.interaction, SPARED) for each in mine if each.exchange
        )
        wanted = Selection(names, with_quoted=mine[0].with_quoted, known=known)
        is_bypassed = mine[0].is_bypassing
        kept = await self._kept(is_bypassed=is_bypassed, is_by_itself=True)
        plan = (await self._planned(wanted, kept)).plan
        is_old = all(self._means.tombstones.is_erased(turn) for turn in plan.order)
        if is_old and not plan.exchanges:
            return None
        free = replace(wanted, interactions=plan.order)
        kept = await self._kept(is_bypassed=is_bypassed, is_by_itself=True)
        return await self._planned(free, kept)

    async def _wished(self, wish: Wish) -> Planned:
        """The plan for it. Raises FormatError: nothing is meant by it, or several things, or what nobody told of."""
        names = wish.interactions
        if wish.named is not None:
            names = (wish.named,)
        elif wish.label is not None:
            mac = label_mac(self._means.label_index, wish.label)
            names = tuple(await self._ask.rows("erasing_labelled", str, label=mac))
        elif wish.pointer is not None:
            names = tuple(await showing(self._ask, self._means.open_reader, *wish.pointer))
        if not names:
            raise FormatError("nothing that was recorded here is meant by that")
        kept = await self._kept(is_bypassed=wish.is_bypassing)
        found = await self._planned(Selection(names, wish.reach, wish.with_quoted), kept)
        if wish.named is not None and found.unknown:  # it may be the beginning of one
            names = (await beginning(self._ask, wish.named),)
            return await self._planned(Selection(names, wish.reach, wish.with_quoted), kept)
        if found.unknown and wish.is_passing_unknown:
            meant = dict.fromkeys([*found.plan.order, *found.plan.kept])
            if names := tuple(name for name in meant if name not in found.unknown):
                return await self._planned(Selection(names, with_quoted=wish.with_quoted), kept)
        if found.unknown:
            first = found.unknown[0][:80]
            raise FormatError(f"{len(found.unknown)} of them were not recorded here: {first}")
        return found

    async def _named(self, named: str) -> str:
        rows = await self._ask.answer(lambda ask: kin_of(ask, [named]))
        return named if named in rows else await beginning(self._ask, named)

    async def _planned(self, selection: Selection, kept: Kept) -> Planned:
        return await self._ask.answer(lambda ask: planned(ask, selection, self._is_gone, kept))

    async def _kept(
        self, *, is_bypassed: bool = False, is_decided: bool = False, is_by_itself: bool = False
    ) -> Kept:
        """What policies keep now; their locks are on record.

        `is_by_itself`: nobody asks now. Then no keeping has ended by time while the clock is not trusted.
        """
        found = await self._means.keepings.now(self._ask, self._locked)
        now_ns = found.now_ns
        if found and is_by_itself:
            trust = await self._means.keepings.trusting.trust(self._ask)
            now_ns = now_ns if trust is Trust.TRUSTED else 0
        return replace(found, now_ns=now_ns, is_bypassed=is_bypassed, is_decided=is_decided)

    async def _locked(self, told: Sequence[dict[str, Any]]) -> None:
        await self._told([self._telling.act("policy", LOCK, "recorder", each) for each in told])

    async def _exchange_count(self) -> int:
        (count,) = await self._ask.rows("erasing_exchange_count", int)
        return count

    def _is_gone(self, exchange: str) -> bool:
        """Whether its key is destroyed, and cannot come back."""
        return self._means.keystore.is_destroyed(ExchangeId.parse(exchange))

    def _unproven(self, erasure: Erasure) -> frozenset[str]:
        waiting = self._means.tombstones.unproven
        return frozenset(name for name in erasure.exchanges if waiting.get(name) == erasure.id)

    async def _holds(self) -> list[Hold]:
        return await self._ask.rows("erasing_holds", Hold)

    async def _flush(self) -> None:
        position = await asyncio.wrap_future(self._means.flush())
        await asyncio.wrap_future(self._means.reach(position))

    async def _told(self, acts: Sequence[ActFact]) -> None:
        """Durable, and in the tables."""
        if acts:
            position = await asyncio.wrap_future(self._means.tell(acts))
            await asyncio.wrap_future(self._means.reach(position))


def _all_done(done: list[Done], failed: Sequence[StoreError | OSError]) -> list[Done]:
    """Raises the first of what failed."""
    if failed:
        raise failed[0]
    return done


def _hold_ended_by(act: ActFact) -> str:
    told = orjson.loads(act.data or "{}")
    return str(told.get("hold", ""))
