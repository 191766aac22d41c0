"""What the acts of an erasure say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from proxy.recorder.erasing.telling import INTERACTIONS_PER_ACT, Telling
from proxy.recording.facts import ActFact
from proxy.store.erasing.scrubbing import erased_exchanges
from proxy.store.erasing.tombstones import Erasure

ERASURE = Erasure("e" * 32, 5, ("v1_one",), ("x-1", "x-2"), "they asked", "ann")


def data(acts: list[ActFact]) -> list[dict[str, Any]]:
    return [json.loads(act.data or "{}") for act in acts]


def test_the_first_act_has_the_name_of_the_erasure_and_what_waits_is_told_in_portions() -> None:
    waiting = tuple(f"v1_{number}" for number in range(INTERACTIONS_PER_ACT + 1))

    first, *others = Telling(lambda: 7).begun(replace(ERASURE, deferred=waiting))

    assert (first.act, first.at, first.actor, first.detail) == ("e" * 32, 7, "ann", "they asked")
    assert [len(each["deferred"]) for each in data(others)] == [INTERACTIONS_PER_ACT, 1]


def test_a_key_is_said_to_be_destroyed_only_where_it_was() -> None:
    acts = Telling(lambda: 7).ended(ERASURE, {"x-2"}, (1, 2))

    shared = {"erasure": ERASURE.id, "seen_us": [1, 2]}
    assert data(acts) == [
        {"erasure": ERASURE.id, "interactions": ["v1_one"]},
        shared | {"exchanges": ["x-1"]},
        shared | {"unproven": ["x-2"]},
    ]
    assert "no key was destroyed" in acts[-1].detail
    assert [each.exchanges for each in erased_exchanges(acts)] == [("x-1",), ("x-2",)]
