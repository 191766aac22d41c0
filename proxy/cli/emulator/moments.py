"""Instants and spans as people type them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"\+(?:[0-9]{1,9}[smhdw])+")
_PART: Final = re.compile(r"([0-9]+)([smhdw])")


def seconds_from_text(text: str) -> float | None:
    """Unix seconds of 2026-12-24, 2026-12-24T18:00:00Z or any offset; without one it is UTC. None: neither."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def span_from_text(text: str) -> int | None:
    """Seconds of +55d, +90m or +1d12h; None if it is no span."""
    if not _SPAN.fullmatch(text):
        return None
    return sum(int(count) * UNITS[unit] for count, unit in _PART.findall(text))
