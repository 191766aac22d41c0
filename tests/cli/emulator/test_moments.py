"""Instants and spans as people type them."""

from __future__ import annotations

import pytest

from proxy.cli.emulator.moments import seconds_from_text, span_from_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86_400),
        ("1970-01-01T01:00:00Z", 3600),
        ("1970-01-01T01:00:00+01:00", 0),
        ("tomorrow", None),
        ("+1d", None),
    ],
)
def test_an_instant_is_utc_unless_it_says_otherwise(text: str, seconds: float | None) -> None:
    assert seconds_from_text(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+55d", 55 * 86_400),
        ("+1d12h", 129_600),
        ("+90m", 5400),
        ("+2w3s", 1_209_603),
        ("55d", None),
        ("+", None),
        ("+5", None),
        ("+5y", None),
        ("+9999999999s", None),
    ],
)
def test_a_span_is_the_sum_of_its_parts(text: str, seconds: int | None) -> None:
    assert span_from_text(text) == seconds
