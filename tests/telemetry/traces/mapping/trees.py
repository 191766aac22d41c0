"""Recordings made from samples, and their spans as short lines: what the tests of the mapping share."""

from __future__ import annotations

from typing import Any

from proxy.recording.exchange import Exchange
from proxy.recording.facts import Recording
from proxy.recording.interpret import interpret
from proxy.telemetry.traces.mapping.conventions import Upstream
from proxy.telemetry.traces.mapping.memory import Memory
from proxy.telemetry.traces.mapping.tree import SpanTree
from proxy.telemetry.traces.sampling import Sampler
from proxy.telemetry.traces.span import Span
from tests.recording.samples import MODEL, event, exchange, stream

UPSTREAM = Upstream("https://generativelanguage.googleapis.com")
ROOT_ID = "v1_first"
BORN = "2026-11-20T10:00:00Z"
OVER = "2026-11-20T10:05:00Z"


def span_tree(
    sampler: Sampler | None = None, *, has_client_tools: bool = False, one_in: int = 1
) -> SpanTree:
    return SpanTree(
        UPSTREAM,
        Memory(),
        sampler or Sampler(),
        has_client_tools=has_client_tools,
        one_unchanged_poll_in=one_in,
    )


def create(sequence: int = 1, *, asked: object = None, **answer: Any) -> Recording:
    """A create with a JSON answer."""
    body = {"id": ROOT_ID, "status": "completed", "model": MODEL, "steps": []} | answer
    request = asked or {"model": MODEL, "input": "x"}
    return interpret(exchange(request=request, response=body, sequence=sequence))


def poll(sequence: int, status: str, name: str = ROOT_ID, **answer: Any) -> Recording:
    """A read of an interaction."""
    target = f"/v1beta/interactions/{name}"
    body = {"id": name, "status": status, **answer}
    return interpret(exchange(method="GET", target=target, response=body, sequence=sequence))


def step_events(index: int, step: dict[str, Any], *, is_stopped: bool = True) -> list[bytes]:
    events = [event("step.start", index=index, step=step)]
    return [*events, event("step.stop", index=index)] if is_stopped else events


def streamed(*chunks: bytes, **more: Any) -> Exchange:
    """A create whose stream holds these events between its first and its last."""
    told = {"id": ROOT_ID, "model": MODEL}
    first = event("interaction.created", interaction={**told, "status": "in_progress"})
    last = event("interaction.completed", interaction={**told, "status": "completed"})
    return stream(first, *chunks, last, **more)


def names(spans: list[Span]) -> list[str]:
    """Kind and name, `!` and the error behind it."""
    return [
        f"{span.kind.name} {span.name}"
        + (f" !{span.attributes['error.type']}" if span.is_error else "")
        for span in spans
    ]


def named(spans: list[Span], name: str) -> Span:
    """The one span of that name."""
    (found,) = [span for span in spans if span.name == name]
    return found
