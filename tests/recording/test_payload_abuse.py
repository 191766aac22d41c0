"""Security notes 3.7, row by row: what JSON and event streams may do to their reader, and what is recorded of it."""

from __future__ import annotations

import gzip

import pytest

from proxy.interactions.problems import ProblemKind
from proxy.recording.exchange import Exchange
from proxy.recording.interpret import interpret
from tests.recording.samples import JSON, MODEL, event, exchange, stream

PACKED = [("Content-Type", JSON), ("Content-Encoding", "gzip")]
FIRST = event("interaction.created", interaction={"id": "v1_a", "status": "in_progress"})


def asked(body: bytes) -> Exchange:
    return exchange(request=body, response={"id": "v1_a", "status": "completed"})


def answered(body: bytes) -> Exchange:
    return exchange(request={"model": MODEL, "input": "x"}, response=body)


ODD = [
    pytest.param(asked(b'{"store":false,"store":true}'), ProblemKind.DUPLICATE_KEY, id="a field twice"),
    pytest.param(asked(b'{"\\u0073tore":true,"store":false}'), ProblemKind.DUPLICATE_KEY, id="a field twice, once escaped"),
    pytest.param(answered(b'{"id": NaN}'), ProblemKind.JSON_BROKEN, id="NaN"),
    pytest.param(answered(b'{"x": Infinity}'), ProblemKind.JSON_BROKEN, id="Infinity"),
    pytest.param(answered(b'{"x": "\\ud800"}'), ProblemKind.JSON_BROKEN, id="half of a pair"),
    pytest.param(answered(b'{"x": "\xff"}'), ProblemKind.JSON_BROKEN, id="not UTF-8"),
    pytest.param(answered(b'{"x": "\x01"}'), ProblemKind.JSON_BROKEN, id="control character"),
    pytest.param(answered(b"[" * 5000), ProblemKind.JSON_BROKEN, id="nesting"),
    pytest.param(answered(b'\xef\xbb\xbf{"id": "v1_a"}'), ProblemKind.NOT_JSON, id="byte order mark"),
    pytest.param(exchange(request={}, response=gzip.compress(bytes(50_000_000)), response_headers=PACKED), ProblemKind.CODING_LIMIT, id="50 MB of zeros in 48 KB"),
    pytest.param(exchange(request={}, response=b"\x1f\x8bnoise", response_headers=PACKED), ProblemKind.CODING_BROKEN, id="gzip that is none"),
    pytest.param(stream(FIRST, b'data: {"event_type": "interaction.completed"}'), ProblemKind.TRUNCATED_TAIL, id="a last event without its blank line"),
]  # fmt: skip


@pytest.mark.parametrize(("odd", "kind"), ODD)
def test_what_is_odd_is_a_problem_and_the_exchange_is_recorded(
    odd: Exchange, kind: ProblemKind
) -> None:
    recording = interpret(odd)

    assert kind in [problem.kind for problem in recording.problems]
    assert recording.exchange.outcome == "complete"


def test_a_doubled_store_is_read_as_the_one_that_keeps() -> None:
    (seen,) = interpret(asked(b'{"model":"m","store":true,"store":false}')).observations

    assert seen.store == "true"


@pytest.mark.parametrize("number", [b"123456789012345678901234567890", b"1e999", b"-0", b"0.1234567890123456789"])  # fmt: skip
def test_a_number_that_loses_digits_changes_nothing_in_clear(number: bytes) -> None:
    body = b'{"id":"v1_a","status":"completed","usage":{"total_tokens":%b}}' % number

    recording = interpret(answered(body))

    assert recording.exchange.response_bytes == len(body)
