"""The events of a stream, in the order of the protocol reference, section 10.4, and their spelling.

The whole sequence follows from the interaction: a resumed stream is its tail, a cut one its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from proxy.emulator.answers.resource import Interaction, asked_for, head, timestamp
from proxy.emulator.answers.usage import running
from proxy.emulator.asked.request import Json
from proxy.emulator.events.deltas import deltas_of, start_of

DONE: Final = b"event: done\ndata: [DONE]\n\n"

UPDATE_STEPS: Final = 4
"""An agent says after so many steps that it is still at work, and what it has used so far."""

ID_PLACEHOLDER: Final = "{id}"
"""Where a scenario's events shall carry the id that their interaction gets."""

LAST_EVENTS: Final = frozenset({"interaction.completed", "interaction.complete", "error"})
"""Names of the event that ends a stream, in both schemas."""


def events(interaction: Interaction, *, piece: int | None = None) -> Iterator[Json]:
    """All events from `interaction.created` to `interaction.completed`, or to the error of a failed one.

    Background interactions carry an `event_id` each, unique and ascending; others carry none.
    `piece` is the length of a text delta in characters; None chooses one for the text. What a scenario
    gives is told as given.
    """
    scripted = interaction.composition.events
    bare = _bare_events(interaction, piece) if scripted is None else _filled(scripted, interaction)
    return numbered(bare) if interaction.request.is_background else bare


def numbered(bare: Iterable[Json]) -> Iterator[Json]:
    """The events with an id each; one that has its own keeps it."""
    for number, event in enumerate(bare):
        yield event if "event_id" in event else event | {"event_id": event_id(number)}


def event_id(number: int) -> str:
    """The id of the event at this place of a background stream."""
    return f"evt_{number:06d}"


def block(event: Json) -> bytes:
    """One server-sent event: its name, its JSON on one line, an empty line."""
    return b"event: %s\ndata: %s\n\n" % (event["event_type"].encode(), orjson.dumps(event))


def is_last(event: Json) -> bool:
    """Whether the stream ends with this event."""
    return event["event_type"] in LAST_EVENTS


def error_event(code: str, message: str) -> Json:
    """The event that ends a stream that failed after its start."""
    return {"event_type": "error", "error": {"code": code, "message": message}}


def closing(interaction: Interaction) -> Json:
    """The last event: who, how it ended, what it cost; no steps."""
    composition = interaction.composition
    described = head(interaction) | {"id": interaction.id or "", "service_tier": interaction.tier}
    if interaction.is_running:
        described["status"] = composition.status
    if described["status"] != "cancelled":
        described["usage"] = composition.usage
        if interaction.continuation_token is not None:
            described["continuation_token"] = interaction.continuation_token
    return {"interaction": described, "event_type": "interaction.completed"}


def ending(interaction: Interaction) -> Json:
    """The last event, which is the error itself if the interaction failed with one (section 10.6)."""
    errors = interaction.composition.errors
    is_failed = interaction.composition.status == "failed" and interaction.status != "cancelled"
    if is_failed and errors:
        return error_event(str(errors[0].get("code", "")), str(errors[0].get("message", "")))
    return closing(interaction)


def ended(last: Json, interaction: Interaction) -> Json:
    """The last event as it is sent: with the time at which the run ended, as a GET tells it from then on."""
    resource = last.get("interaction")
    is_ours = interaction.composition.events is None and not interaction.is_running
    if not (is_ours and isinstance(resource, dict) and "updated" in resource):
        return last
    return {**last, "interaction": {**resource, "updated": timestamp(interaction.updated_s)}}


def opening(interaction: Interaction) -> Iterator[Json]:
    """The first two events: created, and at work."""
    is_queued = interaction.composition.queued or interaction.status == "queued"
    created = {
        "id": interaction.id or "",
        "status": "queued" if is_queued else "in_progress",
        "object": "interaction",
    }
    created |= asked_for(interaction.request)
    yield {"interaction": created, "event_type": "interaction.created"}
    yield status_update(interaction)


def status_update(interaction: Interaction, status: str = "in_progress", **more: Any) -> Json:
    """A word on how far it is; `usage` and `continuation_token` may come along."""
    return {
        "interaction_id": interaction.id or "",
        "status": status,
        **more,
        "event_type": "interaction.status_update",
    }


def _bare_events(interaction: Interaction, piece: int | None) -> Iterator[Json]:
    yield from opening(interaction)
    if interaction.status != "cancelled":
        if interaction.request.agent is None:
            yield from _model_steps(interaction, piece)
        else:
            yield from _agent_steps(interaction, piece)
    yield ending(interaction)


def _model_steps(interaction: Interaction, piece: int | None) -> Iterator[Json]:
    checkpoints = _checkpoints(interaction)
    for index, step in enumerate(interaction.composition.steps):
        yield {"index": index, "step": start_of(step), "event_type": "step.start"}
        for delta in deltas_of(step, piece):
            yield {"index": index, "delta": delta, "event_type": "step.delta"}
        yield {"index": index, "event_type": "step.stop"}
        if index in checkpoints:
            yield status_update(interaction, continuation_token=checkpoints[index])


def _agent_steps(interaction: Interaction, piece: int | None) -> Iterator[Json]:
    """Steps with the usage so far: in the last delta, at the end of each, and between some."""
    composition = interaction.composition
    checkpoints = _checkpoints(interaction)
    counts = running(composition.usage, composition.steps)
    for index, (step, (so_far, own)) in enumerate(zip(composition.steps, counts, strict=True)):
        yield {"index": index, "step": start_of(step), "event_type": "step.start"}
        told = [
            {"index": index, "delta": delta, "event_type": "step.delta"}
            for delta in deltas_of(step, piece)
        ]
        if told:
            told[-1]["metadata"] = {"total_usage": so_far}
        yield from told
        stop: Json = {"index": index, "usage": so_far, "step_usage": own}
        yield stop | {"event_type": "step.stop"}
        if index in checkpoints:
            yield status_update(interaction, continuation_token=checkpoints[index])
        elif (index + 1) % UPDATE_STEPS == 0:
            yield status_update(interaction, usage=so_far)
    if composition.status == "requires_action":
        yield status_update(interaction, "requires_action", usage=composition.usage)


def _checkpoints(interaction: Interaction) -> dict[int, str]:
    """Tokens by the index of the step that they come after; a run's own answer has none to offer."""
    places = interaction.composition.checkpoints
    return dict(zip(places, interaction.checkpoint_tokens, strict=False)) if places else {}


def _filled(scripted: Iterable[Json], interaction: Interaction) -> Iterator[Json]:
    """A scenario's events with the id of this interaction in its place."""
    identity = interaction.id or ""
    for event in scripted:
        text = orjson.dumps(event).decode()
        yield (
            orjson.loads(text.replace(ID_PLACEHOLDER, identity))
            if ID_PLACEHOLDER in text
            else event
        )
