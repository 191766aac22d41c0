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


NOTHING_STOOD: Final = Standings({})
PER_ACT: Final = 40
"""Policies of one act: some 300 bytes each, where an act has 16 KiB."""
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
    return Standings(found, kept_until)


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
            erase_since = max(stands.erase_since, standings.kept_until)
            policy = replace(  # noqa: PLW2901  # the same policy
                policy,
                delete_since_ns=stands.delete_since,
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
    if not changed and before.kept_until == after.kept_until:
        return []
    kept: dict[str, Any] = {"kept_until": after.kept_until}
    return [
        kept | {"standings": {name: changed[name] for name in list(changed)[at : at + PER_ACT]}}
        for at in range(0, max(len(changed), 1), PER_ACT)
    ]


def told_standings(told: Iterable[object]) -> Standings:
    """Out of the data of acts, in order; what is damaged was never there, so that it has its notice again."""
    found: dict[str, Standing] = {}
    kept_until = 0
    for each in told:
        match each:
            case {"standings": dict() as standings, "kept_until": int() as at}:
                kept_until = max(kept_until, at)
                for name, standing in standings.items():
                    found.pop(name, None)
                    if isinstance(standing, dict) and _is_sound(standing):
                        found[str(name)] = Standing(**standing)
    return Standings(found, kept_until)


def _since(old_s: int | None, old_since: int, new_s: int | None, now_ns: int) -> int:
    if new_s is None:
        return 0
    return old_since if old_s is not None and new_s >= old_s else now_ns


def _keeps_less(old: Standing, new: Standing | None) -> bool:
    if old.keep_s is None:
        return False
    return new is None or new.about != old.about or new.keep_s is None or new.keep_s < old.keep_s


def _is_sound(told: Mapping[str, Any]) -> bool:
    if told.keys() != _FIELDS:
        return False
    spans = (told["delete_s"], told["erase_s"], told["keep_s"])
    return (
        isinstance(told["about"], str)
        and all(value is None or type(value) is int for value in spans)
        and all(type(told[name]) is int for name in ("delete_since", "erase_since"))
    )
