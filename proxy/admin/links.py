"""Where the console leads beyond itself: addresses that the operator set, never recorded text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TRACE_PLACE: Final = "{trace_id}"


@dataclass(frozen=True, slots=True)
class Links:
    """Empty: there is no such link."""

    trace_url: str = ""
    """With TRACE_PLACE where the trace's 32 hexadecimal digits come."""
    dashboard_url: str = ""
    """With {from} and {to}, milliseconds, if it takes a time."""
    trace_of: Callable[[str, str | None], str] = lambda exchange, given: given or exchange
    """The trace of an exchange, by its name and what the caller said; 32 hexadecimal digits."""

    def trace(self, exchange: str, given: str | None) -> str | None:
        """The address of an exchange's trace."""
        if not self.trace_url:
            return None
        return self.trace_url.replace(TRACE_PLACE, self.trace_of(exchange, given))
