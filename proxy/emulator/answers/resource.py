"""The Interaction resource as POST and GET show it. Source: the protocol reference, section 6.1."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from proxy.emulator.answers.composition import Composition
from proxy.emulator.asked.request import CreateRequest, Json

OUTPUTS_MODELS: Final = frozenset({"lyria-3-clip-preview", "lyria-3-pro-preview"})
"""Models whose answers the newest SDKs convert from `outputs`."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction with its whole answer, from the moment it is created."""

    id: str | None
    """None when it is not stored."""
    request: CreateRequest
    composition: Composition
    tier: str
    created_s: int
    updated_s: int
    """Unix seconds of the last change of its status."""
    status: str
    """What a caller sees now: `in_progress` while a background run lasts, then the composition's."""
    continuation_token: str | None = None
    checkpoint_tokens: tuple[str, ...] = ()
    """One for each of the composition's checkpoints, in their order."""

    @property
    def is_running(self) -> bool:
        return self.status in ("queued", "in_progress")


@functools.lru_cache(maxsize=1024)  # the seconds that a busy emulator's interactions share
def timestamp(seconds: int) -> str:
    """Whole seconds, UTC, ending in Z: the API's only form."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def resource(
    interaction: Interaction,
    *,
    has_whole_timeline: bool,
    has_input: bool = False,
    steps_shown: int | None = None,
) -> Json:
    """The resource: model steps alone for POST, the caller's steps before them for GET.

    Of a run that is not over, or was cancelled, the first `steps_shown` steps are seen. What the
    caller sent is not echoed but for its input, on demand.
    """
    answer = head(interaction)
    made = interaction.composition
    if interaction.is_running or interaction.status == "cancelled":
        steps = list(made.steps[: steps_shown or 0])
    else:
        steps = list(made.steps)
        answer["usage"] = made.usage
        answer["service_tier"] = interaction.tier
        if made.errors:
            answer["errors"] = list(made.errors)
    if steps or not interaction.is_running:
        if is_in_outputs(interaction.request):
            answer["outputs"] = contents_of(steps)
        else:
            answer["steps"] = [*interaction.request.steps, *steps] if has_whole_timeline else steps
    if made.environment_id is not None:
        answer["environment_id"] = made.environment_id
    if interaction.continuation_token is not None and not interaction.is_running:
        answer["continuation_token"] = interaction.continuation_token
    if has_input and "input" in interaction.request.raw:
        answer["input"] = interaction.request.raw["input"]
    return answer


def head(interaction: Interaction) -> Json:
    """Who and when, without steps or usage."""
    answer: Json = {} if interaction.id is None else {"id": interaction.id}
    answer["status"] = interaction.status
    answer["created"] = timestamp(interaction.created_s)
    answer["updated"] = timestamp(interaction.updated_s)
    answer["object"] = "interaction"
    return answer | asked_for(interaction.request)


def asked_for(request: CreateRequest) -> Json:
    """The model or the agent, under its own name, as it was asked for."""
    key = "model" if request.model is not None else "agent"
    return {key: request.name}


def is_in_outputs(request: CreateRequest) -> bool:
    """Whether the answer comes in the old `outputs` also today (reference, section 15.4; inferred)."""
    return request.model in OUTPUTS_MODELS


def contents_of(steps: Iterable[Json]) -> list[Json]:
    """All contents of the model's output, without the steps around them."""
    return [c for s in steps if s.get("type") == "model_output" for c in s.get("content", ())]
