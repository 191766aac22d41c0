"""The models and agents the emulator knows. Source: the protocol reference, section 18, November 2026."""

from __future__ import annotations

from typing import Final

TEXT_MODELS: Final = (
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-3-flash-preview",
    "gemini-3.1-pro-preview",
    "gemini-3.1-pro-preview-customtools",
    "gemini-3.1-flash-lite",
    "gemini-3.1-flash-lite-preview",
    "gemini-3.5-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.6-flash",
    "gemini-3.7-flash",
    "gemini-3.8-flash",
    "gemini-4-argon",
    "gemini-4-carbon",
    "gemini-4-hydrogen",
    "gemini-flash-latest",
    "gemini-flash-lite-latest",
    "gemini-pro-latest",
    "gemma-4-26b-a4b-it",
    "gemma-4-31b-it",
    "gemini-3.5-transcribe",
    "gemini-omni-flash-preview",
    "gemini-omni-1.1-flash",
    "gemini-omni-1.2-flash",
    "gemini-robotics-er-1.6-preview",
    "gemini-robotics-er-2-preview",
)
IMAGE_MODELS: Final = (
    "gemini-2.5-flash-image",
    "gemini-3-pro-image",
    "gemini-3.1-flash-image",
    "gemini-3.1-flash-lite-image",
    "nano-banana-pro-preview",
    "gemini-nano-banana-2.1",
)
AUDIO_MODELS: Final = (
    "gemini-3.1-flash-tts-preview",
    "gemini-3.8-flash-tts",
    "gemini-3.8-flash-lite-tts",
    "lyria-3-clip-preview",
    "lyria-3-pro-preview",
    "lyria-3.5",
)
LONG_DECODE_MODELS: Final = ("gemini-4-argon",)
"""Models that stop at a decode limit and hand out a continuation token."""

DEEP_RESEARCH_AGENTS: Final = (
    "deep-research-pro-preview-12-2025",
    "deep-research-preview-04-2026",
    "deep-research-max-preview-04-2026",
)
OTHER_AGENTS: Final = ("antigravity-preview-05-2026", "antigravity-preview-09-2026")

MODELS: Final = (*TEXT_MODELS, *IMAGE_MODELS, *AUDIO_MODELS)
AGENTS: Final = (*DEEP_RESEARCH_AGENTS, *OTHER_AGENTS)

FAULT_MODEL: Final = "fault:"
"""A model name that starts so is `gemini-3-flash-preview` with the fault written after the colon."""


def bare(name: str) -> str:
    """A model's bare id; the documentation also writes it as `models/<id>`."""
    return name.removeprefix("models/")


def is_model(name: str) -> bool:
    """Whether the emulator answers for this model; magic fault names included."""
    return bare(name) in MODELS or name.startswith(FAULT_MODEL)
