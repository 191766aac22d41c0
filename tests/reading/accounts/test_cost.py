"""`cost`: sums that say what is missing in them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.reading.accounts.cost import (
    DONE,
    FOUND_A_PROBLEM,
    WRONG_USE,
    Span,
    run,
    run_one,
)
from proxy.reading.accounts.tabling import Form
from proxy.recording.facts import CostFact, Recording
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told
from tests.store.samples import fact

Captured = pytest.CaptureFixture[str]


def costing(recording: Recording, *amounts: int | None) -> Recording:
    (seen,) = recording.observations
    lines = tuple(
        fact(
            CostFact,
            exchange=seen.exchange,
            interaction=seen.interaction,
            id_hash=seen.id_hash,
            at=seen.at,
            book="2026-11-22",
            item="input",
            modality="text" if amount is not None else "hologram",
            tier="standard",
            quantity=10,
            unit="token",
            price_pico_usd=None if amount is None else amount // 10,
            amount_pico_usd=amount,
            reason="no price for input hologram" if amount is None else "",
        )
        for amount in amounts
    )
    return replace(recording, costs=lines)


@pytest.fixture(scope="module")
def spent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two interactions with a price; read only."""
    folder = tmp_path_factory.mktemp("spent")
    record(
        folder,
        costing(told(1, QUESTION, ANSWER, **COMPLETED), 5_000_000),
        costing(
            told(2, QUESTION, ANSWER, interaction="v1_two", seconds=86_400, **COMPLETED),
            1_500_000_000_000,
        ),
    )
    return folder


@pytest.fixture(scope="module")
def half_priced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("half-priced")
    record(folder, costing(told(1, QUESTION, ANSWER, **COMPLETED), 5_000_000, None))
    return folder


def test_costs_by_day_with_their_sum(spent: Path, capsys: Captured) -> None:
    assert run(spent, "day") == DONE

    assert capsys.readouterr().out.splitlines() == [
        "day         interactions  unpriced  USD",
        "──────────  ────────────  ────────  ────────",
        "2026-09-22             1         0  1.50",
        "2026-09-21             1         0  0.000005",
        "all                    2         0  1.500005",
    ]


def test_a_span_of_days(spent: Path, capsys: Captured) -> None:
    assert run(spent, "interaction", span=Span("2026-09-22", None), form=Form.JSON) == DONE

    assert json.loads(capsys.readouterr().out) == {
        "interaction": "v1_two",
        "interactions": 1,
        "incomplete": 0,
        "amount_pico_usd": 1_500_000_000_000,
        "amount_usd": "1.50",
        "reasons": [],
    }


def test_csv_has_the_same_columns(spent: Path, capsys: Captured) -> None:
    run(spent, "model", form=Form.CSV)

    assert capsys.readouterr().out.splitlines() == [
        "model,interactions,incomplete,amount_pico_usd,amount_usd,reasons",
        "gemini-3-flash-preview,2,0,1500005000000,1.500005,",
    ]


def test_what_has_no_price_is_said_aloud(half_priced: Path, capsys: Captured) -> None:
    assert run(half_priced, "model") == FOUND_A_PROBLEM

    out, err = capsys.readouterr()
    assert out.splitlines()[-1].split() == ["all", "1", "1", "0.000005", "+", "unpriced"]
    assert err.splitlines() == [
        "UNPRICED: of 1 interaction not all has a price:",
        "  no price for input hologram",
    ]


def test_one_interaction_line_by_line(half_priced: Path, capsys: Captured) -> None:
    assert run_one(half_priced, "last") == FOUND_A_PROBLEM

    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[:10] == [
        *("input", "hologram", "standard", "10", "token", "unpriced"),
        *("no", "price", "for", "input"),
    ]
    assert lines[3].split()[:6] == ["input", "text", "standard", "10", "token", "0.000005"]
    assert lines[4] == "0.000005 USD and what is unpriced, by the price book 2026-11-22"


def test_an_interaction_that_is_not_there(spent: Path, capsys: Captured) -> None:
    assert run_one(spent, "v1_none") == WRONG_USE

    assert "no interaction begins with v1_none" in capsys.readouterr().err


@pytest.mark.parametrize("form", list(Form))
def test_an_interaction_whose_usage_nobody_saw_is_unpriced_not_free(
    tmp_path: Path, capsys: Captured, form: Form
) -> None:
    record(tmp_path, told(1, QUESTION, status="in_progress"))

    assert run_one(tmp_path, "last", form=form) == FOUND_A_PROBLEM

    assert capsys.readouterr() == ("", "UNPRICED: no usage of v1_one was seen\n")


def test_an_interaction_of_which_nothing_has_a_price_is_not_free(
    tmp_path: Path, capsys: Captured
) -> None:
    record(tmp_path, costing(told(1, QUESTION, ANSWER, **COMPLETED), None))

    assert run_one(tmp_path, "last") == FOUND_A_PROBLEM

    assert capsys.readouterr().out.splitlines()[-1] == "unpriced, by the price book 2026-11-22"


def test_a_create_that_was_refused_costs_nothing(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path, told(1, QUESTION, interaction="exchange:x0-1", error_code="rate_limited"))

    assert run_one(tmp_path, "last") == DONE

    assert capsys.readouterr().err == "exchange:x0-1 was refused (rate_limited): it costs nothing\n"
