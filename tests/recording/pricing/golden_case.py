"""Costs worked out by hand. Prices: proxy/recording/pricing/books/2026-11-22.json, in USD per million
tokens; one USD per million tokens is 1,000,000 pico-USD (p) a token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

Lines = dict[tuple[str, str], int | None]

NO_PRICE: Final = None
PRO = "gemini-3.1-pro-preview"
FLASH = "gemini-3-flash-preview"


@dataclass(frozen=True)
class Golden:
    """An answer, and what each of its lines costs in pico-USD; NO_PRICE: unpriced."""

    name: str
    answer: dict[str, Any]
    """What the resource says beside id and status; `model` is FLASH unless it says otherwise."""
    lines: Lines
    asked: dict[str, Any] = field(default_factory=dict)
    target: str = "/v1/interactions"


def usage(total: int | None = None, **totals: int) -> dict[str, Any]:
    """total_*_tokens; `total` is their sum unless it is given."""
    named = {f"total_{name}_tokens": count for name, count in totals.items()}
    parts = sum(count for name, count in totals.items() if name != "cached")
    return {**named, "total_tokens": parts if total is None else total}


def listed(kind: str, **counts: int) -> dict[str, Any]:
    return {
        f"{kind}_tokens_by_modality": [
            {"modality": modality, "tokens": count} for modality, count in counts.items()
        ]
    }


def grounded(**counts: int) -> dict[str, Any]:
    return {
        "grounding_tool_count": [{"type": tool, "count": count} for tool, count in counts.items()]
    }


def output(*kinds: str) -> list[dict[str, Any]]:
    """An output step with a media object of each kind."""
    content = [{"type": kind, "data": "AAAA", "mime_type": f"{kind}/x"} for kind in kinds]
    return [{"type": "model_output", "content": content}]


def asked_with(*kinds: str) -> dict[str, Any]:
    return {"input": [{"type": kind, "data": "AAAA", "mime_type": f"{kind}/x"} for kind in kinds]}
