"""What an exchange told about an interaction, as facts in clear: its state and its usage. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proxy.interactions.interaction import Interaction, Request, Usage, decode_id, id_hash
from proxy.interactions.known import TERMINAL_STATUSES
from proxy.interactions.steps import Step
from proxy.recording.facts import ObservationFact, StepFact, UsageFact
from proxy.recording.merging.canonical import canonical_bytes
from proxy.recording.secrecy.equality import Equality, EqualityOf
from proxy.recording.secrecy.names import clear_id, clear_name, clear_name_or_none
from proxy.recording.telling.about import settings_of, settings_sent
from proxy.recording.telling.subject import Subject
from proxy.values import plain_value

HOW: Final = {
    "create": "created",
    "get": "read",
    "resume": "resumed",
    "cancel": "cancelled",
    "delete": "deleted",
}
"""Operation to ObservationFact.how."""


@plain_value(frozen=True, slots=True)
class Told:
    """One interaction as one exchange told of it."""

    subject: Subject
    how: str
    interaction_id: str | None
    interaction: Interaction
    request: Request | None
    """Of a create that could be read."""
    is_complete: bool
    is_streaming: bool
    error_code: str | None
    about_index: int | None = None
    """Place of what else was said, in the recording's contents."""
    answer_mac: str | None = None


def observation_fact(told: Told, steps: list[StepFact]) -> ObservationFact:
    """The row of one interaction; `steps` are its own."""
    seen, asked, usage = told.interaction, told.request, told.interaction.usage
    previous = seen.previous_interaction_id or (asked.previous_interaction_id if asked else None)
    environment = seen.environment_id or (asked.environment_id if asked else None)
    outputs = [step for step in steps if step.side == "output"]
    subject = told.subject
    settings = settings_of(asked.raw if asked else seen.raw)
    return ObservationFact(
        exchange=subject.exchange,
        at=subject.at,
        interaction=subject.interaction,
        interaction_id=told.interaction_id,
        id_hash=subject.id_hash,
        root_hash=_root_hash(told.interaction_id, previous, subject.id_hash),
        how=told.how,
        status=clear_name_or_none(seen.status),
        is_terminal=seen.status in TERMINAL_STATUSES,
        is_complete=told.is_complete,
        model=clear_name_or_none(seen.model or (asked.model if asked else None)),
        agent=clear_name_or_none(seen.agent or (asked.agent if asked else None)),
        previous_interaction_id=clear_id(previous) if previous else None,
        previous_hash=id_hash(previous) if previous else None,
        store=_store(asked) if told.how == "created" else None,
        is_background=asked.is_background if asked else None,
        is_streaming=told.is_streaming,
        service_tier_asked=clear_name_or_none(asked.service_tier if asked else None),
        service_tier=clear_name_or_none(seen.service_tier),
        created=clear_name_or_none(seen.created),
        updated=clear_name_or_none(seen.updated),
        environment_id=clear_name_or_none(environment),
        has_continuation_token=seen.has_continuation_token,
        input_step_count=len(steps) - len(outputs),
        output_step_count=_output_count(told.how, outputs),
        function_call_count=sum(step.type == "function_call" for step in outputs),
        input_tokens=usage.input_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        thought_tokens=usage.thought_tokens,
        tool_use_tokens=usage.tool_use_tokens,
        total_tokens=usage.total_tokens,
        error_code=clear_name_or_none(seen.error_code) or told.error_code,
        agent_config_type=settings.agent_config_type,
        tool_types=settings.tool_types,
        tool_choice=settings.tool_choice,
        response_formats=settings.response_formats,
        thinking_level=settings.thinking_level,
        max_output_tokens=settings.max_output_tokens,
        is_continuation=asked.has_continuation_token if asked else None,
        initial_input_tokens=usage.initial_input_tokens,
        about_index=told.about_index,
        answer_mac=told.answer_mac,
        settings_sent=settings_sent(asked.raw) if asked else None,
    )


def usage_facts(subject: Subject, usage: Usage) -> list[UsageFact]:
    """A row for each line of a usage object."""
    return [
        UsageFact(
            subject.exchange,
            subject.interaction,
            subject.id_hash,
            subject.at,
            line.kind,
            clear_name(line.modality),
            line.tokens,
        )
        for line in usage.lines
    ]


def _output_count(how: str, outputs: list[StepFact]) -> int:
    """How many steps the answer has, as far as was seen: a resumed stream seldom shows the first of them."""
    if how != "resumed":
        return len(outputs)
    indexes = [step.stream_index for step in outputs if step.stream_index is not None]
    return max([len(outputs), *[index + 1 for index in indexes]])


def _store(asked: Request | None) -> str | None:
    if asked is None:
        return None
    return "inherited" if asked.store is None else str(asked.store).lower()


def _root_hash(interaction_id: str | None, previous: str | None, own_hash: int) -> int:
    """Hash of the conversation's first turn, from this id or else from the one before."""
    for known in (interaction_id, previous):
        decoded = decode_id(known) if known else None
        if decoded is not None:
            if decoded.is_root and known is interaction_id:
                return own_hash
            return id_hash(decoded.root_id)
    return own_hash


def answer_mac(found: Interaction, outputs: Iterable[Step], equality: Equality) -> str | None:
    """What an ended interaction's output compares by, however it was told; before media are taken out."""
    if found.status not in TERMINAL_STATUSES:
        return None
    parts = canonical_bytes(step.raw for step in outputs)
    return None if parts is None else equality.mac("answer", *parts)


def equality_of(interaction: str, at: int, equality: EqualityOf) -> Equality:
    """The equality under which records of an interaction compare: of the day its id says it was created.

    `at` (wall clock, ns) stands for that where the id does not say.
    """
    decoded = decode_id(interaction)
    return equality(at if decoded is None else decoded.created_s * 1_000_000_000)
