from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.telemetry.traces.mapping.memory import KnownInteraction
from proxy.telemetry.traces.mapping.runs import provider_ns, run_span
from proxy.telemetry.traces.span import SpanContext
from tests.telemetry.traces.mapping.trees import BORN, OVER, ROOT_ID, poll

CREATED = SpanContext(b"t" * 16, b"s" * 8)
KNOWN = KnownInteraction(
    context=CREATED,
    started_at=5,
    known_at=6,
    status="in_progress",
    is_terminal=False,
    is_background=True,
    model=None,
    agent="deep-research",
    root=ROOT_ID,
    turn=1,
)
LAST = poll(
    2,
    "completed",
    created=BORN,
    updated=OVER,
    steps=[{"type": "thought"}],
    usage={"total_input_tokens": 3, "total_output_tokens": 4},
)


def test_the_first_sight_of_the_end_tells_of_the_whole_run() -> None:
    run = run_span(LAST, LAST.observations[0], KNOWN)

    assert run is not None
    assert (run.name, run.parent, run.context.trace_id) == ("interaction.run", b"s" * 8, b"t" * 16)
    assert (run.start, run.end) == (provider_ns(BORN), provider_ns(OVER))
    assert run.attributes["ixp.timing"] == "provider_reported"
    assert run.attributes["gen_ai.agent.name"] == "deep-research"
    assert run.attributes["gen_ai.usage.output_tokens"] == 4
    assert [event.attributes["ixp.step.type"] for event in run.events] == ["thought"]


def test_whoever_sees_the_end_it_is_the_same_span() -> None:
    another = poll(9, "completed")
    spans = [run_span(one, one.observations[0], KNOWN) for one in (LAST, another)]

    assert len({span.context for span in spans if span}) == 1
    assert spans[1] is not None
    assert spans[1].attributes["ixp.timing"] == "observed"
    assert spans[1].start == KNOWN.started_at


@pytest.mark.parametrize(
    "more", [{"is_terminal": True}, {"is_background": False}, {"context": None}]
)
def test_there_is_no_run_where_there_is_no_news(more: dict[str, object]) -> None:
    known = replace(KNOWN, **more)  # type: ignore[arg-type]  # fields by name

    assert run_span(LAST, LAST.observations[0], known) is None


def test_there_is_no_run_before_the_end() -> None:
    early = poll(2, "in_progress")

    assert run_span(early, early.observations[0], KNOWN) is None
    assert run_span(early, None, KNOWN) is None
    assert run_span(LAST, LAST.observations[0], None) is None


def test_a_run_that_failed_is_an_error() -> None:
    failed = poll(2, "failed", errors=[{"code": "safety"}])
    run = run_span(failed, failed.observations[0], KNOWN)

    assert run is not None
    assert (run.is_error, run.attributes["error.type"]) == (True, "safety")


@pytest.mark.parametrize(
    "text",
    [None, "", "soon", "2026-11-20T10:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
)
def test_what_is_no_moment_is_none(text: str | None) -> None:
    assert provider_ns(text) is None


def test_moments_are_read_to_the_microsecond() -> None:
    assert provider_ns("1970-01-01T00:00:01.000002Z") == 1_000_002_000
