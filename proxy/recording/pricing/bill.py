"""What there is to pay for in one answer: quantities, each counted once, that add up to what was reported. Pure.

Google's totals overlap: cached tokens are part of the input; thoughts and the tokens of server-side tools
stand beside output and input (reference, 9.1: total = input + output + thought + tool use). Here the
cached part is taken out of the input. What does not add up stays in the lines as what it is, and is
never priced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from proxy.values import plain_value

UNLISTED: Final = "unlisted"
"""Modality of tokens that no list names, where the answer or its input hold more than text."""
MIXED: Final = "mixed"
"""Modality of tokens whose lists contradict their total."""
GROUNDING_CALLS: Final = {
    "google_search_call": "google_search",
    "google_maps_call": "google_maps",
    "retrieval_call": "retrieval",
}
"""Steps of an answer that use grounding, and the tool's name in the usage."""


@plain_value(frozen=True, slots=True)
class Bill:
    """What one exchange told about one interaction, as far as it is paid for."""

    exchange: str
    interaction: str
    id_hash: int
    at: int
    model: str | None
    agent: str | None
    tier_asked: str | None
    tier: str | None
    created: str | None
    """Google's text, as sent."""
    is_vertex: bool
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    thought_tokens: int | None
    tool_use_tokens: int | None
    total_tokens: int | None
    lines: tuple[tuple[str, str, int], ...]
    """UsageFact: kind, modality, tokens."""
    unknown_fields: tuple[str, ...] = ()
    """Of the usage object: this release does not know what they count."""
    input_media: frozenset[str] = frozenset()
    """Types of media that went in."""
    output_media: tuple[str, ...] = ()
    """Type of each media object that came out."""
    grounding_calls: tuple[str, ...] = ()
    """Tool of each grounding step that came out."""


class Line(NamedTuple):
    """A quantity to be priced; with a reason: never to be priced."""

    item: str
    modality: str
    quantity: int
    unit: str = "token"
    reason: str = ""
    candidates: frozenset[str] = frozenset()
    """Of UNLISTED tokens: modalities they may be of, besides text."""


def lines_of(bill: Bill) -> list[Line]:
    """Each quantity once. Token lines add up to `total_tokens`, those of each kind to its own total."""
    told = _by_kind(bill)
    output_media = frozenset(bill.output_media)
    lines, input_total = _input_lines(bill, told)
    output, output_total = _spread("output", bill.output_tokens, told, output_media)
    lines += output
    thought = bill.thought_tokens or 0
    lines += [Line("thought", "text", thought)] if thought else []
    tool_use, tool_use_total = _spread("tool_use", bill.tool_use_tokens, told, frozenset())
    lines += tool_use
    parts = input_total + output_total + thought + tool_use_total
    if bill.total_tokens is not None and bill.total_tokens != parts:
        beyond = bill.total_tokens - parts
        reason = f"total_tokens differs from its parts by {beyond}"
        lines.append(Line("difference", "", beyond, reason=reason))
    for name in bill.unknown_fields:
        reason = "the usage has a field that this release does not know"
        lines.append(Line("unknown", name, 1, "field", reason))
    return lines


def grounding_lines(bill: Bill) -> list[Line]:
    """Uses of grounding as the usage counts them; steps whose use it does not count, as calls."""
    counted = _by_kind(bill).get("grounding", {})
    lines = [Line("grounding", tool, count, "query") for tool, count in counted.items() if count]
    calls: dict[str, int] = {}
    for tool in bill.grounding_calls:
        if tool not in counted:
            calls[tool] = calls.get(tool, 0) + 1
    return lines + [Line("grounding", tool, count, "call") for tool, count in calls.items()]


def _by_kind(bill: Bill) -> dict[str, dict[str, int]]:
    """Kind to modality to tokens; a modality that stands twice is added up."""
    found: dict[str, dict[str, int]] = {}
    for kind, modality, tokens in bill.lines:
        counts = found.setdefault(kind, {})
        counts[modality] = counts.get(modality, 0) + tokens
    return found


def _spread(
    item: str, total: int | None, told: Mapping[str, Mapping[str, int]], media: frozenset[str]
) -> tuple[list[Line], int]:
    """Lines by modality of one total, and that total."""
    counts, sum_told = _with_rest(total, told.get(item, {}), media)
    if counts is None:
        reason = f"{item} tokens by modality are more than their total"
        return [Line(item, MIXED, sum_told, reason=reason)], sum_told
    candidates = media - counts.keys()
    lines = [
        Line(item, modality, tokens, candidates=candidates if modality == UNLISTED else frozenset())
        for modality, tokens in counts.items()
        if tokens
    ]
    return lines, sum_told


def _with_rest(
    total: int | None, listed: Mapping[str, int], media: frozenset[str]
) -> tuple[dict[str, int] | None, int]:
    """Counts that add up to the total, and the total; None: the list is more than it.

    The rest that no list names is text (reference, 9.1), unless there were media that no list names.
    """
    listed_sum = sum(listed.values())
    if total is None:
        return dict(listed), listed_sum
    rest = total - listed_sum
    if rest < 0:
        return None, total
    counts = dict(listed)
    if rest:
        name = UNLISTED if media - listed.keys() else "text"
        counts[name] = counts.get(name, 0) + rest
    return counts, total


def _input_lines(bill: Bill, told: Mapping[str, Mapping[str, int]]) -> tuple[list[Line], int]:
    """Fresh and cached input, which together are the input."""
    counts, total = _with_rest(bill.input_tokens, told.get("input", {}), bill.input_media)
    if counts is None:
        reason = "input tokens by modality are more than their total"
        return [Line("input", MIXED, total, reason=reason)], total
    cached = _cached(bill.cached_tokens, told.get("cached", {}), counts)
    if cached is None:
        reason = "the usage does not say of which modality the cached tokens are"
        return [Line("input", MIXED, total, reason=reason)], total
    candidates = bill.input_media - counts.keys()
    lines = []
    for modality, tokens in counts.items():
        doubt = candidates if modality == UNLISTED else frozenset[str]()
        part = cached.get(modality, 0)
        fresh = tokens - part
        lines += [Line("input", modality, fresh, candidates=doubt)] if fresh else []
        lines += [Line("cached", modality, part, candidates=doubt)] if part else []
    return lines, total


def _cached(
    total: int | None, listed: Mapping[str, int], counts: Mapping[str, int]
) -> dict[str, int] | None:
    """How much of each modality of the input came from the cache; None: that cannot be told.

    What no list names is text as far as there is text; beyond it, of the one modality that is left,
    or of all that is left.
    """
    cached = {modality: tokens for modality, tokens in listed.items() if tokens}
    rest = max(total or 0, sum(cached.values())) - sum(cached.values())
    if total is not None and sum(cached.values()) > total:
        return None
    left = {name: tokens - cached.get(name, 0) for name, tokens in counts.items()}
    if cached.keys() - counts.keys() or any(tokens < 0 for tokens in left.values()):
        return None
    taken = min(rest, left.get("text", 0))
    _add(cached, "text", taken)
    rest -= taken
    others = {name: tokens for name, tokens in left.items() if name != "text" and tokens}
    if rest == sum(others.values()):
        for name, tokens in others.items():
            _add(cached, name, tokens)
        return cached
    if rest and (len(others) != 1 or rest > sum(others.values())):
        return None
    for name in others:
        _add(cached, name, rest)
    return cached


def _add(counts: dict[str, int], name: str, tokens: int) -> None:
    if tokens:
        counts[name] = counts.get(name, 0) + tokens
