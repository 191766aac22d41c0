"""Erasing our copy: keys destroyed, acts before and after, holds honoured, crashes survived.

The order makes it safe to die anywhere: the mark beside the keys (from then on nothing new is kept), the act, the
keys, the act that they are gone. What a dead recorder began the next one finishes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import orjson

from proxy.audit.erasure.plan import SPARED, Carrier, ErasurePlan, Hold, Selection
from proxy.audit.erasure.pointer import is_value_at
from proxy.audit.erasure.wish import Wish
from proxy.errors import FormatError, KeyDestroyed
from proxy.journal.format import ExchangeId
from proxy.journal.slots import Keystore
from proxy.recorder.erasing.asking import Questions
from proxy.recorder.erasing.planning import Numbers, Planned, kin_of, planned
from proxy.recorder.erasing.telling import Telling, counts_of
from proxy.recording.acts import DETAIL_CHARACTERS_MAX
from proxy.recording.facts import ActFact
from proxy.recording.secrecy.equality import Equality
from proxy.recording.secrecy.labels import label_mac
from proxy.store.erasing.tombstones import Erasure, Tombstones
from proxy.store.position import VaultPosition
from proxy.store.vault.reader import VaultReader


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
            return await self._erase(first, wish.reason, wish.actor, with_quoted=wish.with_quoted)

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
            return await self._do_deferred()

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
                await self._do_deferred()

    async def resume(self) -> None:
        """Finish what an earlier recorder began, and tell again what an older vault does not know."""
        async with self._turn:
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
        """Destroy what was to go and was not there, if it came back. Costs nothing where there is no such key."""
        async with self._turn:
            await self._prove()

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

    async def _erase(self, first: Planned, reason: str, actor: str, *, with_quoted: bool) -> Done:
        """Carry out this very plan: of turns that came since it was made, none goes."""
        plan = first.plan
        erasure = Erasure(
            secrets.token_hex(16),
            self._means.now_ns(),
            plan.order,
            plan.exchanges,
            reason or "not said",
            actor,
            deferred=tuple(plan.kept),
            with_quoted=with_quoted,
            counts=counts_of(plan),
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
            found = await self._planned(again)
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

    async def _do_deferred(self) -> list[Done]:
        """What waits, and is held by nobody any more."""
        waiting = await self._ask.rows("erasing_deferred", _Deferred)
        done: list[Done] = []
        for erasure in dict.fromkeys(each.erasure for each in waiting):
            mine = [each for each in waiting if each.erasure == erasure]
            names = tuple(dict.fromkeys(each.interaction for each in mine))
            known = tuple(
                Carrier(each.exchange, each.interaction, SPARED) for each in mine if each.exchange
            )
            wanted = Selection(names, with_quoted=mine[0].with_quoted, known=known)
            plan = (await self._planned(wanted)).plan
            is_old = all(self._means.tombstones.is_erased(turn) for turn in plan.order)
            if is_old and not plan.exchanges:
                continue  # held by another hold, too
            reason = f"deferred until its holds ended: {mine[0].reason}"[:DETAIL_CHARACTERS_MAX]
            free = replace(wanted, interactions=plan.order)
            first = await self._planned(free)
            done.append(
                await self._erase(first, reason, mine[0].actor, with_quoted=free.with_quoted)
            )
        return done

    async def _wished(self, wish: Wish) -> Planned:
        """The plan for it. Raises FormatError: nothing is meant by it, or several things, or what nobody told of."""
        names = wish.interactions
        if wish.named is not None:
            names = (wish.named,)
        elif wish.label is not None:
            mac = label_mac(self._means.label_index, wish.label)
            names = tuple(await self._ask.rows("erasing_labelled", str, label=mac))
        elif wish.pointer is not None:
            names = tuple(await self._searched(*wish.pointer))
        if not names:
            raise FormatError("nothing that was recorded here is meant by that")
        found = await self._planned(Selection(names, wish.reach, wish.with_quoted))
        if wish.named is not None and found.unknown:  # it may be the beginning of one
            names = (await self._beginning(wish.named),)
            return await self._planned(Selection(names, wish.reach, wish.with_quoted))
        if found.unknown:
            first = found.unknown[0][:80]
            raise FormatError(f"{len(found.unknown)} of them were not recorded here: {first}")
        return found

    async def _named(self, named: str) -> str:
        rows = await self._ask.answer(lambda ask: kin_of(ask, [named]))
        return named if named in rows else await self._beginning(named)

    async def _beginning(self, named: str) -> str:
        found = await self._ask.rows("erasing_beginning", str, named=named)
        if not found:
            raise FormatError(f"no interaction begins with {named[:80]}")
        if len(found) > 1:
            raise FormatError(f"several interactions begin with {named[:80]}: give the whole id")
        return found[0]

    async def _searched(self, pointer: str, value: str) -> list[str]:
        rows = await self._ask.rows("erasing_searched", _Searched)
        return await asyncio.to_thread(self._search, rows, pointer, value)

    def _search(self, rows: Iterable[_Searched], pointer: str, value: str) -> list[str]:
        found: dict[str, None] = {}
        reader = self._means.open_reader()
        try:
            for row in rows:
                try:
                    exchange = reader.exchange(row.raw_ref)
                except (KeyDestroyed, FormatError):
                    continue
                if is_value_at(exchange, pointer, value):
                    found[row.interaction] = None
        finally:
            reader.close()
        return list(found)

    async def _planned(self, selection: Selection) -> Planned:
        return await self._ask.answer(lambda ask: planned(ask, selection, self._is_gone))

    async def _exchange_count(self) -> int:
        (numbers,) = await self._ask.rows("erasing_numbers", Numbers)
        return numbers.exchanges

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


@dataclass(frozen=True, slots=True)
class _Deferred:
    interaction: str
    erasure: str
    actor: str
    reason: str
    with_quoted: bool
    exchange: str | None
    """What was spared; None: all of the interaction."""


@dataclass(frozen=True, slots=True)
class _Searched:
    exchange: str
    interaction: str
    raw_ref: str


def _hold_ended_by(act: ActFact) -> str:
    told = orjson.loads(act.data or "{}")
    return str(told.get("hold", ""))
