"""Heads leave with their bodies, may lack a type, and can be cut."""

from __future__ import annotations

import inspect

from aiohttp import web

from proxy.emulator.wire.response import Response, has_body


def test_half_a_head_is_the_beginning_of_the_head() -> None:
    response = Response(200, {"Content-Type": "text/plain", "X": "y"})

    assert response.half_head(17) == b"HTTP/1.1 200 OK\r\n"
    assert response.half_head(999).endswith(b"X: y\r\n\r\n")


def test_no_content_and_not_modified_have_no_body() -> None:
    assert [has_body(status) for status in (200, 204, 304, 404)] == [True, False, False, True]


def test_the_internals_of_aiohttp_are_where_we_use_them() -> None:
    assert "_prepare_headers" in inspect.getsource(web.StreamResponse._start)
    assert "_send_headers_immediately" in inspect.getsource(web.StreamResponse._write_headers)
