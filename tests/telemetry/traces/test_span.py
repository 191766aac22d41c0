from __future__ import annotations

import pytest

from proxy.telemetry.traces.span import given_span_id, given_trace_id, own_trace_id, span_id

EXCHANGE = "x0-0000000000000007-1"


def test_ids_follow_from_the_exchange_alone() -> None:
    assert span_id(EXCHANGE, "server").hex() == "b0a854381b3198e3"
    assert own_trace_id(EXCHANGE) == own_trace_id(EXCHANGE)
    assert len(own_trace_id(EXCHANGE)) == 16
    assert len({span_id(EXCHANGE, "server"), span_id(EXCHANGE, "attempt")}) == 2


@pytest.mark.parametrize("text", [None, "", "0" * 32, "A" * 32, "1" * 31, "1" * 33, "é" * 32])
def test_what_is_no_trace_id_is_none(text: str | None) -> None:
    assert given_trace_id(text) is None


@pytest.mark.parametrize("text", [None, "", "0" * 16, "G" * 16, "1" * 15])
def test_what_is_no_span_id_is_none(text: str | None) -> None:
    assert given_span_id(text) is None


def test_given_ids_are_kept() -> None:
    assert given_trace_id("1" * 32) == b"\x11" * 16
    assert given_span_id("1" * 16) == b"\x11" * 8
