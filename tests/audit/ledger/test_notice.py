"""A policy that became stricter reaches what was there already after its notice; what is younger at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.audit.ledger.notice import (
    NOTHING_STOOD,
    PER_ACT,
    Standings,
    about_of,
    stood,
    told_changes,
    told_standings,
    with_notice,
)
from proxy.audit.retention.clocks import DAY_NS
from proxy.audit.retention.policy import Policy, Subject, verdict

WEEK = Policy(name="week", delete_upstream_after_s=7 * 86_400, erase_local_after_s=7 * 86_400)
DAY = replace(WEEK, delete_upstream_after_s=86_400, erase_local_after_s=86_400)
KEEP = Policy(name="keep", keep_local_s=30 * 86_400)
ANYBODY = Subject(client=None)
NOTICE = 2 * DAY_NS


def due(policies: list[Policy], standings: Standings, began_at: int) -> tuple[int, int]:
    """Days: of the deletion there, of the erasure here."""
    found = verdict(with_notice(policies, standings, NOTICE), ANYBODY, began_at)
    assert found.delete_upstream
    assert found.erase_local
    return found.delete_upstream.at // DAY_NS, found.erase_local.at // DAY_NS


def test_what_was_there_waits_for_the_notice_and_what_comes_later_does_not() -> None:
    first = stood(NOTHING_STOOD, [WEEK], 10 * DAY_NS)
    shorter = stood(first, [DAY], 20 * DAY_NS)

    assert due([WEEK], first, 0) == (12, 12)
    assert due([WEEK], first, 9 * DAY_NS) == (16, 16)
    assert due([WEEK], first, 10 * DAY_NS) == (17, 17)
    assert due([DAY], shorter, 15 * DAY_NS) == (22, 22)
    assert due([DAY], shorter, 20 * DAY_NS) == (21, 21)


def test_what_became_longer_needs_no_notice() -> None:
    first = stood(NOTHING_STOOD, [DAY], 0)

    assert stood(first, [WEEK], 5 * DAY_NS).policies["week"].delete_since == 0


@pytest.mark.parametrize(
    "changed", [replace(DAY, models=frozenset({"m"})), replace(DAY, name="another")]
)
def test_who_is_meant_by_it_for_the_first_time_has_the_notice(changed: Policy) -> None:
    first = stood(NOTHING_STOOD, [DAY], 0)
    (standing,) = stood(first, [changed], 5 * DAY_NS).policies.values()

    assert standing.delete_since == 5 * DAY_NS


def test_a_keeping_that_ends_goes_on_for_the_notice() -> None:
    both = stood(NOTHING_STOOD, [WEEK, KEEP], 0)
    without = stood(both, [WEEK], 20 * DAY_NS)
    shorter = stood(both, [WEEK, replace(KEEP, keep_local_s=86_400)], 20 * DAY_NS)

    assert due([WEEK], without, 5 * DAY_NS) == (12, 22)
    assert shorter.kept_until == without.kept_until == 20 * DAY_NS
    assert stood(without, [WEEK], 25 * DAY_NS).kept_until == 20 * DAY_NS


ALL = Policy(name="all", delete_upstream_after_s=86_400, erase_local_after_s=86_400)
HERS = replace(
    ALL,
    name="hers",
    models=frozenset({"m"}),
    delete_upstream_after_s=30 * 86_400,
    erase_local_after_s=30 * 86_400,
)


@pytest.mark.parametrize(
    "left",
    [
        [ALL],
        [ALL, replace(HERS, models=frozenset({"other"}))],
        [ALL, replace(HERS, delete_upstream_after_s=None, erase_local_after_s=None)],
    ],
    ids=["it is gone", "it is about others", "it lost its spans"],
)
def test_who_loses_a_policy_of_his_own_has_the_notice_before_the_one_for_all(
    left: list[Policy],
) -> None:
    subject = Subject(client=None, models=frozenset({"m"}))
    before = stood(NOTHING_STOOD, [ALL, HERS], 0)
    after = stood(before, left, 10 * DAY_NS)
    still = stood(after, left, 11 * DAY_NS)

    found = verdict(with_notice(left, after, NOTICE), subject, 5 * DAY_NS)
    young = verdict(with_notice(left, after, NOTICE), subject, 10 * DAY_NS)

    assert found.delete_upstream
    assert found.erase_local
    assert (found.delete_upstream.at, found.erase_local.at) == (12 * DAY_NS, 12 * DAY_NS)
    assert young.delete_upstream
    assert young.delete_upstream.at == 11 * DAY_NS
    assert still.loosened_at == after.loosened_at == 10 * DAY_NS


def test_who_keeps_a_policy_of_his_own_waits_for_nothing_that_others_lost() -> None:
    his = replace(HERS, name="his", models=frozenset({"n"}))
    before = stood(NOTHING_STOOD, [ALL, HERS, his], 0)
    policies = with_notice([ALL, his], stood(before, [ALL, his], 34 * DAY_NS), NOTICE)

    found = verdict(policies, Subject(client=None, models=frozenset({"n"})), 5 * DAY_NS)

    assert found.delete_upstream
    assert found.delete_upstream.at == 35 * DAY_NS


def test_the_policy_for_all_that_goes_or_one_that_lasts_longer_lets_go_of_nothing() -> None:
    longer = replace(HERS, delete_upstream_after_s=40 * 86_400)
    before = stood(NOTHING_STOOD, [ALL, HERS], 1)

    assert stood(before, [longer], 2).loosened_at == 0


def test_acts_of_before_there_was_such_a_notice_are_read() -> None:
    told: dict[str, Any] = {"standings": {}, "kept_until": 7}

    assert told_standings([told, told | {"loosened_at": "x"}]) == Standings({}, 7)
    assert told_standings([told | {"loosened_at": 9}, told]) == Standings({}, 7, 9)


def test_no_notice_is_none() -> None:
    assert with_notice([WEEK], stood(NOTHING_STOOD, [WEEK], 5), 0) == (WEEK,)


def test_conditions_are_told_by_a_digest() -> None:
    one = replace(WEEK, labels=frozenset({"a", "b"}))

    assert about_of(one) == about_of(replace(WEEK, labels=frozenset({"b", "a"})))
    assert about_of(one) != about_of(WEEK)


_POLICIES = st.lists(
    st.builds(
        Policy,
        name=st.sampled_from([f"p{number}" for number in range(PER_ACT + 5)]),
        models=st.sampled_from([frozenset(), frozenset({"m"})]),
        delete_upstream_after_s=st.none() | st.integers(0, 9),
        keep_local_s=st.none() | st.integers(0, 9),
    ),
    unique_by=lambda policy: policy.name,
    max_size=PER_ACT + 5,
)


@settings(max_examples=25)
@given(st.lists(_POLICIES, max_size=4))
def test_what_stands_is_read_back_from_the_acts_as_it_was(files: list[list[Policy]]) -> None:
    standing, acts = NOTHING_STOOD, list[bytes]()
    for number, policies in enumerate(files):
        before, standing = standing, stood(standing, policies, number)
        acts += [orjson.dumps(each) for each in told_changes(before, standing)]

    assert told_standings(map(orjson.loads, acts)) == standing
    assert all(len(act) < 16 * 1024 for act in acts)
    assert told_changes(standing, standing) == []


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"standings": {"p": 1}, "kept_until": 0},
        {"standings": {"p": {"about": 1}}, "kept_until": 0},
        {"standings": [], "kept_until": "x"},
    ],
)
def test_what_is_damaged_was_never_there(told: Any) -> None:
    assert told_standings([told]) == NOTHING_STOOD
