"""Answers in the proxy's own name: HTTP that an SDK understands, in the shape of the API's errors."""

from __future__ import annotations

import json

import pytest

from proxy.gateway.http.answers import CODES, REASONS, Refusal, answer_to


@pytest.mark.parametrize("status", CODES)
def test_a_refusal_is_an_error_of_the_api_and_closes(status: int) -> None:
    answer = answer_to(Refusal(status, "why"))

    head, _, body = answer.whole.partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert error == {"code": CODES[status], "message": "interactions-proxy: why"}
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head
    assert head.endswith(b"Connection: close") or status in {405, 424, 503}


def test_every_refusal_but_an_empty_answer_has_a_code() -> None:
    assert REASONS.keys() - CODES.keys() == {204}

    assert answer_to(Refusal(204, "why")).body == b""
    assert b"Content" not in answer_to(Refusal(204, "why")).head.partition(b"\r\n")[2]
    assert b"\r\nAllow: GET," in answer_to(Refusal(204, "why")).head


def test_head_gets_the_head_only() -> None:
    answer = answer_to(Refusal(400, "why"), without_body=True)

    assert answer.body == b""
    assert b"Content-Length: 76\r\n" in answer.head


def test_a_503_says_when_to_come_back_and_a_405_what_is_allowed() -> None:
    assert b"\r\nRetry-After: 1\r\n" in answer_to(Refusal(503, "why")).head
    assert b"\r\nAllow: GET," in answer_to(Refusal(405, "why")).head


def test_foreign_text_cannot_end_a_line() -> None:
    answer = answer_to(Refusal(400, "why\r\nSet-Cookie: x"))

    assert b"\r\nSet-Cookie" not in answer.whole
