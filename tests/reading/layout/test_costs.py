"""Costs for people: exact, and loud where a price is missing."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.reading.layout.costs import cost_lines, usd


def line(amount: int | None, **given: Any) -> dict[str, Any]:
    return {
        "item": "input",
        "modality": "text",
        "tier": "standard",
        "quantity": 1000,
        "unit": "token",
        "amount_pico_usd": amount,
        "reason": "" if amount is not None else "no price for it",
        "book": "2026-11-22",
        **given,
    }


def test_each_line_and_the_sum() -> None:
    rows = [line(500_000_000), line(42_000_000_000, item="grounding", quantity=3, unit="query")]

    assert [each.plain for each in cost_lines(rows, 80)] == [
        "  0.0005  input text 1,000 tokens",
        "   0.042  grounding text 3 queries",
        "  0.0425  USD, by the price book 2026-11-22",
    ]


def test_what_has_no_price_stands_out() -> None:
    lines = cost_lines([line(None, tier="priority"), line(7, quantity=1)], 100)

    assert [each.plain for each in lines] == [
        "        unpriced  input text 1,000 tokens, priority: no price for it",
        "  0.000000000007  input text 1 token",
        "  0.000000000007  USD and what is unpriced, by the price book 2026-11-22",
    ]
    assert [str(each.style) for each in lines] == ["bold red", "", "bold red"]


def test_nothing_priced_is_not_zero() -> None:
    last = cost_lines([line(None)], 80)[-1].plain

    assert last == "  unpriced  all of it, by the price book 2026-11-22"


def test_without_usage_there_is_nothing_to_say() -> None:
    assert cost_lines([], 80) == []


@pytest.mark.parametrize(
    ("pico", "text"),
    [
        (None, "unpriced"),
        (0, "0.00"),
        (1, "0.000000000001"),
        (507_000_000, "0.000507"),
        (1_234_500_000_000_000, "1,234.50"),
        (-1_000_000_000_000, "-1.00"),
    ],
)
def test_amounts_are_exact(pico: int | None, text: str) -> None:
    assert usd(pico) == text
