"""Cost lines: the quantities of a bill, each with its price by one book. Pure; integers only.

A line without a price says why, and its amount is None: unpriced is not zero, and a sum over such
lines is not the whole cost.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from proxy.recording.facts import CostFact, Recording, UsageFact
from proxy.recording.pricing.bill import (
    GROUNDING_CALLS,
    UNLISTED,
    Bill,
    Line,
    grounding_lines,
    lines_of,
)
from proxy.recording.pricing.book import PriceBook, Product, Quote, Rates

STANDARD: Final = "standard"
USAGE_PLACES: Final = frozenset({"usage", "usage modality", "grounding_tool_count"})
"""UnknownFact.where of fields inside a usage object: names of proxy/interactions/shapes/told.py."""
BIGGEST: Final = 2**63 - 1
"""What a column can hold."""
_DAY_NS: Final = 86_400_000_000_000
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_LAST: Final = dt.date.max.toordinal()


def with_costs(recording: Recording, book: PriceBook | None) -> Recording:
    """The same recording with what its answers cost; as it is where nothing reported usage."""
    if book is None or not recording.observations:
        return recording
    costs = tuple([fact for bill in bills_of(recording) for fact in cost_facts(bill, book)])
    return replace(recording, costs=costs) if costs else recording


def bills_of(recording: Recording) -> list[Bill]:
    """A bill for each observation that carries usage."""
    usage: dict[str, list[UsageFact]] = {}
    for line in recording.usage:
        usage.setdefault(line.interaction, []).append(line)
    unknown_fields = tuple(
        [
            each.name
            for each in recording.unknowns
            if each.kind == "field" and each.where in USAGE_PLACES
        ]
    )
    found = []
    for seen in recording.observations:
        lines = usage.get(seen.interaction, [])
        is_total_told = any(
            total is not None
            for total in (
                seen.input_tokens,
                seen.output_tokens,
                seen.thought_tokens,
                seen.tool_use_tokens,
                seen.total_tokens,
            )
        )
        if not (lines or is_total_told):
            continue
        name = seen.interaction
        media = [each for each in recording.media_facts if each.interaction == name]
        bill = Bill(
            exchange=seen.exchange,
            interaction=name,
            id_hash=seen.id_hash,
            at=seen.at,
            model=seen.model,
            agent=seen.agent,
            tier_asked=seen.service_tier_asked,
            tier=seen.service_tier,
            created=seen.created,
            is_vertex="/projects/" in recording.exchange.route,
            input_tokens=seen.input_tokens,
            cached_tokens=seen.cached_tokens,
            output_tokens=seen.output_tokens,
            thought_tokens=seen.thought_tokens,
            tool_use_tokens=seen.tool_use_tokens,
            total_tokens=seen.total_tokens,
            lines=tuple([(line.kind, line.modality, line.tokens) for line in lines]),
            unknown_fields=unknown_fields,
            input_media=frozenset([each.type for each in media if each.side == "input"]),
            output_media=tuple([each.type for each in media if each.side == "output"]),
            grounding_calls=_grounding_calls(recording, name),
        )
        found.append(bill)
    return found


def _grounding_calls(recording: Recording, interaction: str) -> tuple[str, ...]:
    return tuple(
        [
            GROUNDING_CALLS[step.type]
            for step in recording.steps
            if step.type in GROUNDING_CALLS
            and step.side == "output"
            and step.interaction == interaction
        ]
    )


def cost_facts(bill: Bill, book: PriceBook) -> list[CostFact]:
    """What a bill costs by a book, line by line."""
    terms = _terms(bill, book)
    return [
        *(_cost(line, _token_quote(line, terms, book), bill, terms) for line in lines_of(bill)),
        *(_cost(*_grounding_quote(line, terms), bill, terms) for line in grounding_lines(bill)),
        *(_cost(line, quote, bill, terms) for line, quote in _each(bill, terms)),
    ]


class _Terms(NamedTuple):
    """What holds for all lines of a bill."""

    book: str
    tier: str
    product: Product | None
    rates: Rates | None
    times: Decimal | None
    """The tier's factor."""
    reason: str
    """Why nothing can be priced; empty: it can."""
    token_reason: str
    """Why tokens cannot."""


def _terms(bill: Bill, book: PriceBook) -> _Terms:
    name = bill.model or bill.agent
    product = book.product(name) if name is not None else None
    tier, tier_reason = _tier(bill)
    times = product.tiers.get(tier) if product is not None else None
    size = bill.input_tokens
    if size is None:
        size = sum(tokens for kind, _, tokens in bill.lines if kind == "input")
    rates = product.rates_at(day_of(bill), size) if product is not None else None
    reason = token_reason = ""
    if name is None:
        reason = "neither a model nor an agent is named"
    elif bill.is_vertex:
        reason = "this book has prices of the Gemini API, not of Vertex AI"
    elif product is None:
        reason = f"the book has no prices of {name}"
    elif tier_reason:
        token_reason = tier_reason
    elif times is None:
        token_reason = f"the book has no price of the tier {tier} for {name}"
    elif rates is None:
        token_reason = f"the book has no prices of {name} for that day"
    elif not product.is_size_told(size):
        token_reason = f"the usage of {name} adds up prompts: it does not say which were long"
    return _Terms(book.version, tier, product, rates, times, reason, token_reason)


def _tier(bill: Bill) -> tuple[str, str]:
    """The tier that served, by the answer; standard where nobody spoke of one. And a reason for doubt."""
    if bill.tier is not None:
        return bill.tier, ""
    if bill.tier_asked in {None, STANDARD}:
        return STANDARD, ""
    return "unknown", f"{bill.tier_asked} was asked for; the answer names no tier"


def day_of(bill: Bill) -> str:
    """The UTC day whose prices hold: of creation where the answer says it, else of the observation."""
    if bill.created is not None:
        try:
            return dt.date.fromisoformat(bill.created[:10]).isoformat()
        except ValueError:
            pass  # not a day: it is foreign
    return dt.date.fromordinal(min(max(_EPOCH + bill.at // _DAY_NS, 1), _LAST)).isoformat()


def _token_quote(line: Line, terms: _Terms, book: PriceBook) -> Quote:
    reason = line.reason or terms.reason or terms.token_reason
    if reason or terms.product is None or terms.rates is None or terms.times is None:
        return Quote(None, reason)
    modality = "text" if line.modality == UNLISTED else line.modality
    quote = book.token_price(terms.product, terms.rates, line.item, modality)
    for candidate in sorted(line.candidates):
        if book.token_price(terms.product, terms.rates, line.item, candidate) != quote:
            return Quote(
                None, f"the usage does not say how many {line.item} tokens are {candidate}"
            )
    if quote.pico_usd is None:
        return quote
    exact = quote.pico_usd * terms.times
    if exact != int(exact):
        return Quote(None, f"the price of the tier {terms.tier} is finer than a pico-USD")
    return Quote(int(exact))


def _grounding_quote(line: Line, terms: _Terms) -> tuple[Line, Quote]:
    """The line as it is charged: by the query, or once for the prompt."""
    if terms.reason or terms.product is None:
        return line, Quote(None, terms.reason)
    price = terms.product.grounding.get(line.modality)
    if price is None:
        return line, Quote(None, f"no price for {line.modality} with {terms.product.name}")
    if price.unit == "prompt":
        return line._replace(quantity=1, unit="prompt"), Quote(price.pico_usd)
    if line.unit != price.unit:
        return line, Quote(None, f"the usage does not count the {line.modality} queries")
    return line, Quote(price.pico_usd)


def _each(bill: Bill, terms: _Terms) -> list[tuple[Line, Quote]]:
    """Whole objects that are paid for beside tokens: songs."""
    if terms.product is None or terms.reason:
        return []
    found = []
    for each in terms.product.each:
        count = bill.output_media.count(each.media_type)
        if count:
            line = Line(each.item, each.media_type, count, each.price.unit)
            found.append((line, _times(each.price.pico_usd, terms)))
    return found


def _times(pico_usd: int, terms: _Terms) -> Quote:
    if terms.token_reason or terms.times is None:
        return Quote(None, terms.token_reason)
    return Quote(int(pico_usd * terms.times))


def _cost(line: Line, quote: Quote, bill: Bill, terms: _Terms) -> CostFact:
    price, reason = quote
    amount = None if price is None else line.quantity * price
    quantity = max(-BIGGEST, min(line.quantity, BIGGEST))
    if quantity != line.quantity or (amount is not None and amount > BIGGEST):
        price = amount = None
        reason = "the count is beyond anything that can be billed"
    return CostFact(
        bill.exchange,
        bill.interaction,
        bill.id_hash,
        bill.at,
        terms.book,
        line.item,
        line.modality,
        terms.tier,
        quantity,
        line.unit,
        price,
        amount,
        reason,
    )
