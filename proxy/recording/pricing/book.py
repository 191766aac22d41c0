"""A price book: dated prices of models and agents, in whole pico-USD (10^-12 USD). Pure.

The form of the file: a JSON object as proxy/recording/pricing/books/*.json show it. Prices are decimal
texts and become integers without a float in between; a price finer than a pico-USD is refused. What
the book does not name has no price: that is never zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

import orjson

from proxy.errors import FormatError

BOOK_FORMAT: Final = 1
PICO: Final = 10**12
MILLION: Final = 10**6
THOUSAND: Final = 1000
PRICE_PICO_MAX: Final = 10**18
"""A million USD for one unit: what is dearer is a slip of the pen."""
BOOK_BYTES_MAX: Final = 1 << 20
"""The shipped book has 10 KB; one that operators write may have a hundred times as many models."""

_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}[A-Za-z0-9.+-]{0,20}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EMPTY: Final[Mapping[str, Any]] = {}


class Quote(NamedTuple):
    """A price, or why there is none."""

    pico_usd: int | None
    reason: str = ""


class UnitPrice(NamedTuple):
    """What one of something costs."""

    unit: str
    pico_usd: int


class EachPrice(NamedTuple):
    """What one whole object of an answer costs, beside tokens."""

    item: str
    """music, ..."""
    media_type: str
    """Counted among the answer's media: audio."""
    price: UnitPrice


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices of tokens that hold together: from a day on, above a size of the input."""

    since: str
    """First UTC day, 2027-01-01; empty: always."""
    above: int
    """They hold where the input has more tokens; 0: anyhow."""
    tokens: Mapping[tuple[str, str], int]
    """(input, cached or output; modality) to pico-USD of one token at the standard tier."""


@dataclass(frozen=True, slots=True)
class Product:
    """A model or an agent."""

    name: str
    rates: tuple[Rates, ...]
    tiers: Mapping[str, Decimal]
    """By tier, how many times the standard price."""
    grounding: Mapping[str, UnitPrice]
    each: tuple[EachPrice, ...]
    has_summed_prompts: bool
    """Its usage adds up many prompts (an agent): which of them were long is not told."""

    def rates_at(self, day: str, input_tokens: int) -> Rates | None:
        """Those of a UTC day (2026-11-22) for an input of that size."""
        begun = [each for each in self.rates if each.since <= day and input_tokens >= each.above]
        reached = [each for each in begun if input_tokens > each.above or each.above == 0]
        return max(reached, key=lambda each: (each.since, each.above), default=None)

    def is_size_told(self, input_tokens: int) -> bool:
        """Whether the sum of the inputs says which rates each prompt had."""
        least = min((each.above for each in self.rates if each.above), default=None)
        return not self.has_summed_prompts or least is None or input_tokens <= least


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices of one edition."""

    version: str
    """Begins with its day; the greatest is the newest."""
    products: Mapping[str, Product]
    priced_as: Mapping[str, str]
    """thought, tool_use: whose price they take."""

    def product(self, name: str) -> Product | None:
        """By the name of a model or agent, as requests and answers give it."""
        return self.products.get(name.removeprefix("models/"))

    def token_price(self, product: Product, rates: Rates, item: str, modality: str) -> Quote:
        """Of one token at the standard tier."""
        paid_as = self.priced_as.get(item, item)
        if item == "thought":
            modality = "text"
        price = rates.tokens.get((paid_as, modality))
        if price is None:
            return Quote(None, f"no price for {item} {modality} of {product.name}")
        return Quote(price)


def parse_book(data: bytes) -> PriceBook:
    """A book from its file.

    Raises:
        FormatError: it is not one; the text says which place is wrong.
    """
    if len(data) > BOOK_BYTES_MAX:
        raise FormatError(f"a price book of {len(data)} bytes: at most {BOOK_BYTES_MAX}")
    try:
        raw = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise FormatError(f"a price book must be JSON: {error}") from None
    raw = _object(raw, "the book")
    if raw.get("format") != BOOK_FORMAT:
        raise FormatError(f"a price book of format {BOOK_FORMAT} is expected")
    version = raw.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise FormatError("the price book's version must begin with its day: 2026-11-22")
    tiers = _tiers(raw.get("tiers"), "tiers")
    grounding = {
        name: _grounding(prices, f"grounding {name}")
        for name, prices in _object(raw.get("grounding"), "grounding").items()
    }
    products: dict[str, Product] = {}
    for raw_product in _list(raw.get("products"), "products"):
        for product in _products(_object(raw_product, "a product"), tiers, grounding):
            if product.name in products:
                raise FormatError(f"{product.name} stands in the price book twice")
            products[product.name] = product
    priced_as = {
        item: _text(told, f"priced_as {item}")
        for item, told in _object(raw.get("priced_as"), "priced_as").items()
    }
    return PriceBook(version, products, priced_as)


def _products(
    raw: Mapping[str, Any],
    tiers: Mapping[str, Decimal],
    grounding: Mapping[str, Mapping[str, UnitPrice]],
) -> list[Product]:
    """One entry; several names may share it."""
    names = [_text(name, "names") for name in _list(raw.get("names"), "names")]
    where = names[0] if names else "a product"
    rates = tuple(_rates(_object(each, where), where) for each in _list(raw.get("rates"), where))
    named = raw.get("grounding")
    if named is not None and named not in grounding:
        raise FormatError(f"{where}: the book has no grounding {named!r}")
    each_prices = tuple(
        EachPrice(
            _text(each.get("item"), where),
            _text(each.get("of"), where),
            UnitPrice(_text(each.get("unit"), where), _pico(each.get("usd"), 1, where)),
        )
        for each in (_object(item, where) for item in _list(raw.get("each", []), where))
    )
    own = {**tiers, **_tiers(raw.get("tiers", {}), where)}
    has_summed = raw.get("has_summed_prompts") is True
    free = grounding.get(named, _EMPTY) if named is not None else _EMPTY
    return [Product(name, rates, own, free, each_prices, has_summed) for name in names]


def _rates(raw: Mapping[str, Any], where: str) -> Rates:
    since, above = raw.get("since", ""), raw.get("above", 0)
    if since != "" and not (isinstance(since, str) and _DAY.fullmatch(since)):
        raise FormatError(f"{where}: since must be a day, 2027-01-01")
    if type(above) is not int or above < 0:
        raise FormatError(f"{where}: above must be a count of tokens")
    tokens: dict[tuple[str, str], int] = {}
    for item, prices in _object(raw.get("usd_per_million_tokens"), where).items():
        for modalities, usd in _object(prices, f"{where}: {item}").items():
            for modality in modalities.split(","):
                tokens[item, modality.strip()] = _pico(usd, MILLION, f"{where}: {item} {modality}")
    return Rates(since, above, tokens)


def _grounding(raw: Any, where: str) -> Mapping[str, UnitPrice]:
    found: dict[str, UnitPrice] = {}
    for tool, price in _object(raw, where).items():
        if tool == "source":
            continue
        told = _object(price, f"{where}: {tool}")
        pico = _pico(told.get("usd_per_thousand"), THOUSAND, f"{where}: {tool}")
        found[tool] = UnitPrice(_text(told.get("unit"), f"{where}: {tool}"), pico)
    return found


def _tiers(raw: Any, where: str) -> dict[str, Decimal]:
    return {
        tier: _decimal(times, f"{where}: {tier}") for tier, times in _object(raw, where).items()
    }


def _pico(usd: Any, units: int, where: str) -> int:
    """The price of one of `units` that cost `usd` together."""
    pico = _decimal(usd, where) * PICO / units
    if pico != int(pico) or pico > PRICE_PICO_MAX:
        raise FormatError(f"{where}: {usd} is finer than a pico-USD, or more than a million USD")
    return int(pico)


def _decimal(text: Any, where: str) -> Decimal:
    try:
        number = Decimal(text) if isinstance(text, str) and len(text) <= 20 else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number < 0:
        raise FormatError(f'{where}: a price is a decimal text such as "0.25"')
    return number


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{where}: an object is expected in the price book")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError(f"{where}: a list is expected in the price book")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise FormatError(f"{where}: a text is expected in the price book")
    return value
