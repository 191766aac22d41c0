"""How an alert is declared: when it fires, whom it wakes, and what that person reads and does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Case:
    """Series in promtool's notation, and whether the alert fires at `at`."""

    series: tuple[tuple[str, str], ...]
    at: str
    fires: bool
    interval: str = "1m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One rule with its runbook."""

    name: str
    severity: Literal["page", "ticket"]
    wait: str
    """How long the condition holds before it fires."""
    expr: str
    summary: str
    board: str
    """uid of the dashboard to open."""
    meaning: str
    impact: str
    queries: tuple[str, ...]
    """The first three to run."""
    mitigation: tuple[str, ...]
    verify: str
    for_the_record: str = "Nothing: no evidence is at stake."
    cases: tuple[Case, ...]
