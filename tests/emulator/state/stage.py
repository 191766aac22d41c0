"""A store on a clock that only tests move, and answers that need no composer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Composition, Context
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.faults import WHOLE, Fault
from proxy.emulator.asked.request import read_create
from proxy.emulator.state.clock import Clock
from proxy.emulator.state.retention import DAY_S
from proxy.emulator.state.runs import Pace
from proxy.emulator.state.store import Store

START_S = 1_795_600_800
STEPS = 4
"""Steps of every answer."""


def still_clock() -> Clock:
    return Clock(START_S, step_ns=0)


def said(text: str) -> dict[str, Any]:
    return {"type": "model_output", "content": [{"type": "text", "text": text}]}


@dataclass(slots=True)
class Stage:
    """Creates as the emulator does, with answers of `STEPS` steps that carry their number."""

    clock: Clock = field(default_factory=still_clock)
    pace: Pace = field(default_factory=lambda: Pace(polls=2, seconds=10))
    days: int = 55
    ended: list[tuple[str | None, str]] = field(default_factory=list)
    context: Context = field(default_factory=Context)
    """What the last create built on."""
    store: Store = field(init=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.store = Store(
            self.clock,
            self.pace,
            retention_s=self.days * DAY_S,
            ended=lambda made: self.ended.append((made.id, made.status)),
        )

    def create(
        self, fault: Fault = WHOLE, answer: dict[str, Any] | None = None, **body: Any
    ) -> Interaction:
        number = next(self._numbers)
        request = read_create({"model": "gemini-3-flash-preview", "input": f"In {number}."} | body)
        self.context = self.store.context(request)
        left = self.context.hops_left
        usage = {"total_input_tokens": 10 + self.context.history, "total_output_tokens": 5}
        steps = tuple(said(f"Out {number}.{place}") for place in range(STEPS))
        made: dict[str, Any] = {"steps": steps, "status": "completed", "usage": usage}
        composition = Composition(**made | {"hops_left": left - 1 if left else 0} | (answer or {}))
        chance = Chance(1, number)
        return self.store.add(request, composition, "standard", chance, fault=fault, size=100)

    def made(self, **body: Any) -> str:
        """Create; the id."""
        identity = self.create(**body).id
        assert identity is not None
        return identity
