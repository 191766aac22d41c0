"""Which duties a configuration makes: for whom, what, and which wins. Pure.

Precedence, in this order: keeping beats deleting; of keepings the longest; what names its subject beats what is for
all; of deletions the earliest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from proxy.audit.retention.clocks import SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What policies look at."""

    client: str | None
    labels: frozenset[str] = frozenset()
    """Blind indices of `key=value`."""
    models: frozenset[str] = frozenset()
    """Model and agent."""
    tools: frozenset[str] = frozenset()
    """Types of tools that were used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule. An empty set of conditions is for all; all conditions that are given must be met."""

    name: str
    clients: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    """As written, `key=value`; `indexed` makes of them what a subject has."""
    models: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    delete_upstream_after_s: int | None = None
    erase_local_after_s: int | None = None
    keep_local_s: int | None = None
    """Not erased here before this has gone by, whatever else says so. A person may bypass it, where it is no lock."""
    is_locked: bool = False
    """Mode compliance: of its keeping nobody takes anything back, neither this file nor a person (see `ledger.locks`)."""
    never_store: bool = False
    """Of its content nothing is kept here: facts alone."""
    delete_since_ns: int = 0
    """Since when it wants this deletion, wall clock; 0: always. See `ledger.notice`."""
    erase_since_ns: int = 0
    notice_ns: int = 0
    """What began before waits so long from then on."""

    @property
    def is_explicit(self) -> bool:
        return bool(self.clients or self.labels or self.models or self.tools)

    @property
    def is_for_content(self) -> bool:
        """Whether it says anything of what is kept at the moment of recording."""
        return self.never_store or self.keep_local_s is not None

    def applies(self, subject: Subject) -> bool:
        """Whether it is about this subject."""
        return (
            (not self.clients or subject.client in self.clients)
            and (not self.labels or bool(self.labels & subject.labels))
            and (not self.models or bool(self.models & subject.models))
            and (not self.tools or bool(self.tools & subject.tools))
        )


@dataclass(frozen=True, slots=True)
class Duty:
    """When something is to happen, ns of the wall clock, and the policy that says so."""

    at: int
    policy: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all policies together want for one interaction."""

    delete_upstream: Duty | None
    erase_local: Duty | None
    keep_local: Duty | None
    """Kept at least until then."""


def verdict(policies: Iterable[Policy], subject: Subject, began_at: int) -> Verdict:
    """The duties of an interaction that began at `began_at`, ns of the wall clock."""
    applying = [policy for policy in policies if policy.applies(subject)]
    keep = [
        Duty(began_at + each.keep_local_s * SECOND_NS, each.name)
        for each in applying
        if each.keep_local_s is not None
    ]
    keep_local = max(keep, key=lambda duty: duty.at, default=None)
    erase_local = _earliest(applying, began_at, _erases)
    if keep_local and erase_local and keep_local.at > erase_local.at:
        erase_local = Duty(keep_local.at, erase_local.policy)
    return Verdict(_earliest(applying, began_at, deletion_at), erase_local, keep_local)


def never_stored(policies: Iterable[Policy], subject: Subject) -> str | None:
    """The policy by which its content is not kept; None: none, or another one keeps it, which beats it."""
    applying = [policy for policy in policies if policy.applies(subject)]
    if any(policy.keep_local_s is not None for policy in applying):
        return None
    return next((policy.name for policy in applying if policy.never_store), None)


def indexed(policies: Iterable[Policy], mac_of: Callable[[str], str | None]) -> tuple[Policy, ...]:
    """The same with labels as the records have them: by their blind index. One without an index meets nothing."""
    return tuple(
        replace(policy, labels=frozenset(mac_of(label) or label for label in policy.labels))
        for policy in policies
    )


def tools_of(step_types: Iterable[str | None]) -> frozenset[str]:
    """Tools by their plain names, out of types of steps."""
    return frozenset(
        name.removesuffix("_call").removesuffix("_result")
        for name in step_types
        if name and name.endswith(("_call", "_result"))
    )


def deletion_at(policy: Policy, began_at: int) -> int | None:
    """When it wants what began then deleted upstream, ns; None: it does not."""
    return _at(policy, began_at, policy.delete_upstream_after_s, policy.delete_since_ns)


def _erases(policy: Policy, began_at: int) -> int | None:
    return _at(policy, began_at, policy.erase_local_after_s, policy.erase_since_ns)


def _at(policy: Policy, began_at: int, span_s: int | None, since_ns: int) -> int | None:
    if span_s is None:
        return None
    due_at = began_at + span_s * SECOND_NS
    return due_at if began_at >= since_ns else max(due_at, since_ns + policy.notice_ns)


def _earliest(
    policies: list[Policy], began_at: int, at: Callable[[Policy, int], int | None]
) -> Duty | None:
    found = [
        (policy, due_at) for policy in policies if (due_at := at(policy, began_at)) is not None
    ]
    explicit = [each for each in found if each[0].is_explicit]
    duties = [Duty(due_at, policy.name) for policy, due_at in explicit or found]
    return min(duties, key=lambda duty: duty.at, default=None)
