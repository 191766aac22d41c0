"""The models and agents the emulator knows. Source: the protocol reference, section 18, November 2026."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "text", "image", "speech", "transcription", "music", "video", "robotics", "agent"
]
"""What a model mostly gives out (robotics: text with points; transcription: text with times)."""

THINKING_KINDS: Final = frozenset({"text", "image", "robotics"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One model or agent."""

    name: str
    kind: Kind
    alias_of: str | None = None
    """For a name that moves along with releases: the model it stands for today (inferred)."""
    has_decode_limit: bool = False
    """Stops at a decode limit and hands out a continuation token (section 11)."""

    @property
    def thinks(self) -> bool:
        """Whether its answers begin with thoughts; open weights (gemma) do without."""
        return self.kind in THINKING_KINDS and not self.name.startswith("gemma")


def _entries(kind: Kind, names: str) -> tuple[Entry, ...]:
    return tuple(Entry(name, kind) for name in names.split())


ENTRIES: Final = (
    *_entries("text", "gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite"),
    *_entries("text", "gemini-3-flash-preview gemini-3.1-pro-preview"),
    *_entries("text", "gemini-3.1-pro-preview-customtools gemini-3.1-flash-lite"),
    *_entries("text", "gemini-3.1-flash-lite-preview gemini-3.5-flash gemini-3.5-flash-lite"),
    *_entries("text", "gemini-3.6-flash gemini-3.7-flash gemini-3.8-flash"),
    Entry("gemini-4-argon", "text", has_decode_limit=True),
    *_entries("text", "gemini-4-carbon gemini-4-hydrogen"),
    Entry("gemini-flash-latest", "text", alias_of="gemini-3.8-flash"),
    Entry("gemini-flash-lite-latest", "text", alias_of="gemini-3.5-flash-lite"),
    Entry("gemini-pro-latest", "text", alias_of="gemini-3.1-pro-preview"),
    *_entries("text", "gemma-4-26b-a4b-it gemma-4-31b-it"),
    *_entries("image", "gemini-2.5-flash-image gemini-3-pro-image gemini-3.1-flash-image"),
    *_entries("image", "gemini-3.1-flash-lite-image nano-banana-pro-preview"),
    *_entries("image", "gemini-nano-banana-2.1"),
    *_entries("speech", "gemini-3.1-flash-tts-preview gemini-3.8-flash-tts"),
    *_entries("speech", "gemini-3.8-flash-lite-tts"),
    *_entries("transcription", "gemini-3.5-transcribe"),
    *_entries("music", "lyria-3-clip-preview lyria-3-pro-preview lyria-3.5"),
    *_entries("video", "gemini-omni-flash-preview gemini-omni-1.1-flash gemini-omni-1.2-flash"),
    *_entries("robotics", "gemini-robotics-er-1.6-preview gemini-robotics-er-2-preview"),
    *_entries("agent", "deep-research-pro-preview-12-2025 deep-research-preview-04-2026"),
    *_entries("agent", "deep-research-max-preview-04-2026"),
    *_entries("agent", "antigravity-preview-05-2026 antigravity-preview-09-2026"),
    *_entries("agent", "code-mender-preview"),
)
"""All of them. The id of Code Mender is ours: the types have its settings, no document names it."""

BY_NAME: Final = {entry.name: entry for entry in ENTRIES}


MODELS: Final = tuple(entry.name for entry in ENTRIES if entry.kind != "agent")
AGENTS: Final = tuple(entry.name for entry in ENTRIES if entry.kind == "agent")
DEEP_RESEARCH_AGENTS: Final = tuple(name for name in AGENTS if name.startswith("deep-research-"))

FAULT_MODEL: Final = "fault:"
"""A model name that starts so is `gemini-3-flash-preview` with the fault written after the colon."""

FAULT_MODEL_IS: Final = BY_NAME["gemini-3-flash-preview"]


def bare(name: str) -> str:
    """A model's bare id; the documentation also writes it as `models/<id>`."""
    return name.removeprefix("models/")


def entry(name: str) -> Entry | None:
    """What is known of a model or agent; None for a stranger, such as a custom agent."""
    if name.startswith(FAULT_MODEL):
        return FAULT_MODEL_IS
    return BY_NAME.get(bare(name))


def is_model(name: str) -> bool:
    """Whether the emulator answers for this model; magic fault names included."""
    known = entry(name)
    return known is not None and known.kind != "agent"


def is_agent(name: str) -> bool:
    """Whether this is one of Google's agents; those that callers made are known elsewhere."""
    known = BY_NAME.get(bare(name))
    return known is not None and known.kind == "agent"
