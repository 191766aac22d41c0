"""The acts of an erasure: that it began, what waits, whose keys are destroyed. What nothing shows is not said."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import orjson

from proxy.audit.erasure.plan import ErasurePlan
from proxy.audit.retention.cascade import Reach
from proxy.recording.facts import ActFact
from proxy.store.erasing.scrubbing import ERASED, EXCHANGES_PER_ACT
from proxy.store.erasing.tombstones import Erasure

INTERACTIONS_PER_ACT: Final = 150
"""Ids of one act: some 11 KB."""
BYPASSED: Final = "bypassed"
"""Among the counts of an erasure by which keepings are set aside: interactions that went although a policy keeps such."""
ELSEWHERE: Final = (
    "Google's own copy: only a deletion there ends it (`retention` says until when it lives)",
    "folders that `export` or `show --media` wrote, and what people copied from the screen",
    "spans and logs that were sent to collectors: spans hold content only if traces.content is on",
    "backups of the data folder: they open only with keys, of which none may be older than this erasure",
    "keyed digests in the vault's facts, sealed under the key of their day (data/keys/facts)",
    "exchanges that are still open: their keys go when they end",
    "what callers send again later: a new exchange that repeats it is recorded like any other",
    "what a disk keeps below its files: keys are overwritten in place",
)
"""What an erasure here does not reach; told with every one."""
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
        wide = {"reach": erasure.reach, "quoted": erasure.with_quoted}
        asked = {} if wide == {"reach": Reach.NODE, "quoted": False} else wide
        if BYPASSED in erasure.counts:
            asked = asked | {"bypass": True}
        what = "is gone" if not unproven else "is not shown any more; slots of keys are missing"
        for portion in _portions(erasure.interactions, INTERACTIONS_PER_ACT):
            detail = f"the content of {len(portion)} interactions {what}"
            data = asked | {"erasure": erasure.id, "interactions": portion}
            acts.append(_again(self.act(ERASED, detail, erasure.actor, data)))
        times: dict[str, Any] = {} if seen is None else {"seen_us": seen}
        proven = [name for name in erasure.exchanges if name not in unproven]
        acts += self.destroyed(erasure.id, proven, erasure.actor, times)
        for portion in _portions(sorted(unproven), EXCHANGES_PER_ACT):
            detail = f"the slots of {len(portion)} exchanges are not here: no key was destroyed"
            data = times | {"erasure": erasure.id, "unproven": portion}
            acts.append(_again(self.act(ERASED, detail, erasure.actor, data)))
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
            acts.append(_again(self.act(ERASED, detail, actor, data)))
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
        shared: dict[str, Any] = {
            "step": "deferred",
            "erasure": erasure.id,
            "quoted": erasure.with_quoted,
        }
        if erasure.reach != Reach.NODE:
            shared["reach"] = erasure.reach
        if BYPASSED in erasure.counts:
            shared["bypass"] = True
        return _again(self.act("erasure", erasure.reason, erasure.actor, shared | waiting))


def counts_of(plan: ErasurePlan, bypassed: Collection[str] | None = None) -> dict[str, int]:
    """What the first act says was planned.

    `bypassed`: of what goes, what a policy keeps for whoever does not set it aside; None: it is not set aside.
    """
    set_aside = {} if bypassed is None else {BYPASSED: len(bypassed)}
    return set_aside | {
        "interactions": len(plan.order),
        "exchanges": len(plan.exchanges),
        "quoted_left": len(plan.quoted),
        "left": len(plan.left),
        "held": len(plan.kept),
    }


def _again(act: ActFact) -> ActFact:
    """Named by what it says of its erasure: told again (resume) it is the same act, and a fleet has it once."""
    told = {"kind": act.kind} | orjson.loads(act.data or "{}")
    told.pop("seen_us", None)  # of a vault that was put back that is not known
    name = hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return replace(act, act=name[:32])


def _portions(names: Sequence[_One], most: int) -> list[list[_One]]:
    return [list(names[start : start + most]) for start in range(0, len(names), most)]
