"""From a turn to a composition: what the scenario says, and what it leaves to the emulator."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Composition, Context, Pinned
from proxy.emulator.answers.usage import counted
from proxy.emulator.asked.request import CreateRequest, Json
from proxy.emulator.scenarios.format.spoken import COUNTED
from proxy.emulator.scenarios.script import Turn

SIGNATURE_BYTES: Final = 48
"""Of a thought's signature; the service's have some hundreds, and nobody looks into them."""

_HISTORY: Final = {"total_input_tokens": 0, "total_output_tokens": 0}
"""What later turns count as history must be there."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """What a turn is asked for."""

    turn: Turn
    request: CreateRequest
    context: Context
    chance: Chance
    scale: float
    """Seconds of ours for one of the scenario's; 0 does not wait."""


def composition_of(scripted: Scripted, answer: Json) -> Composition:
    """The composition a turn's answer stands for."""
    turn, chance = scripted.turn, scripted.chance
    steps = tuple(step for step in answer.get("steps", ()) if isinstance(step, dict))
    if not turn.is_exact:
        steps = _completed(steps, chance)
    status = str(answer.get("status") or _status(steps))
    return Composition(
        steps=steps,
        status=status,
        usage=_usage(scripted, answer, steps),
        errors=tuple(answer.get("errors", ())),
        hops_left=int(status == "requires_continuation"),
        events=turn.stream.events,
        gaps_s=tuple(gap * scripted.scale for gap in turn.stream.gaps_s),
        environment_id=answer.get("environment_id"),
        label=turn.name,
        pinned=Pinned(
            id=answer.get("id"),
            created_s=_seconds(answer.get("created")),
            updated_s=_seconds(answer.get("updated")),
            continuation_token=answer.get("continuation_token"),
        ),
        shown=_shown(scripted, answer),
        tier=answer.get("service_tier"),
        polls=_polls(turn),
        seconds=turn.background.seconds,
        queued=turn.background.queued,
    )


def _polls(turn: Turn) -> int | None:
    """The GETs that find the run in progress and then over; those that find it queued come before."""
    background = turn.background
    if background.polls is None:
        return None
    return max(1, background.polls - (background.queued or 0))


def _shown(scripted: Scripted, answer: Json) -> Json | None:
    turn = scripted.turn
    if scripted.request.is_background:
        return turn.background.accepted
    return answer if turn.is_exact else None


def _completed(steps: tuple[Json, ...], chance: Chance) -> tuple[Json, ...]:
    """Steps with what the service always adds: ids of calls, signatures of thoughts."""
    made: list[Json] = []
    open_calls: list[str] = []
    for step in steps:
        kind = step["type"]
        added: Json = {}
        if kind == "thought" and "signature" not in step:
            added["signature"] = base64.b64encode(chance.data(SIGNATURE_BYTES)).decode()
        elif kind == "model_output" and "content" not in step:
            added["content"] = []
        elif kind.endswith("_call"):
            added["id"] = step.get("id") or chance.call_id()
            if kind not in ("file_search_call", "processing_call"):
                added["arguments"] = step.get("arguments", {})
            open_calls.append(added["id"])
        elif kind.endswith("_result") and "call_id" not in step and open_calls:
            added["call_id"] = open_calls.pop(0)
        made.append(step | added)
    return tuple(made)


def _status(steps: tuple[Json, ...]) -> str:
    """`requires_action` where a function was called and nobody answered."""
    answered = {step.get("call_id") for step in steps if step.get("type") == "function_result"}
    is_open = any(
        step.get("type") == "function_call" and step.get("id") not in answered for step in steps
    )
    return "requires_action" if is_open else "completed"


def _usage(scripted: Scripted, answer: Json, steps: tuple[Json, ...]) -> Json:
    given = answer.get("usage", COUNTED)
    if scripted.turn.is_exact:
        return _HISTORY | (given if isinstance(given, dict) else {})
    found = counted(scripted.request, scripted.context, steps)
    return found if given == COUNTED else found | given


def _seconds(text: object) -> int | None:
    """Unix seconds of the API's form of an instant; None for any other."""
    try:
        instant = datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 - Z is UTC, set below
    except ValueError:
        return None
    return int(instant.replace(tzinfo=UTC).timestamp())
