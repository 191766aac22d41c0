"""What to do next about a copy, if anything. Pure: the steward asks, acts, and records what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from proxy.audit.retention.clocks import DAY_NS, RULES, Interval
from proxy.audit.retention.states import FINAL, Copy, Disposal, Evidence, Wait
from proxy.audit.retention.trust import Trust
from proxy.values import plain_value

DELETES_MAX: Final = 12
"""DELETEs of one copy: by then 18 days have gone, and expiry is nearer than an answer."""
GETS_MAX: Final = 40
"""Looks at one copy: three rounds of verification and a look a day in the last weeks."""
CANCELS_MAX: Final = 1
CANCEL_AFTER_NS: Final = DAY_NS
"""How long something due may go on running before it is cancelled, when a person asked for its removal."""


class Move(StrEnum):
    """What the steward does."""

    NOTHING = "nothing"
    DELETE = "delete"
    LOOK = "look"
    CONTROL = "control"
    CANCEL = "cancel"
    DROP = "drop"
    """The duty no longer holds: record DutyEnded."""
    CONCLUDE = "conclude"


class Stage(StrEnum):
    """Why nothing happens, in the words people see. A Disposal otherwise."""

    HELD = "held"
    WAIT_RUN = "wait_run"
    WAIT_CRED = "wait_cred"
    WAIT_BRANCH = "wait_branch"
    """Turns behind it go first."""
    WAIT_CLOCK = "wait_clock"
    WAIT_DUE = "wait_due"
    WAIT_RETRY = "wait_retry"
    WAIT_ANSWER = "wait_answer"
    EXHAUSTED = "exhausted"
    """Tried as often as allowed: expiry takes over."""
    PERSON = "person"
    """Somebody has to look."""
    DONE = "done"
    READY = "ready"


@plain_value(frozen=True, slots=True)
class Now:
    """The clocks, and whether they may decide."""

    wall: int
    mono: int
    boot: str
    trust: Trust = Trust.TRUSTED


@plain_value(frozen=True, slots=True)
class World:
    """What lies outside a copy's own record."""

    interval: Interval
    has_credential: bool
    is_held: bool
    """By a hold of its own or on any turn behind it."""
    has_open_branch: bool = False
    """A selected turn behind it is not final yet."""
    is_wanted: bool = True
    """The policy that made the duty still says so."""


@plain_value(frozen=True, slots=True)
class Next:
    """The move, why, and which final state a CONCLUDE is about."""

    move: Move
    stage: Stage
    final: Disposal | None = None


def decide(copy: Copy, now: Now, world: World) -> Next:
    """The next move."""
    if copy.disposal in FINAL:
        return _upgrade(copy, now, world)
    if copy.evidence in {Evidence.NOT_CREATED, Evidence.NEVER_STORED}:
        return Next(Move.NOTHING, Stage.DONE)
    match copy.disposal:
        case Disposal.SENDING:
            return Next(Move.NOTHING, Stage.WAIT_ANSWER)
        case Disposal.AMBIGUOUS | Disposal.VERIFYING:
            return _find_out(copy, now, world)
        case Disposal.SCHEDULED | Disposal.BACKOFF | Disposal.UNSUPPORTED:
            return _remove(copy, now, world)
        case Disposal.IDLE:
            return _await_expiry(copy, now, world, Stage.DONE)
        case Disposal.DENIED if copy.refused is None and world.has_credential:
            return Next(Move.CONTROL, Stage.PERSON)
        case _:
            return _await_expiry(copy, now, world, Stage.PERSON)


def _upgrade(copy: Copy, now: Now, world: World) -> Next:
    """A final that rests on no look may become one that does; nothing else changes."""
    if can_be_proven(copy) and world.has_credential:
        return _look(copy, now)
    return Next(Move.NOTHING, Stage.DONE)


def can_be_proven(copy: Copy) -> bool:
    """Whether more looks may show what a final state only presumes."""
    is_presumed = copy.disposal in {Disposal.EXPIRED_PRESUMED, Disposal.UNVERIFIABLE}
    return is_presumed and copy.was_confirmed and copy.gets < GETS_MAX


def _find_out(copy: Copy, now: Now, world: World) -> Next:
    if not world.has_credential:
        return _await_expiry(copy, now, world, Stage.WAIT_CRED)
    if copy.gets >= GETS_MAX:
        return _await_expiry(copy, now, world, Stage.EXHAUSTED)
    return _look(copy, now)


def _look(copy: Copy, now: Now) -> Next:
    """The next look when it is its time; between a first 404 and the next look, a control."""
    if not _is_over(copy.look_wait, now):
        return Next(Move.NOTHING, Stage.WAIT_RETRY)
    misses = copy.misses
    is_missed = misses.boot == now.boot and misses.first_mono is not None
    if is_missed and misses.control_mono is None:
        return Next(Move.CONTROL, Stage.READY)
    return Next(Move.LOOK, Stage.READY)


def _remove(copy: Copy, now: Now, world: World) -> Next:
    if copy.evidence is Evidence.ABSENT:
        is_expired = now.wall > world.interval.latest
        final = Disposal.EXPIRED_VERIFIED if is_expired else Disposal.ALREADY_GONE
        return Next(Move.CONCLUDE, Stage.READY, final)
    if copy.evidence in {Evidence.INTENDED, Evidence.ORPHAN_SUSPECT}:  # nobody knows its id
        return _await_expiry(copy, now, world, Stage.WAIT_ANSWER)
    stage = _hindrance(copy, now, world)
    if stage is Stage.WAIT_RUN and _may_cancel(copy, now, world):
        return Next(Move.CANCEL, Stage.WAIT_RUN)
    if stage is not Stage.READY:  # what nobody may remove now may still expire
        return _await_expiry(copy, now, world, stage)
    if not copy.is_request and not world.is_wanted:
        return Next(Move.DROP, Stage.READY)
    if not copy.was_confirmed and copy.gets == 0:  # what was never seen there cannot be proven gone
        return Next(Move.LOOK, Stage.READY)
    return Next(Move.DELETE, Stage.READY)


def _hindrance(copy: Copy, now: Now, world: World) -> Stage:
    """What keeps a DELETE from being sent now; READY: nothing."""
    checks = (
        (world.is_held, Stage.HELD),
        (not copy.is_request and not _is_due(copy, now), Stage.WAIT_DUE),
        (not (copy.is_request or now.trust is Trust.TRUSTED), Stage.WAIT_CLOCK),
        (not world.has_credential, Stage.WAIT_CRED),
        (not copy.is_ended, Stage.WAIT_RUN),
        (world.has_open_branch, Stage.WAIT_BRANCH),
        (copy.deletes >= DELETES_MAX, Stage.EXHAUSTED),
        (not _is_over(copy.look_wait, now), Stage.WAIT_RETRY),
        (not _is_over(copy.send_wait, now), Stage.WAIT_RETRY),
    )
    return next((stage for applies, stage in checks if applies), Stage.READY)


def _is_due(copy: Copy, now: Now) -> bool:
    return copy.due_at is not None and copy.due_at <= now.wall


def _may_cancel(copy: Copy, now: Now, world: World) -> bool:
    has_waited = copy.due_at is not None and now.wall - copy.due_at > CANCEL_AFTER_NS
    return copy.is_request and has_waited and copy.cancels < CANCELS_MAX and not world.is_held


def _await_expiry(copy: Copy, now: Now, world: World, stage: Stage) -> Next:
    """What Google removes by itself: found to be gone where one can look, presumed where one cannot."""
    latest = world.interval.latest
    if now.wall <= latest or now.trust is not Trust.TRUSTED:
        return Next(Move.NOTHING, stage)
    if copy.evidence is Evidence.ABSENT:
        return Next(Move.CONCLUDE, Stage.READY, Disposal.EXPIRED_VERIFIED)
    can_look = world.has_credential and copy.was_confirmed and copy.gets < GETS_MAX
    if can_look and copy.disposal is not Disposal.DENIED:
        return _look(copy, now)
    if now.wall > latest + RULES.grace_ns:
        return Next(Move.CONCLUDE, Stage.READY, Disposal.EXPIRED_PRESUMED)
    return Next(Move.NOTHING, stage)


def _is_over(wait: Wait, now: Now) -> bool:
    return wait.is_over(now.wall, now.mono, now.boot)
