"""A timeline mixes what the caller said and what was answered, as GET shows it. Pure.

Source: reference, sections 6.1 and 7: the caller's turn comes first, and an agent may have functions run
where it runs itself, so that a `function_result` behind its first step is its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Typed(Protocol):
    """What has a type."""

    @property
    def type(self) -> str: ...


def said_by_caller(steps: Sequence[Typed]) -> int:
    """How many steps, from the first, are the caller's: up to the last user_input, and results behind it."""
    count = 0
    for place, step in enumerate(steps, 1):
        if step.type == "user_input" or (step.type == "function_result" and count == place - 1):
            count = place
    return count
