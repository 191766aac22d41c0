"""Our own copy of one interaction, as a line beside the copies at Google: until when, and who says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from proxy.audit.ledger.fold import anchor_of, subject_of
from proxy.audit.ledger.local import Own, kept_by, leaves_at, local_of
from proxy.audit.ledger.locks import Locks, kept
from proxy.audit.ledger.rows import CopyRow
from proxy.audit.retention.policy import Policy, verdict


def own_copy(
    row: CopyRow, told: Mapping[str, Any], policies: Sequence[Policy], locks: Locks, now_us: int
) -> tuple[str, dt.datetime, dt.datetime | None, str]:
    """Its line: what, from, until, says.

    Args:
        row: what the tables say of the interaction.
        told: of the query `own_copy_of`.
        policies: with their notice.
        locks: on record.
        now_us: wall clock.
    """
    began_at, now = anchor_of(row).began_at, now_us * 1000
    subject = subject_of(row)
    own = Own(
        is_erased=told["erased_us"] is not None,
        is_wanted=bool(told["is_wanted"]),
        holds=tuple(filter(None, (told["holds"] or "").split(","))),
        kept=kept(policies, locks, subject, (began_at, row.seen_us * 1000)),
        erased=verdict(policies, subject, began_at).erase_local,
    )
    says = str(local_of(own, now))
    if own.is_erased:
        says = f"{says}: its keys were destroyed by erasure {told['erasure']}"
    elif own.is_wanted:
        says = f"{says}: an erasure waits"
    elif own.erased is not None:
        says = f"{says}: policy {own.erased.policy} erases it"
    if keeps := kept_by(own, now):
        named = ", ".join(each if " " in each else f"hold {each}" for each in keeps)
        says = f"{says}; kept by {named}"
    leaves = int(told["erased_us"]) * 1000 if own.is_erased else leaves_at(own)
    until = None if leaves is None else _instant(leaves)
    return "our own copy", _instant(row.seen_us * 1000), until, says


def _instant(at_ns: int) -> dt.datetime:
    """As DuckDB gives them: UTC without a zone."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=at_ns // 1000)  # noqa: DTZ001
