"""How far our own copy is: region L of the reference. Pure.

SHREDDING has no row to be seen in: it lasts from the mark beside the keys to the act that they are gone, both in one turn of the
eraser, and a mark whose end is missing is finished at the next start. PRUNED has none, either: what a destroyed key sealed stays in
the append-only vault, under the leaves that prove it.
"""

from __future__ import annotations

from enum import StrEnum

from proxy.audit.retention.policy import Duty
from proxy.values import plain_value


class Local(StrEnum):
    """Of our copy of one interaction."""

    ACTIVE = "active"
    SHRED_DUE = "shred_due"
    """Somebody or a policy wants it gone by now; it goes with the steward's next round, or waits for what keeps it."""
    SHREDDED = "shredded"


@plain_value(frozen=True, slots=True, kw_only=True)
class Own:
    """What is known of it. Instants are ns of the wall clock."""

    is_erased: bool
    is_wanted: bool
    """An erasure waits for it."""
    holds: tuple[str, ...]
    kept: Duty | None
    """Nobody erases it before then."""
    erased: Duty | None
    """When a policy wants it erased."""


def local_of(own: Own, now: int) -> Local:
    """The state."""
    if own.is_erased:
        return Local.SHREDDED
    is_due = own.erased is not None and own.erased.at <= now
    return Local.SHRED_DUE if own.is_wanted or is_due else Local.ACTIVE


def kept_by(own: Own, now: int) -> tuple[str, ...]:
    """What keeps it now, whatever is due: holds by their ids, a policy by its name."""
    if own.is_erased:
        return ()
    is_kept = own.kept is not None and own.kept.at > now
    return (*own.holds, *([f"policy {own.kept.policy}"] if own.kept and is_kept else []))


def leaves_at(own: Own) -> int | None:
    """When it is to go, as far as policies say; None: none does, or a hold has no end."""
    if own.holds or own.is_erased or own.erased is None:
        return None
    return max(own.erased.at, own.kept.at if own.kept else 0)
