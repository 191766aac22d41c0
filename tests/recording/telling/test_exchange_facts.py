from __future__ import annotations

from dataclasses import replace

from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.facts import ExchangeFact, ProblemFact, UnknownFact
from proxy.recording.reading.answer import Answer
from proxy.recording.telling.exchange_facts import (
    exchange_fact,
    problem_facts,
    read_heads,
    unknown_facts,
)
from tests.recording.samples import FINGERPRINT, JSON, START_NS, STEP_NS, exchange

SDK = [
    ("User-Agent", "google-genai-sdk/3.4.0 gl-python/3.11.7"),
    ("Content-Type", "application/json"),
    ("x-goog-api-key", f"fp:{FINGERPRINT}"),
]


def test_the_row_of_an_exchange_tells_who_what_when_and_how_much() -> None:
    given = exchange(request=b"{}", request_headers=SDK, response=[b"ab", b"c"])
    notes = Notes()
    notes.problem(ProblemKind.WRONG_SHAPE, "/", "odd")

    row = exchange_fact(
        given, read_heads(given, notes), Answer(error_code="x"), interaction="v1_a", notes=notes
    )

    assert row == ExchangeFact(
        exchange="x0-0000000000000007-1",
        worker=0,
        boot="0000000000000007",
        sequence=1,
        started_at=START_NS,
        ended_at=START_NS + 12 * STEP_NS,
        outcome="complete",
        detail="",
        method="POST",
        operation="create",
        api_version="v1",
        route="/{v}/interactions",
        status=200,
        is_own_answer=False,
        is_streaming=False,
        client=FINGERPRINT,
        credential_kind="api_key",
        sdk="google-genai-sdk/3.4.0",
        language="gl-python/3.11.7",
        interaction="v1_a",
        request_type="application/json",
        response_type=JSON.partition(";")[0],
        content_encoding=None,
        request_bytes=2,
        response_bytes=3,
        chunk_count=2,
        event_count=0,
        response_head_ns=9 * STEP_NS,
        first_event_ns=None,
        longest_gap_ns=None,
        duration_ns=12 * STEP_NS,
        error_code="x",
        problem_count=1,
    )


def test_a_key_in_the_query_is_a_client_too() -> None:
    given = exchange(target=f"/v1/interactions?key=fp:{FINGERPRINT}", request_headers=[])

    row = exchange_fact(
        given, read_heads(given, Notes()), Answer(), interaction=None, notes=Notes()
    )

    assert (row.client, row.credential_kind) == (FINGERPRINT, "query_key")


def test_heads_that_cannot_be_read_are_problems() -> None:
    notes = Notes()
    given = replace(exchange(), response_head=b"ICY 200\r\n\r\n")
    given = replace(given, intent=replace(given.intent, head=b""))

    row = exchange_fact(given, read_heads(given, notes), Answer(), interaction=None, notes=notes)

    assert [problem.where for problem in notes.problems] == ["request head", "response head"]
    assert (row.method, row.operation, row.status) == ("(odd)", "other", None)


def test_an_exchange_without_a_response_has_no_response_times() -> None:
    given = exchange(status=None)

    row = exchange_fact(
        given, read_heads(given, Notes()), Answer(), interaction=None, notes=Notes()
    )

    assert (row.status, row.response_head_ns, row.response_type) == (None, None, None)


def test_problems_and_unknown_names_become_rows() -> None:
    notes = Notes()
    notes.problem(ProblemKind.JSON_BROKEN, "request body", "not JSON")
    for name in ("a b", "c d", "plain"):
        notes.unknown("step", name, "steps")
    given = exchange()
    name, at = str(given.id), given.ended_wall_ns

    assert problem_facts(given, notes) == (
        ProblemFact(name, at, "json_broken", "request body", "not JSON"),
    )
    assert unknown_facts(given, notes) == (
        UnknownFact(name, at, "step", "(odd)", "steps", 2),
        UnknownFact(name, at, "step", "plain", "steps", 1),
    )
