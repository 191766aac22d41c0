"""What the acts of an erasure say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from proxy.recorder.erasing.telling import BYPASSED, ELSEWHERE, INTERACTIONS_PER_ACT, Telling
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


def test_how_far_it_was_to_go_is_said_where_that_is_farther_than_what_was_named() -> None:
    """A fleet's other proxies have turns that this one never saw."""
    far = replace(ERASURE, reach="thread", with_quoted=True)

    told, *_ = data(Telling(lambda: 7).ended(far, (), None))

    assert told == {
        "erasure": ERASURE.id,
        "interactions": ["v1_one"],
        "reach": "thread",
        "quoted": True,
    }


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


def test_what_is_told_again_is_the_same_act() -> None:
    """After a vault was put back: with another time, and without knowing when rows were seen."""
    erasure = replace(ERASURE, deferred=("v1_two",), spared=(("x-3", "v1_three"),))
    waiting, other = erasure, replace(erasure, id="f" * 32)

    def names(erasure: Erasure, now_ns: int, seen: tuple[int, int] | None) -> list[str | None]:
        telling = Telling(lambda: now_ns)
        return [act.act for act in telling.begun(erasure) + telling.ended(erasure, {"x-2"}, seen)]

    first = names(waiting, 7, (1, 2))
    assert names(waiting, 8, None) == first
    assert len({*first, *names(other, 7, (1, 2))}) == 2 * len(first)


def test_that_keepings_were_set_aside_is_said_with_what_is_gone() -> None:
    """Other proxies of a fleet have policies of their own."""
    told, *_ = data(Telling(lambda: 7).ended(replace(ERASURE, counts={BYPASSED: 0}), (), None))

    assert told["bypass"] is True


def test_what_is_not_reached_is_said() -> None:
    assert any("Google" in place for place in ELSEWHERE)
    assert any("backups" in place for place in ELSEWHERE)
