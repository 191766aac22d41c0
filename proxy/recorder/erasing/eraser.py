"""Erasing our copy: keys destroyed, acts before and after, holds honoured, crashes survived.

The order makes it safe to die anywhere: the mark beside the keys (from then on nothing new is kept), the act, the
keys, the act that they are gone. What a dead recorder began the next one finishes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy.audit.erasure.plan import (
    Carrier,
    ErasurePlan,
    Hold,
    Selection,
    Turn,
    erasure_plan,
)
from proxy.audit.erasure.pointer import is_value_at
from proxy.audit.erasure.wish import Wish
from proxy.audit.retention.cascade import Reach
from proxy.errors import FormatError, KeyDestroyed
from proxy.journal.format import ExchangeId
from proxy.journal.slots import Keystore
from proxy.recorder.erasing.asking import Questions
from proxy.recording.facts import ActFact
from proxy.recording.secrecy.equality import Equality
from proxy.recording.secrecy.labels import label_mac
from proxy.store.erasing.scrubbing import ERASED, EXCHANGES_PER_ACT
from proxy.store.erasing.tombstones import Erasure, Tombstones
from proxy.store.position import VaultPosition
from proxy.store.vault.reader import VaultReader

INTERACTIONS_PER_ACT: Final = 150
"""Ids of one act: some 11 KB."""


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


class Eraser:
    """One at a time: erasures and holds wait for each other, so no hold comes into the middle of one."""

    def __init__(self, means: Means, questions: Questions) -> None:
        self._means = means
        self._ask = questions
        self._turn = asyncio.Lock()

    async def plan(self, wish: Wish) -> ErasurePlan:
        """What `wish` would do, by what is durable now.

        Raises:
            FormatError: it names nothing, or several things.
            StoreError: the tables cannot answer.
        """
        await self._flush()
        return await self._planned(await self._selection(wish))

    async def erase(self, wish: Wish) -> Done:
        """Do it. Raises: as `plan`; OSError: the disk refused, the next start goes on."""
        async with self._turn:
            await self._flush()
            selection = await self._selection(wish)
            return await self._erase(selection, wish.reason, wish.actor)

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
            act = self._act("hold", reason, actor, data, interaction=interaction)
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
            act = self._act("release", reason, actor, {"hold": hold}, interaction=interaction)
            await self._told([act])
            await self._means.heeded()
            return await self._do_deferred(hold)

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
            for hold in ended:
                await self._do_deferred(hold)

    async def resume(self) -> None:
        """Finish what an earlier recorder began, and tell again what an older vault does not know."""
        async with self._turn:
            known: set[str] = set(await self._ask.rows("erasing_told", str))
            for erasure in self._means.tombstones.erasures():
                if not erasure.is_done:
                    await self._flush()
                    await self._finish(erasure)
                elif erasure.id not in known:
                    await self._told(self._acts_after(erasure))

    async def _erase(self, selection: Selection, reason: str, actor: str) -> Done:
        plan = await self._planned(selection)
        deferred = tuple(plan.kept)
        erasure = Erasure(
            secrets.token_hex(16),
            self._means.now_ns(),
            plan.order,
            plan.exchanges,
            reason or "not said",
            actor,
        )
        if plan.order:
            await asyncio.to_thread(self._means.tombstones.begin, erasure)
        await self._tell_before(erasure, plan, deferred)
        if plan.order:
            # What came in between the plan and the mark is in the tables now; later ones are not kept.
            plan = await self._planned(selection)
            await self._finish(erasure, plan.exchanges)
        return Done(erasure.id, plan, deferred)

    async def _finish(self, erasure: Erasure, exchanges: Sequence[str] = ()) -> None:
        """From the mark on; again if a recorder died in between."""
        names = list(exchanges or erasure.exchanges)
        if not (exchanges or erasure.is_settled):
            plan = await self._planned(Selection(erasure.interactions))
            names = list(dict.fromkeys([*plan.exchanges, *erasure.exchanges]))
        tombstones = self._means.tombstones
        if not erasure.is_settled:
            await asyncio.to_thread(tombstones.settle, erasure.id, names)
        ids = [ExchangeId.parse(name) for name in names]
        await asyncio.to_thread(self._means.keystore.destroy, ids)
        (settled,) = (each for each in tombstones.erasures() if each.id == erasure.id)
        await self._told(self._acts_after(settled))
        await asyncio.to_thread(tombstones.end, erasure.id)

    async def _tell_before(
        self, erasure: Erasure, plan: ErasurePlan, deferred: tuple[str, ...]
    ) -> None:
        counts = {
            "interactions": len(plan.order),
            "exchanges": len(plan.exchanges),
            "quoted_left": len(plan.quoted),
            "left": len(plan.left),
            "held": len(deferred),
        }
        acts = [self._act("erasure", erasure.reason, erasure.actor, {"step": "begin"} | counts)]
        acts[0] = _with_id(acts[0], erasure.id)
        for portion in _portions(deferred, INTERACTIONS_PER_ACT):
            data = {"step": "deferred", "erasure": erasure.id, "deferred": portion}
            acts.append(self._act("erasure", erasure.reason, erasure.actor, data))
        await self._told(acts)

    def _acts_after(self, erasure: Erasure) -> list[ActFact]:
        acts = []
        shared: dict[str, Any] = {"erasure": erasure.id}
        for portion in _portions(erasure.interactions, INTERACTIONS_PER_ACT):
            detail = f"the content of {len(portion)} interactions is gone"
            data = shared | {"interactions": portion}
            acts.append(self._act(ERASED, detail, erasure.actor, data))
        for portion in _portions(erasure.exchanges, EXCHANGES_PER_ACT):
            detail = f"the keys of {len(portion)} exchanges are destroyed"
            data = shared | {"exchanges": portion}
            acts.append(self._act(ERASED, detail, erasure.actor, data))
        return acts

    async def _do_deferred(self, hold: str) -> list[Done]:
        waiting = await self._ask.rows("erasing_deferred", _Deferred)
        done: list[Done] = []
        for erasure in dict.fromkeys(each.erasure for each in waiting):
            mine = [each for each in waiting if each.erasure == erasure]
            selection = Selection(tuple(each.interaction for each in mine))
            plan = await self._planned(selection)
            if not plan.order:
                continue
            reason = f"deferred until hold {hold} ended"
            free = Selection(plan.order)
            done.append(await self._erase(free, reason, mine[0].actor))
        return done

    async def _selection(self, wish: Wish) -> Selection:
        if wish.named is not None:
            found = [await self._named(wish.named)]
        elif wish.label is not None:
            mac = label_mac(self._means.label_index, wish.label)
            found = await self._ask.rows("erasing_labelled", str, label=mac)
        else:
            assert wish.pointer is not None
            found = await self._searched(*wish.pointer)
        if not found:
            raise FormatError("nothing that was recorded here is meant by that")
        return Selection(tuple(found), wish.reach, wish.with_quoted)

    async def _named(self, named: str) -> str:
        found = await self._ask.rows("erasing_named", str, named=named)
        if not found:
            raise FormatError(f"no interaction begins with {named[:80]}")
        if len(found) > 1 and found[0] != named:
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

    async def _planned(self, selection: Selection) -> ErasurePlan:
        named = list(selection.interactions)
        turns = await self._ask.rows("erasing_turns", Turn, interactions=named)
        carriers: list[Carrier] = []
        wanted = named
        if selection.reach is not Reach.NODE:
            wanted = [turn.interaction for turn in turns]
        carriers = await self._carriers(wanted)
        return erasure_plan(selection, turns, carriers, await self._holds())

    async def _carriers(self, interactions: Sequence[str]) -> list[Carrier]:
        wanted = list(interactions)
        return await self._ask.rows("erasing_carriers", Carrier, interactions=wanted)

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

    def _act(
        self,
        kind: str,
        detail: str,
        actor: str,
        data: dict[str, Any],
        interaction: str | None = None,
    ) -> ActFact:
        return ActFact(
            self._means.now_ns(),
            kind,
            None,
            None,
            detail,
            secrets.token_hex(16),
            interaction,
            actor,
            orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode(),
        )


@dataclass(frozen=True, slots=True)
class _Deferred:
    interaction: str
    erasure: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Searched:
    exchange: str
    interaction: str
    raw_ref: str


def _hold_ended_by(act: ActFact) -> str:
    told = orjson.loads(act.data or "{}")
    return str(told.get("hold", ""))


def _portions(names: Sequence[str], most: int) -> list[list[str]]:
    return [list(names[start : start + most]) for start in range(0, len(names), most)]


def _with_id(act: ActFact, id_: str) -> ActFact:
    return ActFact(
        act.at, act.kind, None, None, act.detail, id_, act.interaction, act.actor, act.data
    )
