"""The Interaction resource as POST and GET show it. Source: the protocol reference, section 6.1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.emulator.answers.composition import Composition
from proxy.emulator.asked.request import CreateRequest, Json


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


def timestamp(seconds: int) -> str:
    """Whole seconds, UTC, ending in Z: the API's only form."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def resource(
    interaction: Interaction, *, has_whole_timeline: bool, has_input: bool = False
) -> Json:
    """The resource: model steps alone for POST, the caller's steps before them for GET."""
    answer = head(interaction)
    ended = interaction.composition
    if not interaction.is_running:
        if interaction.status == "cancelled":
            steps: list[Json] = []
        else:
            steps = list(ended.steps)
            answer["usage"] = ended.usage
            answer["service_tier"] = interaction.tier
        if has_whole_timeline:
            steps = [*interaction.request.steps, *steps]
        answer["steps"] = steps
        if ended.errors and interaction.status == "failed":
            answer["errors"] = list(ended.errors)
    if interaction.continuation_token is not None:
        answer["continuation_token"] = interaction.continuation_token
    if has_input and "input" in interaction.request.raw:
        answer["input"] = interaction.request.raw["input"]
    return answer


def head(interaction: Interaction) -> Json:
    """Who and when, without steps or usage."""
    answer: Json = {} if interaction.id is None else {"id": interaction.id}
    return {
        **answer,
        "status": interaction.status,
        "created": timestamp(interaction.created_s),
        "updated": timestamp(interaction.updated_s),
        "object": "interaction",
        **asked_for(interaction.request),
    }


def asked_for(request: CreateRequest) -> Json:
    """The model or the agent, under its own name, as it was asked for."""
    key = "model" if request.model is not None else "agent"
    return {key: request.name}
