"""Events of a stream and the deltas inside them. Source: reference, sections 10.2, 10.3 and 15.4.

Names of the old schema are read as the new ones; what differs (a content instead of a step) shows
in `StepStart.is_content`.
"""

from __future__ import annotations

from typing import Any, Final

from proxy.interactions.content import is_content_type, text_or_none, told_name
from proxy.interactions.known import CALL_TYPES, DELTA_FIELDS, EVENT_FIELDS, RESULT_TYPES
from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.interactions.shapes.told import EVENT_METADATA, USAGE
from proxy.values import plain_value

INDEX_MAX: Final = 1_000_000
"""Largest step index taken seriously: ten times the steps that are kept."""


@plain_value(frozen=True, slots=True)
class TextDelta:
    """Append to the text."""

    text: str


@plain_value(frozen=True, slots=True)
class MediaDelta:
    """Append a media content."""

    content: JsonObject


@plain_value(frozen=True, slots=True)
class AnnotationDelta:
    """Annotations of the text so far."""

    annotations: tuple[Any, ...]


@plain_value(frozen=True, slots=True)
class SummaryDelta:
    """Append to a thought's summary."""

    content: JsonObject


@plain_value(frozen=True, slots=True)
class ArgumentsDelta:
    """A piece of a call's arguments, as JSON text."""

    arguments: str


@plain_value(frozen=True, slots=True)
class FieldsDelta:
    """Whole fields of a step; `step_type` is the step such a delta belongs to."""

    step_type: str
    fields: JsonObject


@plain_value(frozen=True, slots=True)
class UnknownDelta:
    """A delta whose `type` this release does not know, or whose fields have another shape."""

    type_name: str
    raw: JsonObject


Delta = (
    TextDelta
    | MediaDelta
    | AnnotationDelta
    | SummaryDelta
    | ArgumentsDelta
    | FieldsDelta
    | UnknownDelta
)


@plain_value(frozen=True, slots=True)
class InteractionSeen:
    """interaction.created (is_last False) or interaction.completed (True), with a partial resource."""

    resource: JsonObject
    is_last: bool


@plain_value(frozen=True, slots=True)
class StatusSeen:
    """A status in between. `fields`: those of the event that an interaction has too."""

    interaction_id: str | None
    fields: JsonObject


@plain_value(frozen=True, slots=True)
class StepStart:
    """A step begins; `is_content`: in the old schema a flat content."""

    index: int
    step: JsonObject
    is_content: bool


@plain_value(frozen=True, slots=True)
class StepDelta:
    """A fragment of a step."""

    index: int
    type: str
    delta: Delta
    usage: JsonObject | None
    """Running usage of the interaction, if the event has it."""
    is_content: bool


@plain_value(frozen=True, slots=True)
class StepStop:
    """A step ended. `usage` is the interaction's so far, `step_usage` this step's own."""

    index: int
    usage: JsonObject | None
    step_usage: JsonObject | None


@plain_value(frozen=True, slots=True)
class ErrorSeen:
    """The stream failed; it ends here."""

    error: JsonObject


@plain_value(frozen=True, slots=True)
class UnknownEvent:
    """An event whose `event_type` this release does not know, or whose fields have another shape."""

    type_name: str
    raw: JsonObject


Event = InteractionSeen | StatusSeen | StepStart | StepDelta | StepStop | ErrorSeen | UnknownEvent

_CREATED: Final = frozenset({"interaction.created", "interaction.start"})
_COMPLETED: Final = frozenset({"interaction.completed", "interaction.complete"})
_STATUS_FIELDS: Final = ("status", "usage", "continuation_token")


def object_or_none(value: Any) -> JsonObject | None:
    """An object as it is; None for every other JSON value."""
    return value if isinstance(value, dict) else None


def event_from_json(raw: JsonObject, name: str, notes: Notes, offset: int) -> Event:
    """One event.

    Args:
        raw: its JSON.
        name: of the `event:` line, for events whose JSON does not say its type.
        notes: takes problems and unknown names.
        offset: of the event in the body, for a problem's `where`.
    """
    kind = raw.get("event_type") or name
    known = EVENT_FIELDS.get(kind) if isinstance(kind, str) else None
    if known is None:
        notes.unknown("event", told_name(kind), "stream")
        return UnknownEvent(told_name(kind), raw)
    if not known.issuperset(raw):
        notes.unknown_fields(raw, known, f"event {kind}")
    event = _step_event(raw, kind, notes) if "index" in raw else _whole_event(raw, kind)
    if event is None:
        detail = f"a field of {kind} is missing or odd"
        notes.problem(ProblemKind.WRONG_SHAPE, f"byte {offset}", detail)
        return UnknownEvent(kind, raw)
    return event


def _step_event(raw: JsonObject, kind: str, notes: Notes) -> Event | None:
    index = raw["index"]
    if type(index) is not int or not 0 <= index <= INDEX_MAX:
        return None
    is_content = kind.startswith("content.")
    if kind.endswith(".delta"):
        delta = raw.get("delta")
        if not isinstance(delta, dict):
            return None
        metadata, usage = raw.get("metadata"), None
        if metadata is not None:
            EVENT_METADATA.check(metadata, notes)
            usage = object_or_none(metadata.get("total_usage")) if type(metadata) is dict else None
        type_name = told_name(delta.get("type"))
        parsed = delta_from_json(delta, type_name, notes)
        return StepDelta(index, type_name, parsed, usage, is_content)
    if kind.endswith(".start"):
        step = raw.get("content" if is_content else "step")
        return StepStart(index, step, is_content) if isinstance(step, dict) else None
    if kind.endswith(".stop"):
        usage, own = object_or_none(raw.get("usage")), object_or_none(raw.get("step_usage"))
        USAGE.check(usage, notes)
        USAGE.check(own, notes)
        return StepStop(index, usage, own)
    return None


def _whole_event(raw: JsonObject, kind: str) -> Event | None:
    if kind in _CREATED or kind in _COMPLETED:
        resource = object_or_none(raw.get("interaction"))
        return InteractionSeen(resource, kind in _COMPLETED) if resource is not None else None
    if kind in {"error", "interaction.error"}:
        error = raw.get("error")
        return ErrorSeen(error if isinstance(error, dict) else {"message": error})
    if kind.startswith("interaction."):
        fields = dict(object_or_none(raw.get("interaction")) or {})
        fields.update({name: raw[name] for name in _STATUS_FIELDS if raw.get(name) is not None})
        if kind != "interaction.status_update":
            fields.setdefault("status", kind.removeprefix("interaction."))
        return StatusSeen(text_or_none(raw.get("interaction_id")), fields)
    return None


def delta_from_json(raw: JsonObject, type_name: str, notes: Notes) -> Delta:
    """One delta. Its fields are not copied: the assembler takes them over."""
    known = DELTA_FIELDS.get(type_name)
    if known is None:
        notes.unknown("delta", type_name, "step.delta")
        return UnknownDelta(type_name, raw)
    if not known.issuperset(raw):
        notes.unknown_fields(raw, known, f"delta {type_name}")
    delta = _delta_or_none(raw, type_name)
    if delta is None:
        notes.problem(ProblemKind.WRONG_SHAPE, f"delta {type_name}", "a field has another type")
        return UnknownDelta(type_name, raw)
    return delta


def _delta_or_none(raw: JsonObject, type_name: str) -> Delta | None:
    if type_name == "text":
        text = raw.get("text", "")
        return TextDelta(text) if isinstance(text, str) else None
    if type_name in CALL_TYPES or type_name in RESULT_TYPES:
        fields = {name: value for name, value in raw.items() if name != "type"}
        return FieldsDelta(type_name, fields)
    if type_name == "arguments_delta":
        arguments = raw.get("arguments", "")
        return ArgumentsDelta(arguments) if isinstance(arguments, str) else None
    if type_name == "thought_signature":
        return FieldsDelta("thought", {"signature": raw.get("signature")})
    if type_name == "thought_summary":
        content = raw.get("content")
        return SummaryDelta(content) if isinstance(content, dict) else None
    if is_content_type(type_name):
        return MediaDelta(raw)
    annotations = raw.get("annotations")
    if annotations is None:
        return AnnotationDelta(())
    return AnnotationDelta(tuple(annotations)) if isinstance(annotations, list) else None
