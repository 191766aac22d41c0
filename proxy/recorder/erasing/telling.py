"""The acts of an erasure: that it began, what waits, whose keys are destroyed. What nothing shows is not said."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import orjson

from proxy.audit.erasure.plan import ErasurePlan
from proxy.recording.facts import ActFact
from proxy.store.erasing.scrubbing import ERASED, EXCHANGES_PER_ACT
from proxy.store.erasing.tombstones import Erasure

INTERACTIONS_PER_ACT: Final = 150
"""Ids of one act: some 11 KB."""
_One = TypeVar("_One")


class Telling:
    """Makes acts; whoever asks has them recorded."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns

    def begun(self, erasure: Erasure) -> list[ActFact]:
        """Who wants what gone, and why; and what is held."""
        begin = {"step": "begin"} | dict(erasure.counts)
        acts = [replace(self.act("erasure", erasure.reason, erasure.actor, begin), act=erasure.id)]
        held = _portions(erasure.deferred, INTERACTIONS_PER_ACT)
        return acts + [self._deferral(erasure, {"deferred": portion}) for portion in held]

    def ended(
        self, erasure: Erasure, unproven: Collection[str], seen: tuple[int, int] | None
    ) -> list[ActFact]:
        """That the keys are gone.

        Args:
            erasure: settled.
            unproven: of its exchanges, those whose slot is not here: of them it is not said that a key is destroyed.
            seen: between which instants the rows of these exchanges were seen, us.
        """
        acts = []
        what = "is gone" if not unproven else "is not shown any more; slots of keys are missing"
        for portion in _portions(erasure.interactions, INTERACTIONS_PER_ACT):
            detail = f"the content of {len(portion)} interactions {what}"
            data = {"erasure": erasure.id, "interactions": portion}
            acts.append(self.act(ERASED, detail, erasure.actor, data))
        times: dict[str, Any] = {} if seen is None else {"seen_us": seen}
        proven = [name for name in erasure.exchanges if name not in unproven]
        acts += self.destroyed(erasure.id, proven, erasure.actor, times)
        for portion in _portions(sorted(unproven), EXCHANGES_PER_ACT):
            detail = f"the slots of {len(portion)} exchanges are not here: no key was destroyed"
            data = times | {"erasure": erasure.id, "unproven": portion}
            acts.append(self.act(ERASED, detail, erasure.actor, data))
        spared = _portions(erasure.spared, INTERACTIONS_PER_ACT)
        return acts + [self._deferral(erasure, {"spared": pairs}) for pairs in spared]

    def destroyed(
        self, erasure: str, exchanges: Sequence[str], actor: str, more: dict[str, Any] | None = None
    ) -> list[ActFact]:
        """That these keys were overwritten, and read back as such."""
        acts = []
        for portion in _portions(exchanges, EXCHANGES_PER_ACT):
            detail = f"the keys of {len(portion)} exchanges are destroyed"
            data = {"erasure": erasure, "exchanges": portion} | (more or {})
            acts.append(self.act(ERASED, detail, actor, data))
        return acts

    def act(
        self,
        kind: str,
        detail: str,
        actor: str,
        data: dict[str, Any],
        interaction: str | None = None,
    ) -> ActFact:
        """One act of now."""
        return ActFact(
            self._now_ns(),
            kind,
            None,
            None,
            detail,
            secrets.token_hex(16),
            interaction,
            actor,
            orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode(),
        )

    def _deferral(self, erasure: Erasure, waiting: dict[str, Any]) -> ActFact:
        shared = {"step": "deferred", "erasure": erasure.id, "quoted": erasure.with_quoted}
        return self.act("erasure", erasure.reason, erasure.actor, shared | waiting)


def counts_of(plan: ErasurePlan) -> dict[str, int]:
    """What the first act says was planned."""
    return {
        "interactions": len(plan.order),
        "exchanges": len(plan.exchanges),
        "quoted_left": len(plan.quoted),
        "left": len(plan.left),
        "held": len(plan.kept),
    }


def _portions(names: Sequence[_One], most: int) -> list[list[_One]]:
    return [list(names[start : start + most]) for start in range(0, len(names), most)]
