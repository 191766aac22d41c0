"""One stored interaction, and the conversation behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.emulator.answers.resource import Interaction
from proxy.emulator.answers.usage import context_tokens
from proxy.emulator.asked.request import Json
from proxy.emulator.state.runs import Run

UNCOUNTED: Final = {"total_input_tokens": 0, "total_output_tokens": 0}
"""What a scenario's usage may leave out."""


@dataclass(slots=True)
class Record:
    """A stored interaction. Mutable: polls and time move it on."""

    interaction: Interaction
    root: str
    turn: int
    parent: Record | None
    """The turn before, even if it has been deleted or has expired since."""
    expires_ns: int
    visible_ns: int
    """Until then nobody finds it."""
    run: Run | None
    """Set as long as it runs in the background."""
    steps_shown: int | None = None
    """How many steps of its answer are to be seen; None means all."""
    size: int = 0


def history_tokens(record: Record) -> int:
    """What this turn costs the next one as input. A cancelled one said nothing that counts."""
    usage = UNCOUNTED | record.interaction.composition.usage
    if record.interaction.status == "cancelled":
        return int(usage["total_input_tokens"])
    return context_tokens(usage)


def timeline(record: Record) -> tuple[Json, ...]:
    """All steps of the conversation up to and with this turn, the caller's and the model's, oldest first."""
    turns = []
    turn: Record | None = record
    while turn is not None:
        turns.append(turn)
        turn = turn.parent
    steps: list[Json] = []
    for turn in reversed(turns):
        steps += turn.interaction.request.steps
        steps += turn.interaction.composition.steps[: turn.steps_shown]
    return tuple(steps)
