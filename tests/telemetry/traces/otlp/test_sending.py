from __future__ import annotations

import io
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as wire

from proxy.telemetry.traces.otlp.sending import (
    LAST_S,
    Answer,
    ConsoleExporter,
    Exported,
    OtlpExporter,
    rejected_of,
)
from proxy.telemetry.traces.span import Span, SpanContext, SpanKind, SpanLink

SPAN = Span("a", SpanKind.CLIENT, SpanContext(bytes(16), bytes(8)), None, 1, 2, {"k": "v"})
TAKEN = Answer(is_taken=True)
AGAIN = Answer(is_taken=False, may_retry=True, problem="not now")
NEVER = Answer(is_taken=False, problem="no")


class Scripted:
    """Answers in turn; time passes only while somebody waits."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.given_s: list[float] = []

    def send(self, body: bytes, within_s: float) -> Answer:
        assert body
        self.given_s.append(within_s)
        return self.answers.pop(0)

    def close(self) -> None:
        self.answers = []


class Waits(threading.Event):
    """Instead of waiting, notes for how long, and moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waited_s.append(timeout)
        return self.is_set()

    def mono_ns(self) -> int:
        return int(sum(self.waited_s) * 1e9)


def exported(waits: Waits, *answers: Answer, spans: int = 3) -> Exported:
    return OtlpExporter(
        Scripted(*answers),
        resource=[("service.name", "x")],
        scope=("a", "1", "u"),
        timeout_s=10,
        stop=waits,
        mono_ns=waits.mono_ns,
    ).export([SPAN] * spans)


def test_what_is_taken_is_counted() -> None:
    assert exported(Waits(), TAKEN) == Exported(3, None)
    assert exported(Waits(), TAKEN._replace(rejected=2, problem="some")) == Exported(1, "some")
    assert exported(Waits(), TAKEN._replace(rejected=9)).taken == 0


def test_it_is_tried_again_after_waits_that_grow_until_the_time_is_up() -> None:
    waits = Waits()

    found = exported(waits, *[AGAIN] * 20)

    assert found == Exported(0, "not now")
    assert waits.waited_s == [0.5, 1.0, 2.0, 4.0]


def test_a_collector_says_when_to_come_again() -> None:
    waits = Waits()

    found = exported(waits, AGAIN._replace(retry_after_s=3), TAKEN)

    assert (found.taken, waits.waited_s) == (3, [3])


def test_a_final_no_is_not_repeated() -> None:
    waits = Waits()

    assert exported(waits, NEVER) == Exported(0, "no")
    assert waits.waited_s == []


def test_once_the_recorder_ends_there_is_one_attempt_and_little_time() -> None:
    waits = Waits()
    waits.set()
    sender = Scripted(AGAIN)
    exporter = OtlpExporter(
        sender,
        resource=[],
        scope=("a", "1", "u"),
        timeout_s=60,
        stop=waits,
        mono_ns=waits.mono_ns,
    )

    assert exporter.export([SPAN]).taken == 0
    assert sender.given_s == [LAST_S]


def test_the_console_shows_a_line_for_each_span() -> None:
    out = io.StringIO()
    link = SpanLink(SpanContext(bytes(16), bytes(8)), {"ixp.link": "x"})
    linked = Span("b", SpanKind.SERVER, SPAN.context, b"12345678", 1, 2, {}, links=(link,))

    assert ConsoleExporter(out).export([SPAN, linked]) == Exported(2, None)

    first, second = map(json.loads, out.getvalue().splitlines())
    assert (first["name"], first["kind"], first["attributes"]) == ("a", "CLIENT", {"k": "v"})
    assert second["links"][0]["attributes"] == {"ixp.link": "x"}


def test_rejected_spans_are_read_from_the_answer() -> None:
    answer = wire.ExportTraceServiceResponse()
    answer.partial_success.error_message = "quota"
    answer.partial_success.rejected_spans = 300

    assert rejected_of(answer.SerializeToString()) == 300
    assert rejected_of(b"") == 0


@pytest.mark.parametrize("noise", [b"\x0a\x01\x08", b"\xff" * 30, b"\x0a\xff", b"<html>"])
def test_an_answer_that_is_none_counts_as_none_rejected(noise: bytes) -> None:
    assert rejected_of(noise) == 0


@given(st.binary(max_size=40))
def test_any_answer_is_survived(noise: bytes) -> None:
    assert rejected_of(noise) >= 0
