"""Answers as the emulator makes them up: for every model, agent, and word that a prompt may order."""

from __future__ import annotations

from typing import Any, Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import compose
from proxy.emulator.answers.composition import Context
from proxy.emulator.answers.occasion import ORDERS
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.request import read_create
from tests.emulator.examples import CONTENTS, FUNCTION

SHOWN: Final = [{"type": "text", "text": "What is this?"}, CONTENTS["image"], CONTENTS["audio"]]
ASKED: Final[dict[str, dict[str, Any]]] = {
    **{f"order {word}": {"input": f"Say it.\nemulate: {word}"} for word in ORDERS},
    **{name: {"model": name, "input": SHOWN} for name in catalogue.MODELS},
    **{
        name: {"agent": name, "input": "Look into it, please.", "background": True}
        for name in catalogue.AGENTS
    },
    "a function": {"input": "Weather in Oslo?", "tools": [FUNCTION]},
    "summaries": {"input": "Why?", "generation_config": {"thinking_summaries": "auto"}},
    "media": {
        "input": "Both.",
        "response_format": [{"type": "text"}, {"type": "image"}, {"type": "audio"}],
    },
    "a transcript": {
        "model": "gemini-3.5-transcribe",
        "input": [CONTENTS["audio"]],
        "generation_config": {
            "transcription_config": {
                "diarization_mode": "speaker",
                "timestamp_granularities": ["word"],
            }
        },
    },
}
"""Requests by a name that reads well."""


def composed(name: str, seed: int = 1) -> Interaction:
    """The interaction that answers one of `ASKED`."""
    body = {"model": "gemini-3-flash-preview"} | ASKED[name]
    request = read_create({k: v for k, v in body.items() if k != "model" or "agent" not in body})
    composition = compose(request, Context(), Wishes(), Chance(seed, 1))
    status = "in_progress" if request.is_background else composition.status
    tokens = tuple(f"token-{place}" for place in composition.checkpoints)
    return Interaction(
        "v1_a", request, composition, "standard", 0, 1, status, checkpoint_tokens=tokens
    )
