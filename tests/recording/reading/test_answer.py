from __future__ import annotations

from typing import Any

import pytest

from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.reading.answer import Answer, error_code_of, error_in, read_answer
from proxy.recording.reading.heads import response_head
from tests.recording.samples import EVENT_STREAM, JSON, event, exchange, gzipped

CREATED = event("interaction.created", interaction={"id": "a"})
DONE = event("interaction.completed", interaction={"id": "a"})


def answer(
    response: object,
    *,
    status: int = 200,
    content_type: str | None = JSON,
    notes: Notes | None = None,
) -> Answer:
    headers = [("Content-Type", content_type)] if content_type else []
    given = exchange(response=response, status=status, response_headers=headers)
    head = response_head(given.response_head)
    assert head is not None
    return read_answer(given, head, Notes() if notes is None else notes)


def test_a_json_object_is_a_resource() -> None:
    assert answer({"id": "a"}) == Answer(resource={"id": "a"}, is_whole=True)


def test_an_event_stream_is_read_as_one() -> None:
    found = answer([CREATED, DONE], content_type="Text/Event-Stream; charset=utf-8")

    assert found.is_streaming
    assert found.stream is not None
    assert [event.type for event in found.stream.events] == [
        "interaction.created",
        "interaction.completed",
    ]


@pytest.mark.parametrize(
    ("response", "content_type"),
    [
        ({"id": "a"}, None),
        ({"id": "a"}, "text/plain"),
        ({"id": "a"}, EVENT_STREAM),
        ([CREATED, DONE], "text/plain"),
        ([CREATED, DONE], None),
    ],
)
def test_an_answer_of_another_type_is_read_and_is_a_problem(
    response: object, content_type: str | None
) -> None:
    notes = Notes()

    found = answer(response, content_type=content_type, notes=notes)

    assert (found.resource is None) is (found.stream is not None)
    assert [p.kind for p in notes.problems] == [ProblemKind.CONTENT_TYPE_UNEXPECTED]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"code": "invalid_request", "message": "secret"}}, "invalid_request"),
        (
            {"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}},
            "INVALID_ARGUMENT",
        ),
        ([{"error": {"code": 400, "status": "INVALID_ARGUMENT"}}], "INVALID_ARGUMENT"),
        ({"error": {"code": 418}}, "418"),
        ({"error": {"code": "two words"}}, "(odd)"),
        ({"error": {}}, None),
        ({"error": "text"}, None),
        ({}, None),
        ([], None),
    ],
)
def test_an_error_has_a_code_in_each_of_its_shapes(body: Any, code: str | None) -> None:
    notes = Notes()

    found = answer(
        [b""] if body is None else [__import__("json").dumps(body).encode()],
        status=400,
        notes=notes,
    )

    assert (found.error_code, found.resource) == (code, None)
    assert notes.problems == []


def test_a_front_end_s_page_is_a_problem_and_no_code() -> None:
    notes = Notes()

    found = answer(b"<html>oops</html>", status=502, content_type="text/html", notes=notes)

    assert found == Answer()
    assert [p.kind for p in notes.problems] == [ProblemKind.NOT_JSON]


def test_an_error_body_with_status_200_is_an_error() -> None:
    assert answer({"error": {"code": "not_found"}}).error_code == "not_found"


def test_an_interaction_with_an_error_field_is_an_interaction() -> None:
    assert answer({"status": "failed", "error": {"code": "x"}}).resource is not None
    assert error_in({"event_type": "error", "error": {}}) is None


@pytest.mark.parametrize("response", [b"", b"  "])
def test_nothing_is_no_problem(response: bytes) -> None:
    notes = Notes()

    assert answer(response, content_type=None, notes=notes) == Answer(is_whole=True)
    assert notes == Notes()


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (b'{"id": ', ProblemKind.JSON_BROKEN),
        (b"[1]", ProblemKind.NOT_AN_OBJECT),
        (b"hello", ProblemKind.NOT_JSON),
    ],
)
def test_an_answer_that_is_no_object_is_a_problem(response: bytes, kind: ProblemKind) -> None:
    notes = Notes()

    assert answer(response, notes=notes).resource is None
    assert [p.kind for p in notes.problems] == [kind]


def test_other_calls_are_read_for_their_error_code_only() -> None:
    def code(**more: Any) -> str | None:
        given = exchange(target="/v1/models", **more)
        head = response_head(given.response_head)
        assert head is not None
        return error_code_of(given, head, Notes())

    refused = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}
    assert code(response=refused, status=429) == "RESOURCE_EXHAUSTED"
    assert code(response=refused, status=200) is None
    assert code(response=b"<html>", status=502) is None
    assert code(response=[b" " * 70_000], status=500) is None
    packed = [("Content-Encoding", "gzip")]
    assert (
        code(response=gzipped(refused), status=429, response_headers=packed) == "RESOURCE_EXHAUSTED"
    )
