"""What all tools share: a call with its result, signatures, and what an answer may cite from them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.request import Json

SIGNATURE_BYTES: Final = 48
"""Real ones are longer; this is enough to be told apart."""

Source: TypeAlias = Json
"""An annotation that lacks the bounds of what it is about: those come with the text."""


@dataclass(slots=True)
class Used:
    """What a tool left behind: its steps, and the sources its result gives to cite."""

    steps: list[Json] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def add(self, other: Used) -> None:
        self.steps += other.steps
        self.sources += other.sources


def signature(chance: Chance) -> str:
    """An opaque signature: base64 of bytes that mean nothing."""
    return base64.b64encode(chance.data(SIGNATURE_BYTES)).decode()


def pair(kind: str, chance: Chance, call: Json, result: Json) -> list[Json]:
    """A call and its result, named after the kind of tool, each with its signature."""
    call_id = chance.call_id()
    return [
        {"type": f"{kind}_call", "id": call_id, **call, "signature": signature(chance)},
        {"type": f"{kind}_result", "call_id": call_id, **result, "signature": signature(chance)},
    ]


def names_in(text: str) -> list[str]:
    """Words that look like names: capitalised, and not the first of a sentence."""
    return re.findall(r"(?<=[a-zà-ÿ,] )[A-ZÀ-Þ][\wà-ÿ-]+", text)[:4]
