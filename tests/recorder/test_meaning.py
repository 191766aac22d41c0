from __future__ import annotations

import logging

import pytest

from proxy.recorder.meaning import recording_of
from proxy.recording.exchange import Exchange
from proxy.recording.facts import Recording
from proxy.recording.interpret import interpret
from proxy.recording.secrecy.equality import EqualityOf
from proxy.store.price_books import price_book, shipped_books
from tests.recording.samples import ID, MODEL, captured, exchange

EXCHANGE = captured()[0].exchange


def broken(exchange: Exchange, _equality: EqualityOf) -> Recording:
    raise RecursionError(f"PLANTED {exchange.response.data!r}")


def test_what_can_be_interpreted_is() -> None:
    assert recording_of(EXCHANGE) == interpret(EXCHANGE)


def test_what_reports_usage_is_priced_by_the_book_there_is() -> None:
    usage = {"total_tokens": 1, "total_input_tokens": 1}
    used = exchange(response={"id": ID, "model": MODEL, "usage": usage})

    assert recording_of(used).costs == ()
    assert [cost.book for cost in recording_of(used, book=price_book()).costs] == [
        shipped_books()[-1]
    ]


def test_a_bug_in_interpreting_leaves_the_exchange_with_its_bare_facts_and_a_problem() -> None:
    recording = recording_of(EXCHANGE, interpreter=broken)

    assert [problem.kind for problem in recording.problems] == ["not_interpreted"]
    assert "RecursionError" in recording.problems[0].detail
    usual = interpret(EXCHANGE).exchange
    assert recording.exchange.exchange == usual.exchange
    assert recording.exchange.outcome == usual.outcome
    assert recording.exchange.response_bytes == usual.response_bytes


def test_the_log_names_the_bug_and_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        recording_of(EXCHANGE, interpreter=broken)

    assert "RecursionError in broken" in caplog.text
    assert "PLANTED" not in caplog.text
