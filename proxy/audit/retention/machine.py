"""From one state of a copy to the next: `after(copy, event)`. Pure; the same event twice changes nothing.

Events that cannot happen in a state are taken in and change nothing: records come from a world that does not ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import Final

from proxy.audit.retention.clocks import DAY_NS, SECOND_NS
from proxy.audit.retention.events import (
    AnyEvent,
    CancelIntended,
    Concluded,
    Continued,
    ControlLooked,
    CreateEnded,
    CredentialChanged,
    DeleteAnswered,
    DeleteIntended,
    DeleteWithdrawn,
    DutyBegan,
    DutyEnded,
    HoldPlaced,
    Looked,
    Restarted,
    RunEnded,
)
from proxy.audit.retention.states import (
    ATTENTION,
    FINAL,
    NO_WAIT,
    VERIFIED,
    Copy,
    Disposal,
    Evidence,
    Flag,
    Misses,
    Refused,
    Store,
    Wait,
)

CONFIRM_NS: Final = 60 * SECOND_NS
"""Between the two 404s of a proof: caches and replicas upstream have had their time."""
POLLS_S: Final = (1, 5, 30, 120, 600)
"""When to look after a DELETE was accepted, in seconds after it or after the last look."""
WAITS_S: Final = (1, 5, 30, 180, 900, 3600, 21_600, 86_400, 172_800, 432_000, 864_000)
"""Before the next DELETE, attempt by attempt: minutes for a hiccup, days for an outage. All but the last third is
spread by chance. Twelve attempts reach over 18 days."""
LOOK_AGAIN_S: Final = 60
"""After a look that was not answered, or that found a first 404 late."""
PROBE_NS: Final = DAY_NS
"""Between DELETEs that are answered with 'not implemented'."""
ROUNDS_MAX: Final = 3
"""Rounds of accepted DELETEs that had no effect; then a person."""

_TRANSIENT: Final = frozenset([408, 409, 429])
_UNSUPPORTED: Final = frozenset([405, 501])
_DENIED: Final = frozenset([401, 403])
_AWAITING: Final = frozenset([Disposal.VERIFYING, Disposal.AMBIGUOUS])
_WAITING: Final = frozenset([Disposal.SCHEDULED, Disposal.BACKOFF, Disposal.UNSUPPORTED])


def after(copy: Copy, event: AnyEvent) -> Copy:
    """The copy after an event."""
    if event.id in copy.seen_events:
        return copy
    changed = _changed(copy, event)
    return replace(changed, seen_events=copy.seen_events | {event.id})


def replayed(copy: Copy, events: Iterable[AnyEvent]) -> Copy:
    """The copy after all of them, in the order of recording."""
    return reduce(after, events, copy)


def _changed(copy: Copy, event: AnyEvent) -> Copy:
    match event:
        case CreateEnded():
            return _created(copy, event)
        case Looked():
            return _looked(copy, event)
        case ControlLooked():
            return _controlled(copy, event)
        case DeleteAnswered():
            return _answered(copy, event)
        case DutyBegan() | DutyEnded():
            return _duty(copy, event)
        case Continued():
            return replace(_served(copy, event.wall, event), continued_at=event.wall)
        case Restarted():
            return _restarted(copy, event)
        case _:
            return _marked(copy, event)


def _marked(copy: Copy, event: AnyEvent) -> Copy:
    match event:
        case RunEnded():
            return replace(copy, is_ended=True)
        case CancelIntended():
            return replace(copy, cancels=copy.cancels + 1)
        case DeleteIntended() | DeleteWithdrawn():
            return _intended(copy, event)
        case HoldPlaced() if copy.disposal is Disposal.SENDING:
            return replace(copy, flags=copy.flags | {Flag.HOLD_AFTER_SEND})
        case CredentialChanged() if copy.disposal is Disposal.DENIED:
            return replace(copy, disposal=Disposal.SCHEDULED, look_wait=NO_WAIT)
        case Concluded() if copy.disposal not in FINAL:
            is_proven = copy.evidence is Evidence.ABSENT and copy.was_confirmed
            if event.final in VERIFIED and not is_proven:
                return copy
            return replace(copy, disposal=event.final)
        case _:
            return copy


def _intended(copy: Copy, event: DeleteIntended | DeleteWithdrawn) -> Copy:
    if isinstance(event, DeleteIntended) and copy.disposal not in FINAL:
        return replace(copy, disposal=Disposal.SENDING, deletes=copy.deletes + 1)
    if isinstance(event, DeleteWithdrawn) and copy.disposal is Disposal.SENDING:
        return replace(copy, disposal=Disposal.SCHEDULED, deletes=copy.deletes - 1)
    return copy


def _created(copy: Copy, event: CreateEnded) -> Copy:
    if copy.evidence is not Evidence.INTENDED:
        return copy
    status = event.status
    if not event.has_sent or (
        status is not None and 400 <= status < 500 and status not in _TRANSIENT
    ):
        evidence = Evidence.NOT_CREATED
    elif event.has_id:
        evidence = Evidence.ID_KNOWN
    elif status is not None and 200 <= status < 300 and copy.store is Store.NO:
        evidence = Evidence.NEVER_STORED
    else:
        evidence = Evidence.ORPHAN_SUSPECT
    return replace(copy, evidence=evidence, began_at=copy.began_at or event.wall)


def _served(copy: Copy, wall: int, event: Looked | Continued) -> Copy:
    """After a witness that it is there."""
    last_use = max(copy.began_at, copy.updated_at, copy.continued_at)
    changed = replace(
        copy,
        evidence=Evidence.CONFIRMED,
        was_confirmed=True,
        served_at=max(copy.served_at, wall),
        longest_unused_ns=max(copy.longest_unused_ns, wall - last_use),
        misses=Misses(),
    )
    if copy.disposal not in FINAL:
        return changed
    is_overdue = isinstance(event, Looked) and event.is_overdue
    flag = Flag.OVERSTAY if is_overdue else Flag.RESURRECTED
    return replace(
        changed,
        disposal=Disposal.SCHEDULED,
        due_at=min(copy.due_at or wall, wall),
        flags=copy.flags | {flag},
        is_accepted=False,
        look_wait=NO_WAIT,
    )


def _looked(copy: Copy, event: Looked) -> Copy:
    status = event.status
    if not event.boot:  # somebody else's GET: it shows what is there, and moves no wait of ours
        is_shown = status is not None and 200 <= status < 300
        return _overdue(_served(copy, event.wall, event), event) if is_shown else copy
    copy = replace(copy, gets=copy.gets + 1, boot=event.boot)
    if status is not None and 200 <= status < 300:
        return _found(_served(copy, event.wall, event), event)
    if status == 404:
        return _missed(copy, event)
    if status in _DENIED and copy.disposal in _AWAITING:
        return replace(copy, disposal=Disposal.DENIED, refused=None, look_wait=NO_WAIT)
    return _waiting(copy, event, max(LOOK_AGAIN_S, event.retry_after_s) * SECOND_NS)


def _overdue(copy: Copy, event: Looked) -> Copy:
    """It is there, and perhaps should not be."""
    if not event.is_overdue:
        return copy
    copy = replace(copy, flags=copy.flags | {Flag.OVERSTAY})
    if copy.disposal is Disposal.IDLE:
        copy = replace(copy, disposal=Disposal.SCHEDULED, due_at=event.wall)
    return copy


def _found(copy: Copy, event: Looked) -> Copy:
    """Our own look shows it."""
    copy = _overdue(copy, event)
    if copy.disposal is Disposal.AMBIGUOUS:
        return _waiting(replace(copy, disposal=Disposal.SCHEDULED), event, SECOND_NS)
    if copy.disposal is not Disposal.VERIFYING:
        return copy
    if not copy.is_accepted:  # the 404 to our DELETE was wrong: it is to be sent again
        return _again(copy, event)
    polls = copy.polls + 1
    if polls < len(POLLS_S):
        return _waiting(replace(copy, polls=polls), event, POLLS_S[polls] * SECOND_NS)
    return _again(copy, event)


def _again(copy: Copy, event: Looked) -> Copy:
    """Another round: what was said to be deleted is not."""
    rounds = copy.rounds + 1
    is_over = rounds >= ROUNDS_MAX
    again = replace(
        copy,
        rounds=rounds,
        polls=0,
        is_accepted=False,
        disposal=Disposal.NOT_EFFECTIVE if is_over else Disposal.SCHEDULED,
    )
    return _waiting(again, event, SECOND_NS)


def _missed(copy: Copy, event: Looked) -> Copy:
    if copy.evidence in {Evidence.NOT_CREATED, Evidence.NEVER_STORED}:
        return copy
    if not copy.was_confirmed:
        copy = replace(copy, evidence=Evidence.ABSENT_UNPROVEN)
        if copy.disposal in _AWAITING:
            return replace(copy, disposal=Disposal.UNVERIFIABLE)
        return _waiting(copy, event, LOOK_AGAIN_S * SECOND_NS)
    misses = copy.misses
    if misses.boot != event.boot or misses.first_mono is None:
        misses = Misses(event.boot, event.mono)
    elif (
        misses.control_mono is not None
        and misses.first_mono <= misses.control_mono <= event.mono
        and event.mono - misses.first_mono >= CONFIRM_NS
    ):
        misses = replace(misses, is_proven=True)
    polls = min(copy.polls + 1, len(POLLS_S))
    wait_s = POLLS_S[polls] if polls < len(POLLS_S) else LOOK_AGAIN_S
    if copy.disposal is Disposal.AMBIGUOUS:  # what was sent without an answer did arrive
        copy = replace(copy, disposal=Disposal.VERIFYING, is_accepted=True)
    changed = _waiting(replace(copy, misses=misses, polls=polls), event, wait_s * SECOND_NS)
    return _proven(changed) if misses.is_proven else changed


def _proven(copy: Copy) -> Copy:
    """Gone, by a 200 before, two 404s after, and a control between them."""
    disposal = copy.disposal
    if disposal is Disposal.VERIFYING:
        disposal = Disposal.DELETED_VERIFIED if copy.is_accepted else Disposal.ALREADY_GONE
    elif disposal is Disposal.EXPIRED_PRESUMED:
        disposal = Disposal.EXPIRED_VERIFIED
    elif disposal is Disposal.UNVERIFIABLE:
        disposal = Disposal.ALREADY_GONE
    return replace(copy, evidence=Evidence.ABSENT, disposal=disposal)


def _controlled(copy: Copy, event: ControlLooked) -> Copy:
    if copy.disposal is Disposal.DENIED:
        return replace(copy, refused=Refused.COPY if event.is_served else Refused.CREDENTIAL)
    misses = copy.misses
    is_between = misses.boot == event.boot and misses.first_mono is not None
    if not event.is_served:  # nothing can be told from a 404 now
        return _waiting(copy, event, LOOK_AGAIN_S * SECOND_NS)
    if not (is_between and misses.control_mono is None):
        return copy
    return replace(copy, misses=replace(misses, control_mono=event.mono))


def _answered(copy: Copy, event: DeleteAnswered) -> Copy:
    if copy.disposal in FINAL or (event.is_ours and copy.disposal is not Disposal.SENDING):
        return copy
    status = event.status
    if not event.is_ours and (
        copy.disposal is Disposal.SENDING
        or status is None
        or not (200 <= status < 300 or status == 404)
    ):
        return copy
    copy = replace(copy, boot=event.boot or copy.boot)
    if status is None:
        return _waiting(replace(copy, disposal=Disposal.AMBIGUOUS), event, SECOND_NS)
    if not event.is_ours:  # who deleted it wants it gone: what has no effect is not to be forgotten
        due_at = event.wall if copy.due_at is None else min(copy.due_at, event.wall)
        copy = replace(copy, is_request=True, due_at=due_at)
    return _told(copy, event, status)


def _told(copy: Copy, event: DeleteAnswered, status: int) -> Copy:
    if 200 <= status < 300:
        return _verifying(copy, event, is_accepted=True)
    if status == 404:
        return _not_there(copy, event)
    if status in _UNSUPPORTED:
        return replace(copy, disposal=Disposal.UNSUPPORTED, send_wait=_wait(event, PROBE_NS))
    if status in _DENIED:
        return replace(copy, disposal=Disposal.DENIED, refused=None, look_wait=NO_WAIT)
    if status in _TRANSIENT or status >= 500:
        wait_ns = _wait_ns(copy.deletes, event)
        return replace(copy, disposal=Disposal.BACKOFF, send_wait=_wait(event, wait_ns))
    return replace(copy, disposal=Disposal.REJECTED)


def _not_there(copy: Copy, event: DeleteAnswered) -> Copy:
    if copy.was_confirmed:
        return _verifying(copy, event, is_accepted=False)
    if not event.is_ours:
        return copy
    return replace(copy, evidence=Evidence.ABSENT_UNPROVEN, disposal=Disposal.UNVERIFIABLE)


def _verifying(copy: Copy, event: DeleteAnswered, *, is_accepted: bool) -> Copy:
    verifying = replace(
        copy, disposal=Disposal.VERIFYING, is_accepted=is_accepted, polls=0, misses=Misses()
    )
    return _waiting(verifying, event, POLLS_S[0] * SECOND_NS)


def _waiting(copy: Copy, event: AnyEvent, wait_ns: int) -> Copy:
    """Nothing is done about it before then."""
    return replace(copy, look_wait=_wait(event, wait_ns))


def _wait(event: AnyEvent, wait_ns: int) -> Wait:
    return Wait(event.boot, event.mono + wait_ns, event.wall, event.wall + wait_ns)


def _wait_ns(attempts: int, event: DeleteAnswered) -> int:
    """Never shorter than the base or what upstream asked for."""
    step_s = WAITS_S[min(max(attempts, 1), len(WAITS_S)) - 1]
    least_s = max(WAITS_S[0], event.retry_after_s)
    spread_s = step_s * (1 + 2 * min(max(event.chance, 0.0), 1.0)) / 3
    return int(max(least_s, spread_s) * SECOND_NS)


def _duty(copy: Copy, event: DutyBegan | DutyEnded) -> Copy:
    if isinstance(event, DutyEnded):
        is_ours = copy.disposal in _WAITING and not copy.is_request
        return replace(copy, disposal=Disposal.IDLE, due_at=None) if is_ours else copy
    if event.is_request and copy.disposal in ATTENTION:  # a person has looked, and wants it tried
        copy = replace(copy, disposal=Disposal.SCHEDULED, rounds=0, look_wait=NO_WAIT)
    if copy.disposal in FINAL or copy.evidence in {Evidence.NOT_CREATED, Evidence.NEVER_STORED}:
        return copy
    disposal = Disposal.SCHEDULED if copy.disposal is Disposal.IDLE else copy.disposal
    due_at = event.due_at if copy.due_at is None else min(copy.due_at, event.due_at)
    if disposal is Disposal.SCHEDULED and not copy.is_request:
        due_at = event.due_at  # a policy that changed counts from now on
    is_request = copy.is_request or event.is_request
    is_branch = copy.is_branch or event.is_branch
    return replace(
        copy, disposal=disposal, due_at=due_at, is_request=is_request, is_branch=is_branch
    )


def _restarted(copy: Copy, event: Restarted) -> Copy:
    disposal = copy.disposal
    if disposal is Disposal.SENDING:
        disposal = Disposal.AMBIGUOUS  # never as if it had not been sent
    misses = copy.misses if copy.misses.is_proven else Misses()
    return replace(copy, disposal=disposal, misses=misses, boot=event.boot)
