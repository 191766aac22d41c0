"""Media that a model looks at by itself: `processing_call` and `processing_result` (reference, section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.tools.pairs import Used, pair
from proxy.emulator.asked.input import contents_of
from proxy.emulator.asked.request import Json

INSPECTED: Final = frozenset({"video", "audio", "document"})


def inspections(occasion: Occasion) -> Used:
    """One analysis for each content of the input that asks for agentic processing."""
    count = sum(1 for _ in agentic(occasion.request.steps))
    if not count and "processing" in occasion.orders:
        count = 1
    used = Used()
    for _ in range(count):
        used.steps += pair("processing", occasion.chance, {}, {})
    return used


def agentic(steps: Iterable[Json]) -> Iterator[Json]:
    """The media whose `processing` is agentic, as a word or as an object's type."""
    for step in steps:
        for content in contents_of(step) if step.get("type") == "user_input" else ():
            if "processing" not in content:
                continue
            wanted = content["processing"]
            kind = wanted.get("type") if isinstance(wanted, dict) else wanted
            if kind == "agentic" and content.get("type") in INSPECTED:
                yield content
