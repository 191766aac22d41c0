from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.policing.shown import SHOWN_BYTES_MAX, ShownAnswer
from tests.strategies import cut_at, cuts_of

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
EVENTS = (
    b'event: interaction.created\ndata: {"event_type":"interaction.created",'
    b'"interaction":{"id":"v1_a","status":"in_progress"}}\n\ndata: [DONE]\n\n'
)


@given(cuts_of(EVENTS))
def test_the_id_of_a_stream_is_found_with_its_first_event(places: list[int]) -> None:
    answer = ShownAnswer(STREAM)
    found = [answer.take(piece) for piece in cut_at(EVENTS, places)]

    assert [each for each in found if each] == ["v1_a"]
    assert answer.is_done


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_the_id_of_a_resource_is_found_when_it_is_whole(coding: str) -> None:
    body = json.dumps({"status": "completed", "id": "v1_a"}).encode()
    head = JSON
    if coding:
        body, head = gzip.compress(body), JSON[:-2] + b"Content-Encoding: gzip\r\n\r\n"
    answer = ShownAnswer(head)

    assert answer.take(body[:9]) is None
    assert answer.take(body[9:]) is None
    assert answer.end() == "v1_a"
    assert answer.is_done


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 404 Not Found\r\n\r\n", JSON[:-2] + b"Content-Encoding: br\r\n\r\n"]
)
def test_of_what_creates_nothing_or_cannot_be_read_nothing_is_wanted(head: bytes) -> None:
    assert ShownAnswer(head).is_done


def test_no_more_is_kept_than_is_looked_at() -> None:
    answer = ShownAnswer(JSON)
    answer.take(b"x" * (SHOWN_BYTES_MAX + 1))
    assert answer.is_done
    assert answer.end() is None


@given(st.sampled_from([JSON, STREAM]), st.binary(max_size=200))
def test_nothing_makes_looking_fail(head: bytes, data: bytes) -> None:
    answer = ShownAnswer(head)
    answer.take(data)
    answer.end()
