"""A recorded exchange, as a cassette reads it."""

from __future__ import annotations

import gzip

import pytest

from proxy.journal.format import Outcome
from proxy.reading.cassette.exchanges import passed_from_exchange
from tests.recording.samples import EVENT_STREAM, ID, MODEL, captured, event, exchange, stream

RESOURCE = {"id": ID, "status": "completed", "model": MODEL, "steps": []}


def test_a_create_has_its_request_its_input_as_steps_and_its_answer() -> None:
    passed = passed_from_exchange(
        exchange(request={"model": MODEL, "input": "Hello?"}, response=RESOURCE)
    )

    assert (passed.operation, passed.status, passed.body) == ("create", 200, RESOURCE)
    assert passed.asked == (
        {"type": "user_input", "content": [{"type": "text", "text": "Hello?"}]},
    )
    assert passed.head_s == 0.009


def test_a_stream_has_its_events_with_the_wait_before_each() -> None:
    created = event("interaction.created", interaction={"id": ID, "status": "in_progress"})
    completed = event("interaction.completed", interaction={"id": ID, "status": "completed"})
    streamed = passed_from_exchange(
        stream(created, completed + b"event: done\ndata: [DONE]\n\n")
    ).streamed

    assert streamed is not None
    assert [each["event_type"] for each in streamed.events] == [
        "interaction.created",
        "interaction.completed",
    ]
    assert streamed.gaps_s == (0.001, 0.001)
    assert streamed.resource["status"] == "completed"
    assert streamed.is_done
    assert not streamed.is_broken


def test_a_cut_stream_is_told() -> None:
    created = event("interaction.created", interaction={"id": ID, "status": "in_progress"})
    streamed = passed_from_exchange(
        stream(created, b"data: {", b"\n\ndata: 5\n\n", outcome=Outcome.UPSTREAM_ABORTED)
    ).streamed

    assert streamed is not None
    assert len(streamed.events) == 1
    assert (streamed.is_done, streamed.is_broken, streamed.was_unread) == (False, True, True)


def test_an_event_without_its_name_in_the_data_takes_it_from_its_line() -> None:
    nameless = b'event: step.stop\ndata: {"index": 0}\n\n'
    streamed = passed_from_exchange(stream(nameless)).streamed

    assert streamed is not None
    assert streamed.events == ({"index": 0, "event_type": "step.stop"},)


def test_an_error_keeps_its_text_its_type_and_when_to_retry() -> None:
    passed = passed_from_exchange(
        exchange(
            status=503,
            response=b"<html>down</html>",
            response_headers=[
                ("Content-Type", "text/html"),
                ("retry-after", "3"),
                ("Set-Cookie", "secret"),
            ],
        )
    )

    assert (passed.status, passed.body, passed.content_type) == (
        503,
        "<html>down</html>",
        "text/html",
    )
    assert passed.headers == {"Retry-After": "3"}


def test_a_compressed_answer_is_read() -> None:
    packed = gzip.compress(b'{"status": "completed"}')
    headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]

    passed = passed_from_exchange(exchange(response=packed, response_headers=headers))

    assert passed.body == {"status": "completed"}


def test_no_answer_is_none() -> None:
    passed = passed_from_exchange(exchange(status=None, request={"input": "x"}))

    assert passed.status is None
    assert passed.head_s == 0.0


def test_the_path_names_the_interaction() -> None:
    passed = passed_from_exchange(exchange(method="GET", target=f"/v1/interactions/{ID}"))

    assert (passed.operation, passed.identity) == ("get", ID)


@pytest.mark.parametrize("sample", captured(), ids=lambda sample: sample.name)
def test_every_captured_exchange_is_read(sample: object) -> None:
    from tests.recording.samples import Captured

    assert isinstance(sample, Captured)
    passed = passed_from_exchange(sample.exchange)

    assert (passed.streamed is None) or passed.content_type in (EVENT_STREAM, "text/plain")
