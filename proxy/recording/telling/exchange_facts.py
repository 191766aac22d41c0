"""The row of an exchange and those of its problems: what holds for every exchange. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.exchange import Exchange
from proxy.recording.facts import ExchangeFact, ProblemFact, UnknownFact
from proxy.recording.operation import Target, classify
from proxy.recording.reading.answer import Answer
from proxy.recording.reading.heads import (
    NO_RESPONSE,
    RequestHead,
    ResponseHead,
    request_head,
    response_head,
)
from proxy.recording.secrecy.names import clear_name

_NO_REQUEST: Final = RequestHead("(odd)", "", None, (), None, None, None, None)


@dataclass(frozen=True, slots=True)
class Heads:
    """The two heads and what the request line asks for."""

    asked: RequestHead
    answered: ResponseHead
    target: Target


@dataclass(frozen=True, slots=True)
class Ties:
    """What ties an exchange to others and comes from its bodies, or needs a key."""

    request_mac: str | None = None
    resumed_after: str | None = None


NO_TIES: Final = Ties()


def read_heads(exchange: Exchange, notes: Notes) -> Heads:
    """Never raises; a head that cannot be read is a problem."""
    asked = request_head(exchange.intent.head)
    if asked is None:
        notes.problem(ProblemKind.HEAD_UNREADABLE, "request head", "not an HTTP/1 request line")
        asked = _NO_REQUEST
    answered = response_head(exchange.response_head) if exchange.response_head else NO_RESPONSE
    if answered is None:
        notes.problem(ProblemKind.HEAD_UNREADABLE, "response head", "not an HTTP/1 status line")
        answered = NO_RESPONSE
    target = classify(asked.method, asked.target)
    if target.unknown_name:
        notes.unknown("operation", target.unknown_name, target.route)
    return Heads(asked, answered, target)


def exchange_fact(
    exchange: Exchange,
    heads: Heads,
    answer: Answer,
    *,
    interaction: str | None,
    notes: Notes,
    ties: Ties = NO_TIES,
) -> ExchangeFact:
    """The row of an exchange; made last, when all problems are known."""
    asked, answered, target = heads.asked, heads.answered, heads.target
    worker, boot, sequence = exchange.id
    started = exchange.started_mono_ns
    events = answer.stream.events if answer.stream else ()
    head_at = exchange.response_head_mono_ns if exchange.response_head else None
    client, kind = _credential(heads)
    return ExchangeFact(
        exchange=str(exchange.id),
        worker=worker,
        boot=f"{boot:016x}",
        sequence=sequence,
        started_at=exchange.started_wall_ns,
        ended_at=exchange.ended_wall_ns,
        outcome=exchange.outcome.name.lower(),
        detail=exchange.detail,
        method=asked.method,
        operation=target.operation,
        api_version=target.api_version,
        route=target.route,
        status=answered.status,
        is_own_answer=exchange.is_own_answer,
        is_streaming=answer.is_streaming,
        client=client,
        credential_kind=kind,
        sdk=asked.sdk,
        language=asked.language,
        interaction=interaction,
        request_type=asked.media_type,
        response_type=answered.media_type,
        content_encoding=clear_name(",".join(answered.codings)) if answered.codings else None,
        request_bytes=exchange.request.size,
        response_bytes=exchange.response.size,
        chunk_count=len(exchange.response.cuts),
        event_count=len(events),
        response_head_ns=None if head_at is None else head_at - started,
        first_event_ns=events[0].moment.mono_ns - started if events else None,
        longest_gap_ns=_longest_gap_ns(exchange) if answer.is_streaming else None,
        duration_ns=exchange.ended_mono_ns - started,
        error_code=answer.error_code,
        problem_count=len(notes.problems) + notes.dropped,
        purpose=exchange.purpose.name.lower(),
        api_revision=asked.api_revision,
        retry_after_s=answered.retry_after_s,
        resumed_after=ties.resumed_after,
        request_mac=ties.request_mac,
        trace_id=asked.trace.trace_id,
        parent_span_id=asked.trace.parent_span_id,
        is_sampled=asked.trace.is_sampled,
        date_at=answered.date_ns,
    )


def _credential(heads: Heads) -> tuple[str | None, str | None]:
    """Fingerprint and kind: of a header, else of the query."""
    if heads.asked.client is None and heads.target.key_fingerprint is not None:
        return heads.target.key_fingerprint, "query_key"
    return heads.asked.client, heads.asked.credential_kind


def _longest_gap_ns(exchange: Exchange) -> int | None:
    times = [cut.mono_ns for cut in exchange.response.cuts]
    return max((later - earlier for earlier, later in pairwise(times)), default=None)


def problem_facts(exchange: Exchange, notes: Notes) -> tuple[ProblemFact, ...]:
    """The rows of an exchange's problems."""
    name, at = str(exchange.id), exchange.ended_wall_ns
    return tuple([ProblemFact(name, at, str(p.kind), p.where, p.detail) for p in notes.problems])


def unknown_facts(exchange: Exchange, notes: Notes) -> tuple[UnknownFact, ...]:
    """The rows of names without a name here; odd ones are counted together."""
    name, at = str(exchange.id), exchange.ended_wall_ns
    counts: dict[tuple[str, str, str], int] = {}
    for (kind, unknown, where), count in notes.unknowns.items():
        key = (kind, clear_name(unknown), where)
        counts[key] = counts.get(key, 0) + count
    return tuple(
        [UnknownFact(name, at, kind, text, where, n) for (kind, text, where), n in counts.items()]
    )
