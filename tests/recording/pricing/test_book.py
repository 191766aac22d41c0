"""The price book: exact prices out of decimal texts, days, sizes, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.recording.pricing.book import parse_book

PRICES = {"input": {"text,image": "0.25", "audio": "0.0000005"}, "output": {"text": "1.50"}}
PRODUCT: dict[str, Any] = {"names": ["one", "two"], "rates": [{"usd_per_million_tokens": PRICES}]}
BOOK: dict[str, Any] = {
    "format": 1,
    "version": "2026-01-02",
    "priced_as": {"thought": "output", "tool_use": "input"},
    "tiers": {"standard": "1", "flex": "0.5"},
    "grounding": {"all": {"google_search": {"unit": "query", "usd_per_thousand": "14"}}},
    "products": [PRODUCT],
}


def book_of(**changed: Any) -> bytes:
    return json.dumps({**BOOK, **changed}).encode()


def rates(price: str, **when: Any) -> dict[str, Any]:
    return {**when, "usd_per_million_tokens": {"input": {"text": price}}}


def test_prices_are_whole_pico_usd_of_one_token() -> None:
    audio = "0.000001"
    prices = {"input": {"text,image": "0.25", "audio": audio}, "output": {"text": "1.50"}}
    entry = {"names": ["one"], "rates": [{"usd_per_million_tokens": prices}]}
    product = parse_book(book_of(products=[entry])).product("models/one")

    assert product is not None
    assert product.rates[0].tokens == {
        ("input", "text"): 250_000,
        ("input", "image"): 250_000,
        ("input", "audio"): 1,
        ("output", "text"): 1_500_000,
    }


def test_thoughts_and_tools_take_the_price_they_are_charged_at() -> None:
    prices = {"input": {"text": "0.25"}, "output": {"text": "1.50"}}
    entry = {"names": ["one"], "rates": [{"usd_per_million_tokens": prices}]}
    book = parse_book(book_of(products=[entry]))
    product = book.products["one"]

    assert book.token_price(product, product.rates[0], "thought", "text").pico_usd == 1_500_000
    assert book.token_price(product, product.rates[0], "tool_use", "text").pico_usd == 250_000
    assert book.token_price(product, product.rates[0], "cached", "text") == (
        None,
        "no price for cached text of one",
    )


@pytest.mark.parametrize(
    ("day", "tokens", "pico_usd"),
    [
        ("2026-06-01", 10, 1_000_000),
        ("2026-06-01", 100, 1_000_000),
        ("2026-06-01", 101, 2_000_000),
        ("2026-12-01", 10, 3_000_000),
    ],
)
def test_rates_follow_day_and_size(day: str, tokens: int, pico_usd: int) -> None:
    entry = {
        "names": ["one"],
        "rates": [rates("1"), rates("2", above=100), rates("3", since="2026-12-01")],
    }
    found = parse_book(book_of(products=[entry])).products["one"].rates_at(day, tokens)

    assert found is not None
    assert found.tokens["input", "text"] == pico_usd


def test_before_its_first_day_a_product_has_no_price() -> None:
    entry = {"names": ["one"], "rates": [rates("3", since="2026-12-01")]}

    assert parse_book(book_of(products=[entry])).products["one"].rates_at("2026-11-30", 1) is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"format": 2}, "format 1"),
        ({"version": "new"}, "its day"),
        ({"products": [PRODUCT]}, "finer than a pico-USD"),
        ({"products": [{"names": ["a", "a"], "rates": []}]}, "twice"),
        ({"products": [{"names": ["a"], "rates": [], "grounding": "none"}]}, "no grounding 'none'"),
        ({"products": [{"names": ["a"], "rates": [rates("-1")]}]}, "decimal text"),
        ({"products": [{"names": ["a"], "rates": [rates("NaN")]}]}, "decimal text"),
        ({"products": [{"names": ["a"], "rates": [rates("x")]}]}, "decimal text"),
        ({"products": [{"names": ["a"], "rates": [rates("1", since="soon")]}]}, "a day"),
        ({"products": [{"names": ["a"], "rates": [rates("1", above="1")]}]}, "count of tokens"),
        ({"products": [{"names": [""], "rates": []}]}, "a text is expected"),
        ({"products": {}}, "a list is expected"),
        ({"tiers": []}, "an object is expected"),
        ({"tiers": {"standard": 1}}, "decimal text"),
    ],
)
def test_a_slip_of_the_pen_is_refused_with_its_place(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(FormatError, match=told):
        parse_book(book_of(**changed))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b" " * (1 << 21)])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_book(data)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["tiers", "grounding", "products", "priced_as", "version"]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["names", "rates", "each", "usd_per_million_tokens", "x"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    ),
)
def test_nothing_else_is_ever_raised(place: str, value: Any) -> None:
    try:
        told = parse_book(book_of(**{place: value})).version
    except FormatError as error:
        told = str(error)

    assert told
