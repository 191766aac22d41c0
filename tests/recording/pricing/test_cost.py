"""What answers cost: the golden table, and what holds for every usage."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.recording.facts import CostFact, Recording
from proxy.recording.interpret import interpret
from proxy.recording.pricing.bill import Bill
from proxy.recording.pricing.cost import bills_of, cost_facts, day_of, with_costs
from proxy.store.price_books import price_book
from tests.recording.pricing.golden import GOLDEN
from tests.recording.pricing.golden_case import FLASH, Golden
from tests.recording.samples import ID, captured, event, exchange, stream

BOOK = price_book("2026-11-22")
COUNTS = st.integers(0, 10**12)
MODALITIES = st.sampled_from(["text", "image", "audio", "video", "document", "hologram"])


def priced(case: Golden) -> Recording:
    answer = {"id": ID, "status": "completed", "model": FLASH, **case.answer}
    asked = {"model": answer["model"], "input": "x", **case.asked}
    return with_costs(interpret(exchange(target=case.target, request=asked, response=answer)), BOOK)


def amounts(costs: tuple[CostFact, ...]) -> dict[tuple[str, str], int | None]:
    return {(cost.item, cost.modality): cost.amount_pico_usd for cost in costs}


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_a_cost_worked_out_by_hand(case: Golden) -> None:
    costs = priced(case).costs

    assert amounts(costs) == case.lines
    assert len(costs) == len(case.lines)
    assert all(bool(cost.reason) == (cost.amount_pico_usd is None) for cost in costs)
    assert all((cost.price_pico_usd is None) == (cost.amount_pico_usd is None) for cost in costs)


def test_there_are_enough_of_them() -> None:
    assert len(GOLDEN) >= 40
    assert {item for case in GOLDEN for item, _ in case.lines} == {
        *("input", "cached", "output", "thought", "tool_use"),
        *("grounding", "music", "difference", "unknown"),
    }


def test_a_stream_is_billed_by_its_last_event() -> None:
    usage = {"total_input_tokens": 1000, "total_tokens": 1000}
    whole = stream(
        event("interaction.created", interaction={"id": ID, "status": "in_progress"}),
        event(
            "interaction.completed",
            interaction={"id": ID, "status": "completed", "model": FLASH, "usage": usage},
        ),
    )

    assert amounts(with_costs(interpret(whole), BOOK).costs) == {("input", "text"): 500_000_000}


def test_an_answer_without_usage_has_no_lines_and_so_no_cost_of_zero() -> None:
    answer = {"id": ID, "status": "completed", "model": FLASH}

    assert with_costs(interpret(exchange(response=answer)), BOOK).costs == ()


def test_without_a_book_nothing_is_priced() -> None:
    recording = interpret(exchange(response={"id": ID, "usage": {"total_tokens": 1}}))

    assert with_costs(recording, None) is recording


@pytest.mark.parametrize(
    ("created", "day"),
    [
        ("2026-12-31T23:59:59Z", "2026-12-31"),
        ("(odd)", "2026-11-18"),
        (None, "2026-11-18"),
        ("2026-99-99", "2026-11-18"),
    ],
)
def test_the_day_of_a_price_is_that_of_creation(created: str | None, day: str) -> None:
    (bill,) = bills_of(interpret(exchange(response={"id": ID, "usage": {"total_tokens": 1}})))

    assert day_of(replace(bill, created=created, at=1_794_960_000_000_000_000)) == day


@pytest.mark.parametrize("at", [-(2**63), 0, 2**63 - 1, 2**80])
def test_a_clock_that_went_mad_still_has_a_day(at: int) -> None:
    (bill,) = bills_of(interpret(exchange(response={"id": ID, "usage": {"total_tokens": 1}})))

    assert len(day_of(replace(bill, at=at))) == 10


def test_the_captured_exchanges_are_priced_without_a_word_left_out() -> None:
    for each in captured():
        recording = interpret(each.exchange)
        costs = with_costs(recording, BOOK).costs
        for seen in recording.observations:
            lines = [cost for cost in costs if cost.interaction == seen.interaction]
            if seen.total_tokens is not None:
                assert _tokens(lines) == seen.total_tokens, each.name


def _tokens(lines: list[CostFact]) -> int:
    return sum(line.quantity for line in lines if line.unit == "token")


def _lists() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.fixed_dictionaries({"modality": MODALITIES, "tokens": COUNTS}), max_size=4)


USAGE_FIELDS = (
    *(f"total_{name}_tokens" for name in ("input", "cached", "output", "thought", "tool_use")),
    *(f"{name}_tokens_by_modality" for name in ("input", "output", "cached", "tool_use")),
    *("total_tokens", "grounding_tool_count"),
)
USAGES = st.fixed_dictionaries(
    {"total_tokens": COUNTS},
    optional={
        **{f"total_{name}_tokens": COUNTS for name in ("input", "cached", "output", "thought")},
        "total_tool_use_tokens": COUNTS,
        **{f"{name}_tokens_by_modality": _lists() for name in ("input", "output", "cached")},
        "tool_use_tokens_by_modality": _lists(),
    },
)


@settings(max_examples=60, deadline=None)
@given(USAGES, st.lists(st.sampled_from(["image", "audio"]), max_size=2))
def test_token_lines_add_up_to_the_totals(usage: dict[str, Any], media: list[str]) -> None:
    bill = _bill(usage, media)
    lines = cost_facts(bill, BOOK)

    assert _tokens(lines) == usage["total_tokens"]
    for items, total in (
        ({"input", "cached"}, bill.input_tokens),
        ({"output"}, bill.output_tokens),
        ({"thought"}, bill.thought_tokens),
        ({"tool_use"}, bill.tool_use_tokens),
    ):
        if total is not None:
            assert sum(line.quantity for line in lines if line.item in items) == total
    for line in lines:
        assert line.quantity > 0 or line.reason
        if line.amount_pico_usd is None:
            assert line.reason
        else:
            assert line.price_pico_usd is not None
            assert line.amount_pico_usd == line.quantity * line.price_pico_usd


def _bill(usage: dict[str, Any], media: list[str]) -> Bill:
    answer = {"id": ID, "status": "completed", "model": FLASH, "usage": usage}
    content = [{"type": kind, "data": "AAAA", "mime_type": f"{kind}/x"} for kind in media]
    asked = {"model": FLASH, "input": content or "x"}
    (bill,) = bills_of(interpret(exchange(request=asked, response=answer)))
    return bill


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(USAGE_FIELDS) | st.text(), WILD))
def test_any_usage_gives_lines_that_columns_can_hold(usage: dict[str, Any]) -> None:
    body = json.dumps({"id": ID, "model": FLASH, "usage": usage}).encode()

    for line in with_costs(interpret(exchange(response=body)), BOOK).costs:
        assert abs(line.quantity) < 2**63
        assert line.amount_pico_usd is None or 0 <= line.amount_pico_usd < 2**63


def test_counts_beyond_64_bits_are_not_billed() -> None:
    most = 2**63 - 1
    lines = cost_facts(_bill({"total_tokens": 0, "total_input_tokens": most}, []), BOOK)

    assert [line.amount_pico_usd for line in lines] == [None, None]
