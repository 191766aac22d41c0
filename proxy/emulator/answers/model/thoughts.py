"""Thoughts: how many a level asks for, and what their summaries show (reference, sections 5.4 and 7)."""

from __future__ import annotations

import base64
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.media.pictures import drawn, png
from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.tools.pairs import signature
from proxy.emulator.asked.request import Json

SUMMARIES: Final = (
    "**Reading the question**\n\nI look at what is asked and what is already known.",
    "**Weighing the sources**\n\nTwo of them agree; the third is older.",
    "**Writing it down**\n\nA short answer first, the reasons after it.",
)
COUNTS: Final = {"minimal": 0, "low": 1, "medium": 1, "high": 2, "xhigh": 3}
"""Thoughts of an answer, by `thinking_level`. Their tokens are the level's, for each: see usage."""


def thoughts(occasion: Occasion) -> list[Json]:
    """The thoughts that come before an answer; none if the model or its level does not think."""
    known = occasion.request.entry
    is_ordered = bool(occasion.orders) and bool(occasion.orders & {"thought", "summary_image"})
    count = COUNTS.get(str(occasion.config.get("thinking_level", "medium")), 1)
    if known is not None and not known.thinks:
        count = 0
    is_shown = occasion.config.get("thinking_summaries") == "auto" or (
        "summary_image" in occasion.orders
    )
    steps = []
    for number in range(max(count, is_ordered)):
        text = None
        if is_shown:
            words = len(occasion.text.split())
            text = f"{SUMMARIES[number % len(SUMMARIES)]} The prompt has {words} words."
        steps.append(thought(occasion, text))
    if steps and is_shown and (_draws(occasion) or "summary_image" in occasion.orders):
        # Models that draw show a sketch of what they are about to draw.
        steps[-1]["summary"].append(sketch(occasion.chance))
    return steps


def thought(occasion: Occasion, summary: str | None) -> Json:
    """One thought; its summary only where the caller asked for summaries."""
    step: Json = {"signature": signature(occasion.chance), "type": "thought"}
    if summary is not None:
        step["summary"] = [{"text": summary, "type": "text"}]
    return step


def sketch(chance: Chance) -> Json:
    """A small picture, as it stands in summaries and reports."""
    data = base64.b64encode(png(drawn(chance, "16:9", "512"))).decode()
    return {"data": data, "mime_type": "image/png", "type": "image"}


def _draws(occasion: Occasion) -> bool:
    known = occasion.request.entry
    return known is not None and known.kind == "image"
