"""The lives of test_invariants find a machine that is wrong: each mutant breaks one invariant of the reference.

I12 is judged by an account of its own: policies drawn by chance, and what must win among them. I15 and I16 are mutated
in tests/store/erasing/test_lives.py, I17 and I18 in tests/steward/disposal/test_discretion.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, Final

import pytest

from proxy.audit.ledger import telling
from proxy.audit.retention import clocks, decide, machine, policy
from proxy.audit.retention.clocks import SECOND_NS
from proxy.audit.retention.policy import Duty, Policy, Subject, Verdict
from proxy.audit.retention.states import ATTENTION, Copy, Disposal, Misses, Store
from tests.audit.retention import living
from tests.audit.retention.test_invariants import a_life

LIVES_MAX: Final = 40
"""Drawn before a mutant counts as not found; most are found in the first few."""
FILES_MAX: Final = 400
SUBJECT: Final = Subject(client="c1", models=frozenset({"m1"}))
Patch = Callable[[pytest.MonkeyPatch], None]


def instead(room: Any, name: str, value: Any) -> Patch:
    return lambda patch: patch.setattr(room, name, value)


def told_before(patch: pytest.MonkeyPatch) -> None:
    """I20: what is told lags one event behind."""
    written = telling.written
    late = replace(Copy(interaction="x", scope="s"), disposal=Disposal.SCHEDULED)
    patch.setattr(
        telling,
        "written",
        lambda event, after: written(event, late if after.disposal in ATTENTION else after),
    )


def forgets_residues(kind: str) -> Patch:
    """I22: one clock beside the copy's own is not kept."""
    residues = clocks.residues

    def fewer(*given: Any) -> Any:
        return [each for each in residues(*given) if each.kind != kind]

    return instead(living, "residues", fewer)


def all_is_proven(copy: Copy, event: Any) -> Copy:
    """I4: one 404 is enough."""
    return machine._proven(replace(copy, misses=Misses(event.boot, event.mono, event.mono, True)))  # noqa: FBT003


def never_dated(*_: Any) -> bool:
    return False


MUTANTS: Final[dict[str, Patch]] = {
    "I1 holds are not looked at": instead(decide, "_hindrance", lambda *_: decide.Stage.READY),
    "I4 one 404 proves it": instead(machine, "_missed", all_is_proven),
    "I10 what was sending is sent again": instead(
        machine,
        "_restarted",
        lambda copy, event: replace(copy, boot=event.boot, disposal=Disposal.SCHEDULED),
    ),
    "cascade: what comes behind a branch is not of it": instead(
        machine,
        "_duty",
        lambda copy, event, duty=machine._duty: replace(duty(copy, event), is_branch=False),
    ),
    "I19 silence counts as no": instead(
        machine,
        "_created",
        lambda copy, event, made=machine._created: replace(
            made(
                replace(copy, store=Store.NO if copy.store is Store.INHERITED else copy.store),
                event,
            ),
            store=copy.store,
        ),
    ),
    "I20 a state is told late": told_before,
    "I22 the studio's log is forgotten": forgets_residues("studio_log"),
    "I22 a copy without an end is over": instead(clocks.Residue, "is_open", never_dated),
}


def lives() -> None:
    for seed in range(LIVES_MAX):
        a_life(seed)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_machine_that_is_wrong_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)

    with pytest.raises(AssertionError):
        lives()


def a_file(chance: Random) -> list[Policy]:
    """Some policies, about this subject and others."""

    def span() -> int | None:
        return chance.choice([None, chance.randrange(100)])

    return [
        Policy(
            name=f"p{number}",
            clients=chance.choice([frozenset(), frozenset({"c1"}), frozenset({"c2"})]),
            models=chance.choice([frozenset(), frozenset({"m1"}), frozenset({"m2"})]),
            delete_upstream_after_s=span(),
            erase_local_after_s=span(),
            keep_local_s=span(),
        )
        for number in range(chance.randrange(1, 7))
    ]


def judge(policies: list[Policy], found: Verdict) -> None:
    """Keeping beats deleting, the longest keeping; explicit beats implicit; the earliest deletion."""
    mine = [
        each
        for each in policies
        if (not each.clients or "c1" in each.clients) and (not each.models or "m1" in each.models)
    ]
    kept_s = max((each.keep_local_s or 0 for each in mine), default=0)

    def earliest_s(wish: str) -> int | None:
        wanting = [each for each in mine if getattr(each, wish) is not None]
        named = [each for each in wanting if each.clients or each.models]
        return min((getattr(each, wish) for each in named or wanting), default=None)

    def seconds(duty: Duty | None) -> int | None:
        return None if duty is None else duty.at // SECOND_NS

    here = earliest_s("erase_local_after_s")
    assert seconds(found.delete_upstream) == earliest_s("delete_upstream_after_s")
    assert seconds(found.erase_local) == (None if here is None else max(here, kept_s))


def files_are_judged() -> None:
    for seed in range(FILES_MAX):
        policies = a_file(Random(seed))
        judge(policies, policy.verdict(policies, SUBJECT, 0))


def test_what_wins_among_policies() -> None:
    files_are_judged()


def latest(policies: Any, began_at: int, at: Any) -> Duty | None:
    found = [Duty(due, each.name) for each in policies if (due := at(each, began_at)) is not None]
    return max(found, key=lambda duty: duty.at, default=None)


def implicit(policies: Any, began_at: int, at: Any) -> Duty | None:
    found = [Duty(due, each.name) for each in policies if (due := at(each, began_at)) is not None]
    return min(found, key=lambda duty: duty.at, default=None)


PRECEDENCE: Final[dict[str, Patch]] = {
    "the latest deletion wins": instead(policy, "_earliest", latest),
    "what is for all counts as well": instead(policy, "_earliest", implicit),
    "deleting beats keeping": instead(
        policy,
        "verdict",
        lambda policies, *more, told=policy.verdict: told(
            [replace(each, keep_local_s=None) for each in policies], *more
        ),
    ),
    "the shortest keeping wins": instead(
        policy,
        "verdict",
        lambda policies, *more, told=policy.verdict: told(
            [
                replace(each, keep_local_s=None)
                if each.keep_local_s == max(other.keep_local_s or 0 for other in policies)
                else each
                for each in policies
            ],
            *more,
        ),
    ),
    "a policy about others is mine": instead(Policy, "applies", lambda *_: True),
}


@pytest.mark.parametrize("name", PRECEDENCE)
def test_an_order_that_is_wrong_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PRECEDENCE[name](monkeypatch)

    with pytest.raises(AssertionError):
        files_are_judged()
