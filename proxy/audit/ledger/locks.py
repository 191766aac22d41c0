"""Keepings that nobody may shorten, as they were put on record: each outlives the file that made it. Pure.

A policy of mode compliance is a lock from the moment it is read. Taken away, narrowed or shortened, it ends for what comes
later; what began before is kept for as long as it said. Source: reference, T15, and S3 Object Lock (2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from proxy.audit.ledger.notice import about_of
from proxy.audit.retention.clocks import SECOND_NS
from proxy.audit.retention.policy import Duty, Policy, Subject
from proxy.values import plain_value

_SETS: Final = ("clients", "labels", "models", "tools")


@plain_value(frozen=True, slots=True)
class Lock:
    """One keeping on record."""

    policy: Policy
    """Name, conditions (labels by their blind index) and `keep_local_s`."""
    until_ns: int = 0
    """What began later is not kept by it; 0: it stands."""


Locks = Mapping[str, Lock]
"""By conditions and span: the same under another name is the same lock."""


def locks_now(before: Locks, policies: Iterable[Policy], now_ns: int) -> dict[str, Lock]:
    """The locks from now on, where the file says `policies`: none is ever forgotten."""
    standing = {
        f"{about_of(each)}-{each.keep_local_s}": each for each in policies if each.is_locked
    }
    found = {
        name: lock if name in standing or lock.until_ns else Lock(lock.policy, max(now_ns, 1))
        for name, lock in before.items()
    }
    for name, policy in standing.items():
        if name not in found or found[name].until_ns:
            found[name] = Lock(policy)
    return found


def told_changes(before: Locks, after: Locks) -> list[dict[str, Any]]:
    """Data of acts that tell what changed, a lock each."""
    return [
        {
            "lock": {name: sorted(getattr(lock.policy, name)) for name in _SETS}
            | {
                "name": lock.policy.name,
                "keep_s": lock.policy.keep_local_s,
                "until": lock.until_ns,
            }
        }
        for key, lock in after.items()
        if before.get(key) != lock
    ]


def told_locks(told: Iterable[object]) -> dict[str, Lock]:
    """Out of the data of acts, in order. What is damaged is no lock."""
    found: dict[str, Lock] = {}
    for each in told:
        match each:
            case {
                "lock": {
                    "name": str() as name,
                    "keep_s": int() as keep_s,
                    "until": int() as until,
                    "clients": list() as clients,
                    "labels": list() as labels,
                    "models": list() as models,
                    "tools": list() as tools,
                }
            }:
                policy = Policy(
                    name=name,
                    clients=frozenset(map(str, clients)),
                    labels=frozenset(map(str, labels)),
                    models=frozenset(map(str, models)),
                    tools=frozenset(map(str, tools)),
                    keep_local_s=keep_s,
                    is_locked=True,
                )
                found[f"{about_of(policy)}-{keep_s}"] = Lock(policy, until)
    return found


def kept(
    policies: Iterable[Policy],
    locks: Locks,
    subject: Subject,
    times: tuple[int, int],
    *,
    is_bypassed: bool = False,
) -> Duty | None:
    """Until when nobody may erase our copy of it, and by which policy: the longest keeping.

    Args:
        policies: as the file says now.
        locks: on record.
        subject: what they look at.
        times: when its period began, perhaps by Google's clock, and when it was first told of, by ours; ns.
        is_bypassed: a person who may do so sets aside what is no lock.
    """
    began_at = times[0]
    duties = [
        Duty(began_at + (lock.policy.keep_local_s or 0) * SECOND_NS, lock.policy.name)
        for lock in locks.values()
        if (not lock.until_ns or min(times) <= lock.until_ns) and lock.policy.applies(subject)
    ]
    duties += [
        Duty(began_at + each.keep_local_s * SECOND_NS, each.name)
        for each in policies
        if each.keep_local_s is not None and not is_bypassed and each.applies(subject)
    ]
    return max(duties, key=lambda duty: duty.at, default=None)
