"""Facts as attributes of spans. Pure. No content: facts hold none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.recording.facts import ExchangeFact, ObservationFact, Recording, UsageFact
from proxy.recording.operation import INTERACTION_OPERATIONS
from proxy.telemetry.traces.mapping.conventions import (
    FETCH_RESPONSE,
    GENERATE_CONTENT,
    INVOKE_AGENT,
    OWN,
    Upstream,
    finish_reason,
    output_type,
    response_status,
    usage_attribute,
)
from proxy.telemetry.traces.span import Attributes, Value

_NEVER_WENT_OUT: Final = "refused"
"""Outcome of an exchange that the proxy answered before anything was sent."""
BROKEN_OFF: Final = frozenset({"upstream_aborted", "timeout", "proxy_error", "interrupted"})
"""Outcomes of exchanges whose answer is not whole, and the caller is not the reason."""


def went_out(fact: ExchangeFact) -> bool:
    """Whether upstream was asked at all."""
    return fact.outcome != _NEVER_WENT_OUT


def end_of(fact: ExchangeFact) -> int:
    """On the wall clock as it stood at the start: no clock that is set in between turns time round."""
    return fact.started_at + max(fact.duration_ns, 0)


def path_of(fact: ExchangeFact) -> str:
    """The path with what may be told filled in; what may not stays in braces."""
    path = fact.route.replace("{v}", fact.api_version or "{v}")
    if fact.interaction and "/interactions/{id}" in path:
        is_named = not fact.interaction.startswith("exchange:")
        path = path.replace("{id}", fact.interaction if is_named else "{id}", 1)
    return path


def route_of(fact: ExchangeFact) -> str:
    """The route, with the API's version in its place."""
    return fact.route.replace("{v}", fact.api_version or "{v}")


def server_attributes(fact: ExchangeFact, seen: ObservationFact | None) -> Attributes:
    """Of the span of the exchange as its caller saw it."""
    found: Attributes = {
        "http.request.method": fact.method,
        "http.route": route_of(fact),
        "url.path": path_of(fact),
        "url.scheme": "http",
        f"{OWN}audit.record_id": fact.exchange,
        f"{OWN}operation": operation_of(fact),
        f"{OWN}outcome": fact.outcome,
    }
    _add(found, "http.response.status_code", fact.status)
    _add(found, f"{OWN}sdk", fact.sdk)
    _add(found, f"{OWN}purpose", None if fact.purpose == "client" else fact.purpose)
    _add(found, f"{OWN}own_answer", fact.is_own_answer or None)
    _add(found, f"{OWN}client_disconnected", fact.outcome == "client_gone" or None)
    _add(found, f"{OWN}problem_count", fact.problem_count or None)
    error = server_error(fact)
    _add(found, "error.type", error)
    if seen is not None:
        _add(found, f"{OWN}interaction.status", seen.status)
    return found


def operation_of(fact: ExchangeFact) -> str:
    """interactions.create, ..., or the name of an operation beside them."""
    prefix = "interactions." if fact.operation in INTERACTION_OPERATIONS else ""
    return prefix + fact.operation


def server_error(fact: ExchangeFact) -> str | None:
    """error.type of the exchange: 4xx are the caller's own, and a caller may leave."""
    if fact.status is not None:
        return str(fact.status) if fact.status >= 500 else None
    return None if fact.outcome == "client_gone" else fact.outcome


def attempt_error(fact: ExchangeFact) -> str | None:
    """error.type of what went upstream."""
    if fact.outcome in BROKEN_OFF:
        return fact.outcome
    if fact.status is not None and not fact.is_own_answer and fact.status >= 400:
        return str(fact.status)
    return None


def attempt_attributes(fact: ExchangeFact, upstream: Upstream) -> Attributes:
    """Of the one HTTP request that went upstream."""
    found: Attributes = {
        "http.request.method": fact.method,
        **upstream.attributes,
        "url.full": upstream.origin + path_of(fact),
    }
    if not fact.is_own_answer:
        _add(found, "http.response.status_code", fact.status)
    _add(found, "error.type", attempt_error(fact))
    return found


def inference_name(seen: ObservationFact) -> tuple[str, str]:
    """Operation and name of the span of a create."""
    if seen.agent is not None:
        return INVOKE_AGENT, f"{INVOKE_AGENT} {seen.agent}"
    return GENERATE_CONTENT, f"{GENERATE_CONTENT} {seen.model}" if seen.model else GENERATE_CONTENT


def mode_of(seen: ObservationFact) -> str:
    """unary, stream or background."""
    if seen.is_background:
        return "background"
    return "stream" if seen.is_streaming else "unary"


def inference_attributes(
    recording: Recording, seen: ObservationFact, upstream: Upstream
) -> Attributes:
    """Of the span of a create, beside its place in a conversation."""
    fact = recording.exchange
    found: Attributes = {
        "gen_ai.operation.name": inference_name(seen)[0],
        "gen_ai.provider.name": upstream.provider,
        **upstream.attributes,
        f"{OWN}audit.record_id": fact.exchange,
        f"{OWN}mode": mode_of(seen),
    }
    for name, value in (
        ("gen_ai.request.model", seen.model),
        ("gen_ai.agent.name", seen.agent),
        ("gen_ai.request.stream", seen.is_streaming or None),
        ("gen_ai.request.previous_response.id", seen.previous_interaction_id),
        ("gen_ai.request.max_tokens", seen.max_output_tokens),
        ("gen_ai.request.reasoning.level", seen.thinking_level),
        ("gen_ai.output.type", output_type(seen.response_formats)),
        ("gen_ai.response.id", seen.interaction_id),
        ("gen_ai.response.model", seen.model if seen.interaction_id else None),
        (f"{OWN}store", seen.store),
        (f"{OWN}service_tier", seen.service_tier),
        (f"{OWN}interaction.status", seen.status),
        (f"{OWN}client_disconnected", fact.outcome == "client_gone" or None),
    ):
        _add(found, name, value)
    if fact.is_streaming and fact.first_event_ns is not None:
        found["gen_ai.response.time_to_first_chunk"] = fact.first_event_ns / 1e9
    if seen.is_terminal or not seen.is_background:
        found |= result_attributes(seen, recording.usage)
    return found


def result_attributes(seen: ObservationFact, usage: Sequence[UsageFact]) -> Attributes:
    """How an interaction ended, and what it took. Told once, where it ended."""
    found: Attributes = {}
    reason = finish_reason(seen.status)
    if reason is not None:
        found["gen_ai.response.finish_reasons"] = (reason,)
    # The conventions count what tools brought as input, and thoughts as output; Google tells them apart.
    _add(found, "gen_ai.usage.input_tokens", _sum(seen.input_tokens, seen.tool_use_tokens))
    _add(found, "gen_ai.usage.cache_read.input_tokens", seen.cached_tokens)
    _add(found, "gen_ai.usage.output_tokens", _sum(seen.output_tokens, seen.thought_tokens))
    _add(found, "gen_ai.usage.reasoning.output_tokens", seen.thought_tokens)
    for line in usage:
        if line.interaction == seen.interaction:
            name = usage_attribute(line.kind, line.modality)
            if name is not None:
                _add(found, name, line.tokens)
    return found


def fetch_attributes(
    fact: ExchangeFact, seen: ObservationFact | None, upstream: Upstream
) -> Attributes:
    """Of the span of a read. No tokens: they are told where the interaction ended."""
    found: Attributes = {
        "gen_ai.operation.name": FETCH_RESPONSE,
        "gen_ai.provider.name": upstream.provider,
        **upstream.attributes,
        f"{OWN}audit.record_id": fact.exchange,
    }
    is_named = fact.interaction is not None and not fact.interaction.startswith("exchange:")
    _add(found, "gen_ai.response.id", fact.interaction if is_named else None)
    _add(found, "gen_ai.request.stream", fact.is_streaming or None)
    _add(found, "gen_ai.request.stream_cursor", fact.resumed_after)
    _add(found, f"{OWN}client_disconnected", fact.outcome == "client_gone" or None)
    if seen is not None and seen.status is not None:
        found["gen_ai.response.status"] = response_status(seen.status)
    return found


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None else first + (second or 0)


def _add(found: Attributes, name: str, value: Value | None) -> None:
    if value is not None:
        found[name] = value
