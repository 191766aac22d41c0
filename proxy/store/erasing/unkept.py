"""Exchanges that are recorded without their content: they tell of something erased, or a policy says so. Pure.

Of such an exchange there stays what says that it was: who, when, how long, how much, model, types of steps, tokens,
status. Not kept: raw bytes, contents of steps, media, and digests made of them. Its key is destroyed after the commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from proxy.journal.format import ExchangeId
from proxy.recording.facts import ActFact, Recording
from proxy.store.erasing.scrubbing import ERASED, EXCHANGES_PER_ACT, scrubbed

LATE: Final = ""
"""In place of a policy's name: it tells of what was erased."""


@dataclass(frozen=True, slots=True)
class Unkept:
    """One exchange whose content was not kept."""

    exchange: ExchangeId
    policy: str = LATE
    created: tuple[str, ...] = ()
    """Interactions that it made: later exchanges about them are not kept either, whatever they show."""


def unkept_by_policy(exchange: ExchangeId, recording: Recording, policy: str) -> Unkept:
    """What a policy does not want kept."""
    created = {
        row.interaction
        for row in recording.observations
        if row.how == "created" and row.interaction_id is not None  # nobody asks for what has none
    }
    return Unkept(exchange, policy, tuple(sorted(created)))


def facts_alone(recording: Recording) -> Recording:
    """Without digests of content; blind indices of labels stay, by which a person's interactions are found."""
    bare = scrubbed(recording)
    kept = zip(bare.observations, recording.observations, strict=True)
    rows = tuple(replace(row, label_index=told.label_index) for row, told in kept)
    return replace(bare, observations=rows)


def acts_of(unkept: Iterable[Unkept], now_ns: int) -> list[ActFact]:
    """What is told of them, each policy apart."""
    by_policy: dict[str, list[Unkept]] = {}
    for each in unkept:
        by_policy.setdefault(each.policy, []).append(each)
    found: list[ActFact] = []
    for policy, all_ in by_policy.items():
        for start in range(0, len(all_), EXCHANGES_PER_ACT):
            some = all_[start : start + EXCHANGES_PER_ACT]
            data: dict[str, Any] = {"exchanges": [str(one.exchange) for one in some]}
            data |= {"is_late": True}
            why = "they tell of what was erased"
            if policy != LATE:
                why = f"policy {policy} stores none"
                created = [name for one in some for name in one.created]
                data |= {"policy": policy, "interactions": created}
            detail = f"content of {len(some)} exchanges was not kept: {why}"
            told = orjson.dumps(data).decode()
            found.append(ActFact(now_ns, ERASED, None, None, detail, actor="recorder", data=told))
    return found
