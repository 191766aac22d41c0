"""Since when each policy stands, and the notice before a stricter one reaches what was there already. Pure.

A change of the file that shortens anything counts at once for what comes later. What began before waits for the notice,
in which a person sees in `retention --dry-run` what would go. Source: reference, T15.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

import orjson

from proxy.audit.retention.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One policy as it was last put on record. Spans in seconds, instants in ns of the wall clock."""

    about: str
    """Digest of its conditions; labels count by their blind index."""
    delete_s: int | None = None
    delete_since: int = 0
    erase_s: int | None = None
    erase_since: int = 0
    keep_s: int | None = None


@dataclass(frozen=True, slots=True)
class Standings:
    """All policies, by name."""

    policies: Mapping[str, Standing]
    kept_until: int = 0
    """When a keeping last ended or became shorter; 0: never."""
    loosened_at: int = 0
    """When a policy that names its subject last let go of it, so that what is for all reaches it; 0: never."""


NOTHING_STOOD: Final = Standings({})
PER_ACT: Final = 40
"""Policies of one act: some 300 bytes each, where an act has 16 KiB."""
_FOR_ALL: Final = Policy(name="")
"""Without conditions."""
_INSTANTS: Final = ("kept_until", "loosened_at")
_FIELDS: Final = frozenset(field.name for field in fields(Standing))


def stood(before: Standings, policies: Iterable[Policy], now_ns: int) -> Standings:
    """What stands from now on, where `before` stood until now. Labels as the records have them."""
    found: dict[str, Standing] = {}
    for policy in policies:
        about = about_of(policy)
        old = before.policies.get(policy.name)
        old = old if old is not None and old.about == about else Standing(about=about)
        delete_s, erase_s = policy.delete_upstream_after_s, policy.erase_local_after_s
        found[policy.name] = Standing(
            about=about,
            delete_s=delete_s,
            delete_since=_since(old.delete_s, old.delete_since, delete_s, now_ns),
            erase_s=erase_s,
            erase_since=_since(old.erase_s, old.erase_since, erase_s, now_ns),
            keep_s=policy.keep_local_s,
        )
    kept_until = before.kept_until
    if any(_keeps_less(each, found.get(name)) for name, each in before.policies.items()):
        kept_until = now_ns
    loosened_at = before.loosened_at
    if any(_lets_go(each, found.get(name)) for name, each in before.policies.items()):
        loosened_at = now_ns
    return Standings(found, kept_until, loosened_at)


def with_notice(
    policies: Iterable[Policy], standings: Standings, notice_ns: int
) -> tuple[Policy, ...]:
    """The same, each with the instant before which it does not reach what was there already."""
    if notice_ns == 0:
        return tuple(policies)
    found = []
    for policy in policies:
        stands = standings.policies.get(policy.name)
        if stands is not None:
            # What names its subject was there before, or has its own notice.
            loosened_at = 0 if policy.is_explicit else standings.loosened_at
            erase_since = max(stands.erase_since, standings.kept_until, loosened_at)
            policy = replace(  # noqa: PLW2901  # the same policy
                policy,
                delete_since_ns=max(stands.delete_since, loosened_at),
                erase_since_ns=erase_since,
                notice_ns=notice_ns,
            )
        found.append(policy)
    return tuple(found)


def about_of(policy: Policy) -> str:
    """16 hexadecimal digits: whom it is about. Tells nobody a label: these are keyed already."""
    told = [sorted(each) for each in (policy.clients, policy.labels, policy.models, policy.tools)]
    return hashlib.sha256(orjson.dumps(told)).hexdigest()[:16]


def told_changes(before: Standings, after: Standings) -> list[dict[str, Any]]:
    """Data of acts that tell what changed, PER_ACT policies each; a policy that is gone as null."""
    names = sorted(before.policies.keys() | after.policies.keys())
    changed = {
        name: asdict(each) if (each := after.policies.get(name)) is not None else None
        for name in names
        if before.policies.get(name) != after.policies.get(name)
    }
    instants: dict[str, Any] = {name: getattr(after, name) for name in _INSTANTS}
    if not changed and all(getattr(before, name) == at for name, at in instants.items()):
        return []
    return [
        instants | {"standings": {name: changed[name] for name in list(changed)[at : at + PER_ACT]}}
        for at in range(0, max(len(changed), 1), PER_ACT)
    ]


def told_standings(told: Iterable[object]) -> Standings:
    """Out of the data of acts, in order; what is damaged was never there, so that it has its notice again."""
    found: dict[str, Standing] = {}
    instants = dict.fromkeys(_INSTANTS, 0)
    for each in told:
        match each:
            case {"standings": dict() as standings, "kept_until": int() as kept_until, **more}:
                told_at = {"kept_until": kept_until, **more}
                for name in _INSTANTS:  # older acts have no loosened_at
                    at = told_at.get(name)
                    instants[name] = max(instants[name], at if type(at) is int else 0)
                for name, standing in standings.items():
                    found.pop(name, None)
                    if isinstance(standing, dict) and _is_sound(standing):
                        found[str(name)] = Standing(**standing)
    return Standings(found, **instants)


def _since(old_s: int | None, old_since: int, new_s: int | None, now_ns: int) -> int:
    if new_s is None:
        return 0
    return old_since if old_s is not None and new_s >= old_s else now_ns


def _keeps_less(old: Standing, new: Standing | None) -> bool:
    if old.keep_s is None:
        return False
    return new is None or new.about != old.about or new.keep_s is None or new.keep_s < old.keep_s


def _lets_go(old: Standing, new: Standing | None) -> bool:
    """Whether something that it was about is left to the policies for all."""
    if old.about == about_of(_FOR_ALL):
        return False
    is_there = new is not None and new.about == old.about
    return any(
        before is not None and (not is_there or after is None)
        for before, after in (
            (old.delete_s, new and new.delete_s),
            (old.erase_s, new and new.erase_s),
        )
    )


def _is_sound(told: Mapping[str, Any]) -> bool:
    if told.keys() != _FIELDS:
        return False
    spans = (told["delete_s"], told["erase_s"], told["keep_s"])
    return (
        isinstance(told["about"], str)
        and all(value is None or type(value) is int for value in spans)
        and all(type(told[name]) is int for name in ("delete_since", "erase_since"))
    )
