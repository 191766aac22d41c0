"""Occasions for tests: a prompt with tools and settings, and how the newest SDK reads steps."""

from __future__ import annotations

from typing import Any

from google.genai.interactions import Interaction

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Context
from proxy.emulator.answers.occasion import Occasion, occasion
from proxy.emulator.asked.request import read_create

MODEL = "gemini-3-flash-preview"


def asked(
    text: Any = "Hi.",
    *tools: dict[str, Any],
    before: tuple[dict[str, Any], ...] = (),
    **body: Any,
) -> Occasion:
    """A request with this input, these tools, and further fields of the body."""
    named = {} if "agent" in body else {"model": MODEL}
    request = read_create({**named, "input": text, "tools": list(tools), **body})
    return occasion(request, Context(before=before), Chance(1, 1))


def function(name: str, description: str = "", **fields: Any) -> dict[str, Any]:
    return {"type": "function", "name": name, "description": description, **fields}


def unknown_to_sdk(steps: list[dict[str, Any]]) -> list[str]:
    """Types of steps and contents that Google's SDK does not know; nothing raises."""
    read = Interaction.model_validate({"status": "completed", "steps": steps})
    found = [str(step) for step in read.steps or [] if step.type == "UNKNOWN"]
    for step in read.steps or []:
        contents = getattr(step, "content", None) or []
        for content in contents:
            notes = getattr(content, "annotations", None) or []
            found += [str(part) for part in (content, *notes) if part.type == "UNKNOWN"]
    return found
