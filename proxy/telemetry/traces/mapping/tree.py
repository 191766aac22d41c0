"""From the facts of one exchange to its spans. Does no I/O; never raises on odd facts.

SERVER   POST /v1beta/interactions
+- CLIENT   generate_content gemini-3-flash-preview   (or: invoke_agent <agent>)
   +- CLIENT   POST                                   the one request that went upstream
   +- INTERNAL interaction.step thought               step.start ... step.stop
   +- INTERNAL execute_tool google_search             call's start ... result's stop
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from proxy.recording.facts import ExchangeFact, ObservationFact, Recording
from proxy.telemetry.traces.mapping.attributes import (
    BROKEN_OFF,
    attempt_attributes,
    end_of,
    fetch_attributes,
    inference_attributes,
    inference_name,
    route_of,
    server_attributes,
    went_out,
)
from proxy.telemetry.traces.mapping.conventions import (
    FETCH_RESPONSE,
    OWN,
    STREAM_INTERRUPTED,
    Upstream,
)
from proxy.telemetry.traces.mapping.memory import KnownInteraction, Memory
from proxy.telemetry.traces.mapping.runs import run_span
from proxy.telemetry.traces.mapping.steps import step_events, step_spans
from proxy.telemetry.traces.mapping.ties import (
    calls_of,
    client_tool_spans,
    links_back,
    links_of_read,
)
from proxy.telemetry.traces.sampling import Place, Sampler
from proxy.telemetry.traces.span import (
    Span,
    SpanContext,
    SpanKind,
    span_id,
)

_FETCHES: Final = frozenset({"get", "resume"})
_MAY_END: Final = frozenset({"get", "resume", "cancel"})


class SpanTree:
    """Makes spans, exchange by exchange, in the order of commits. Used by one thread."""

    def __init__(
        self,
        upstream: Upstream,
        memory: Memory,
        sampler: Sampler,
        *,
        has_client_tools: bool,
        one_unchanged_poll_in: int,
    ) -> None:
        """`has_client_tools`: infer what callers' functions took from the turns around them."""
        self._upstream = upstream
        self._memory = memory
        self._sampler = sampler
        self._has_client_tools = has_client_tools
        self._one_unchanged_poll_in = one_unchanged_poll_in

    def spans(self, recording: Recording) -> list[Span]:
        """The spans of one exchange, roots first; none if it is not sampled."""
        fact = recording.exchange
        place = self._sampler.place(
            fact.exchange, fact.trace_id, fact.parent_span_id, is_sampled=fact.is_sampled
        )
        if fact.operation == "create" and recording.observations:
            return self._create(recording, recording.observations[0], place)
        if fact.operation in _MAY_END:
            return self._read(recording, place)
        if fact.operation == "delete" and fact.interaction and 200 <= (fact.status or 0) < 300:
            self._memory.forget(fact.interaction)
        if not place.is_sampled:
            return []
        server = self._server(recording, place)
        return [server, *self._attempt(fact, server.context)]

    # One exchange, as its caller and upstream saw it.

    def _server(self, recording: Recording, place: Place) -> Span:
        fact = recording.exchange
        seen = recording.observations[0] if recording.observations else None
        attributes = server_attributes(fact, seen)
        return Span(
            f"{fact.method} {route_of(fact)}",
            SpanKind.SERVER,
            SpanContext(place.trace_id, span_id(fact.exchange, "server")),
            place.parent,
            fact.started_at,
            end_of(fact),
            attributes,
            "error.type" in attributes,
            is_parent_remote=place.parent is not None,
        )

    def _attempt(self, fact: ExchangeFact, parent: SpanContext) -> list[Span]:
        if not went_out(fact):
            return []
        attributes = attempt_attributes(fact, self._upstream)
        return [
            Span(
                fact.method,
                SpanKind.CLIENT,
                SpanContext(parent.trace_id, span_id(fact.exchange, "attempt")),
                parent.span_id,
                fact.started_at,
                end_of(fact),
                attributes,
                "error.type" in attributes,
            )
        ]

    # A create.

    def _create(self, recording: Recording, seen: ObservationFact, place: Place) -> list[Span]:
        fact = recording.exchange
        before = self._memory.get(seen.previous_interaction_id, fact.started_at)
        context = SpanContext(place.trace_id, span_id(fact.exchange, "inference"))
        later = context if place.is_sampled else None
        spans = client_tool_spans(recording, before, later) if self._has_client_tools else []
        known = self._note(recording, seen, before, later)
        if not place.is_sampled:
            return spans
        server = self._server(recording, place)
        if not went_out(fact):
            return [server, *spans]
        attributes = inference_attributes(recording, seen, self._upstream)
        if known.turn is not None:
            attributes[f"{OWN}chain.turn"] = known.turn
        if known.root is not None:
            attributes["gen_ai.conversation.id"] = known.root
        error = inference_error(fact, seen)
        if error is not None:
            attributes["error.type"] = error
        inference = Span(
            inference_name(seen)[1],
            SpanKind.CLIENT,
            context,
            server.context.span_id,
            fact.started_at,
            end_of(fact),
            attributes,
            error is not None,
            step_events(recording, end_of(fact), timed_too=False),
            links_back(recording, before),
        )
        steps = step_spans(recording, context, None)
        return [server, inference, *self._attempt(fact, context), *steps, *spans]

    def _note(
        self,
        recording: Recording,
        seen: ObservationFact,
        before: KnownInteraction | None,
        context: SpanContext | None,
    ) -> KnownInteraction:
        """Remember a create; its conversation is known if that of the turn before is."""
        turn: int | None = None
        root: str | None = None
        if seen.previous_interaction_id is not None:
            if before is not None and before.turn is not None and before.root is not None:
                turn, root = before.turn + 1, before.root
        elif not _has_history(recording):
            turn, root = 1, seen.interaction_id
        known = KnownInteraction(
            context=context,
            started_at=recording.exchange.started_at,
            known_at=end_of(recording.exchange),
            status=seen.status,
            is_terminal=seen.is_terminal,
            is_background=bool(seen.is_background),
            model=seen.model,
            agent=seen.agent,
            root=root,
            turn=turn,
            calls=calls_of(recording, context),
        )
        if seen.interaction_id is not None:
            self._memory.add(seen.interaction_id, known)
        return known

    # Reads: polls, resumed streams, cancels.

    def _read(self, recording: Recording, place: Place) -> list[Span]:
        fact = recording.exchange
        seen = recording.observations[0] if recording.observations else None
        name = fact.interaction if seen is None else seen.interaction_id
        known = self._memory.get(name, fact.started_at)
        run = run_span(recording, seen, known)
        is_unchanged = _is_unchanged(fact, seen, known)
        is_left_out = False
        if known is not None and seen is not None:
            is_left_out = is_unchanged and known.unchanged_polls % self._one_unchanged_poll_in != 0
            self._see(recording, known, seen)
            known.unchanged_polls += is_unchanged
        runs = [run] if run else []
        if not place.is_sampled or is_left_out:
            return runs
        links = links_of_read(known, run)
        server = self._server(recording, place)
        if fact.operation not in _FETCHES or not went_out(fact):
            server = replace(server, links=links)
            return [server, *self._attempt(fact, server.context), *runs]
        context = SpanContext(place.trace_id, span_id(fact.exchange, "fetch"))
        attributes = fetch_attributes(fact, seen, self._upstream)
        if is_unchanged:
            attributes[f"{OWN}poll.unchanged"] = True
        error = fetch_error(fact, seen)
        if error is not None:
            attributes["error.type"] = error
        fetch = Span(
            FETCH_RESPONSE,
            SpanKind.CLIENT,
            context,
            server.context.span_id,
            fact.started_at,
            end_of(fact),
            attributes,
            error is not None,
            links=links,
        )
        steps = step_spans(recording, context, "resumed")
        return [server, fetch, *self._attempt(fact, context), *steps, *runs]

    def _see(self, recording: Recording, known: KnownInteraction, seen: ObservationFact) -> None:
        if seen.is_terminal and not known.is_terminal:
            known.is_terminal = True
            known.known_at = end_of(recording.exchange)
            known.calls.update(calls_of(recording, None))
        known.status = seen.status


def inference_error(fact: ExchangeFact, seen: ObservationFact) -> str | None:
    """error.type of a create. A caller that leaves is none; nor is an end that asks for more."""
    if fact.status is None or fact.is_own_answer:
        return None if fact.outcome == "client_gone" else fact.outcome
    if fact.status >= 400:
        return str(fact.status)
    if fact.error_code is not None or seen.status == "failed":
        return fact.error_code or seen.error_code or "failed"
    if fact.outcome == "client_gone":
        return None
    if seen.is_streaming and not seen.is_complete:
        return STREAM_INTERRUPTED
    return fact.outcome if fact.outcome in BROKEN_OFF else None


def fetch_error(fact: ExchangeFact, seen: ObservationFact | None) -> str | None:
    """error.type of a read. That the interaction failed earlier is no failure of reading it."""
    if fact.status is not None and fact.status >= 400 and not fact.is_own_answer:
        return str(fact.status)
    if fact.outcome == "client_gone":
        return None
    if seen is not None and seen.is_streaming and fact.outcome in BROKEN_OFF:
        return STREAM_INTERRUPTED
    return fact.outcome if fact.outcome in BROKEN_OFF else None


def _is_unchanged(
    fact: ExchangeFact, seen: ObservationFact | None, known: KnownInteraction | None
) -> bool:
    """A poll that brought no news."""
    return (
        fact.operation == "get"
        and seen is not None
        and known is not None
        and not (seen.is_streaming or seen.is_terminal)
        and seen.status is not None
        and seen.status == known.status
    )


def _has_history(recording: Recording) -> bool:
    """The request repeats earlier turns: this is not the conversation's first."""
    return any(one.side == "input" and one.type != "user_input" for one in recording.steps)
