"""Which policy wins: keeping beats deleting, what names its subject beats what is for all, the earliest deletion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.retention.clocks import SECOND_NS
from proxy.audit.retention.policy import Policy, Subject, verdict

SUBJECT = Subject(client="c1", models=frozenset({"m1"}), tools=frozenset({"google_search"}))
SECONDS = st.none() | st.integers(0, 100)
POLICIES = st.lists(
    st.builds(
        Policy,
        name=st.sampled_from("pqr"),
        clients=st.sampled_from([frozenset(), frozenset({"c1"}), frozenset({"c2"})]),
        models=st.sampled_from([frozenset(), frozenset({"m1"}), frozenset({"m2"})]),
        delete_upstream_after_s=SECONDS,
        erase_local_after_s=SECONDS,
        keep_local_s=SECONDS,
    ),
    max_size=6,
)


def applying(policies: list[Policy]) -> list[Policy]:
    return [
        each
        for each in policies
        if (not each.clients or "c1" in each.clients) and (not each.models or "m1" in each.models)
    ]


@given(POLICIES)
def test_nothing_is_erased_here_before_the_longest_keeping(policies: list[Policy]) -> None:
    found = verdict(policies, SUBJECT, 0)

    longest = max((each.keep_local_s or 0 for each in applying(policies)), default=0)
    if found.erase_local:
        assert found.erase_local.at >= longest * SECOND_NS


@given(POLICIES)
def test_the_earliest_deletion_wins_among_those_that_name_their_subject(
    policies: list[Policy],
) -> None:
    wanting = [each for each in applying(policies) if each.delete_upstream_after_s is not None]
    named = [each for each in wanting if each.clients or each.models]
    due = [each.delete_upstream_after_s or 0 for each in named or wanting]

    found = verdict(policies, SUBJECT, 5)

    assert (found.delete_upstream.at if found.delete_upstream else None) == (
        5 + min(due) * SECOND_NS if due else None
    )


def test_the_order_of_policies_does_not_matter() -> None:
    policies = [
        Policy(name="all", delete_upstream_after_s=1),
        Policy(name="mine", clients=frozenset({"c1"}), delete_upstream_after_s=9),
    ]

    assert verdict(policies, SUBJECT, 0) == verdict(policies[::-1], SUBJECT, 0)
    due = verdict(policies, SUBJECT, 0).delete_upstream
    assert due is not None
    assert due.policy == "mine"


def test_a_policy_asks_for_all_its_conditions() -> None:
    both = Policy(name="p", clients=frozenset({"c1"}), tools=frozenset({"google_maps"}))

    assert not both.applies(SUBJECT)
    assert Policy(name="p", tools=frozenset({"google_search"})).applies(SUBJECT)
    assert not Policy(name="p", labels=frozenset({"l"})).applies(SUBJECT)
