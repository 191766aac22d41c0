"""Until when the copies of one interaction live at Google, and what that rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proxy.audit.ledger.fold import copy_of, interval_of, residues_of
from proxy.audit.ledger.rows import CopyRow, EventRow
from proxy.audit.lineage.told import instant
from proxy.audit.retention.clocks import Tier

Ask = Callable[..., list[dict[str, Any]]]
"""Rows of a named query, its parameters by name. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class Period:
    """What the configuration says of the project at Google."""

    tier: Tier = Tier.UNKNOWN
    days: int | None = None
    """7, 14, 28 or 55 where a paid project chose one."""


def clocks_of(ask: Ask, interaction: str, period: Period) -> list[dict[str, Any]]:
    """Google's copy first, then the copies beside it.

    Raises:
        StoreError: the tables refused.
    """
    rows = ask("disposal_copies", interactions=[interaction])
    told = ask("disposal_events", interactions=[interaction])
    found: list[dict[str, Any]] = []
    for row in (CopyRow(**each) for each in rows):
        copy = copy_of(row, [EventRow(**each) for each in told])
        interval = interval_of(row, copy, (period.tier, period.days), skew_ns=0)
        found.append(
            {
                "copy": "interaction",
                "earliest": instant(interval.earliest // 1000),
                "latest": instant(interval.latest // 1000),
                "evidence": str(copy.evidence),
                "disposal": str(copy.disposal),
                "basis": list(interval.basis),
            }
        )
        found.extend(
            {
                "copy": f"{one.kind} {one.name}".strip(),
                "earliest": None,
                "latest": None if one.until is None else instant(one.until // 1000),
                "evidence": "assumed" if one.is_assumed else "documented",
                "disposal": None,
                "basis": [],
            }
            for one in residues_of(row)
        )
    return found
