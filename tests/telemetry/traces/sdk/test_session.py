from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as wire

from proxy.telemetry.traces.sdk.session import Answers, rejected_of
from tests.telemetry.traces.receiver import http_receiver


def test_the_newest_answer_is_noted() -> None:
    body = wire.ExportTraceServiceRequest().SerializeToString()
    with http_receiver() as receiver:
        receiver.rejected, receiver.answers = 2, [503]
        answers = Answers()
        found = []
        for _ in range(2):
            answers.forget()
            answers.session.post(receiver.url, data=body, timeout=60)
            found.append((answers.status, answers.rejected))
        answers.session.close()

    assert found == [(503, 0), (200, 2)]


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
