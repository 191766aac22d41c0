"""One decision at a time: what happens next, and the word people see for why nothing does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.audit.retention.clocks import DAY_NS, Interval
from proxy.audit.retention.decide import DELETES_MAX, Move, Next, Now, Stage, World, decide
from proxy.audit.retention.states import Copy, Disposal, Evidence, Wait
from proxy.audit.retention.trust import Trust

NOW = Now(10 * DAY_NS, 5, "b1")
WORLD = World(Interval(20 * DAY_NS, 60 * DAY_NS, ("test",)), has_credential=True, is_held=False)
DUE = Copy(
    interaction="x",
    scope="s",
    evidence=Evidence.CONFIRMED,
    was_confirmed=True,
    is_ended=True,
    disposal=Disposal.SCHEDULED,
    due_at=9 * DAY_NS,
    boot="b1",
)


def test_what_is_due_is_deleted() -> None:
    assert decide(DUE, NOW, WORLD) == Next(Move.DELETE, Stage.READY)


@pytest.mark.parametrize(
    ("copy", "now", "world", "stage"),
    [
        (DUE, NOW, replace(WORLD, is_held=True), Stage.HELD),
        (DUE, NOW, replace(WORLD, has_credential=False), Stage.WAIT_CRED),
        (DUE, NOW, replace(WORLD, has_open_branch=True), Stage.WAIT_BRANCH),
        (DUE, replace(NOW, trust=Trust.FROZEN), WORLD, Stage.WAIT_CLOCK),
        (DUE, replace(NOW, trust=Trust.UNCORROBORATED), WORLD, Stage.WAIT_CLOCK),
        (replace(DUE, due_at=11 * DAY_NS), NOW, WORLD, Stage.WAIT_DUE),
        (replace(DUE, is_ended=False), NOW, WORLD, Stage.WAIT_RUN),
        (replace(DUE, look_wait=Wait("b1", 6)), NOW, WORLD, Stage.WAIT_RETRY),
        (replace(DUE, deletes=DELETES_MAX), NOW, WORLD, Stage.EXHAUSTED),
        (replace(DUE, disposal=Disposal.SENDING), NOW, WORLD, Stage.WAIT_ANSWER),
        (replace(DUE, send_wait=Wait("b1", 6)), NOW, WORLD, Stage.WAIT_RETRY),
        (replace(DUE, disposal=Disposal.REJECTED), NOW, WORLD, Stage.PERSON),
        (replace(DUE, disposal=Disposal.DELETED_VERIFIED), NOW, WORLD, Stage.DONE),
        (replace(DUE, evidence=Evidence.NEVER_STORED), NOW, WORLD, Stage.DONE),
        (replace(DUE, evidence=Evidence.ORPHAN_SUSPECT), NOW, WORLD, Stage.WAIT_ANSWER),
    ],
)
def test_what_keeps_it_is_named(copy: Copy, now: Now, world: World, stage: Stage) -> None:
    assert decide(copy, now, world) == Next(Move.NOTHING, stage)


def test_a_person_needs_no_trusted_clock() -> None:
    asked = replace(DUE, is_request=True)

    assert decide(asked, replace(NOW, trust=Trust.FROZEN), WORLD).move is Move.DELETE


def test_a_policy_that_changed_its_mind_drops_its_duty_at_the_last_moment() -> None:
    unwanted = replace(WORLD, is_wanted=False)

    assert decide(DUE, NOW, unwanted).move is Move.DROP
    assert decide(replace(DUE, is_request=True), NOW, unwanted).move is Move.DELETE


def test_another_life_waits_by_the_wall_clock() -> None:
    begun = NOW.wall - 5

    def move(until_wall: int, since_wall: int = begun) -> Move:
        waiting = replace(DUE, send_wait=Wait("b0", 10**18, since_wall, until_wall))
        return decide(waiting, NOW, WORLD).move

    assert move(NOW.wall) is Move.DELETE
    assert move(NOW.wall + 1) is Move.NOTHING
    assert move(NOW.wall + 9, since_wall=NOW.wall + 1) is Move.DELETE, "the clock was set back"


def test_what_should_have_expired_is_looked_for_then_presumed() -> None:
    late = replace(NOW, wall=62 * DAY_NS)
    idle = replace(DUE, disposal=Disposal.IDLE, due_at=None)
    blind = replace(WORLD, has_credential=False)

    assert decide(idle, late, WORLD).move is Move.LOOK
    assert decide(idle, late, blind).final is Disposal.EXPIRED_PRESUMED
    assert decide(idle, replace(late, trust=Trust.FROZEN), blind).move is Move.NOTHING
    assert decide(replace(idle, evidence=Evidence.ABSENT), late, WORLD).final is (
        Disposal.EXPIRED_VERIFIED
    )
