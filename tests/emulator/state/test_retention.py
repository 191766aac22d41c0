"""How long interactions are kept, by tier."""

from __future__ import annotations

import pytest

from proxy.emulator.state.retention import DAY_S, Tier, retention_s
from proxy.errors import StartRefused


@pytest.mark.parametrize(
    ("tier", "days", "kept"),
    [
        ("free", None, 1),
        ("free", 1, 1),
        ("paid", None, 55),
        ("paid", 7, 7),
        ("paid", 14, 14),
        ("paid", 28, 28),
        ("paid", 55, 55),
    ],
)
def test_each_tier_keeps_for_the_days_it_offers(tier: Tier, days: int | None, kept: int) -> None:
    assert retention_s(tier, days) == kept * DAY_S


@pytest.mark.parametrize(("tier", "days"), [("free", 7), ("paid", 1), ("paid", 30), ("paid", 0)])
def test_no_tier_keeps_for_other_spans(tier: Tier, days: int) -> None:
    with pytest.raises(StartRefused, match="choose from"):
        retention_s(tier, days)
