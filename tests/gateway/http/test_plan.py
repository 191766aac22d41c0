"""Heads planned: what upstream gets, what the client gets, how bodies are framed, what may be reused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.http.credentials import Redactor
from proxy.gateway.http.lines import Lines
from proxy.gateway.http.plan import (
    RequestPlan,
    ResponsePlan,
    plan_interim,
    plan_request,
    plan_response,
)
from proxy.gateway.http.wire import HOP_BY_HOP, RawHeaders, RequestHead, ResponseHead, Upstream

UPSTREAM = Upstream("https", "up.test", 443)
HOST = (b"Host", b"proxy:8080")


def lines() -> Lines:
    return Lines(Redactor(lambda _: "0" * 16))


def request(*headers: tuple[bytes, bytes], method: bytes = b"GET", version: str = "1.1", target: bytes = b"/v1") -> RequestPlan:  # fmt: skip
    head = RequestHead(method, target, version, list(headers), 100)
    return plan_request(head, upstream_host=UPSTREAM.authority, lines=lines())


def response(
    *headers: tuple[bytes, bytes],
    status: int = 200,
    version: str = "1.1",
    to: RequestPlan | None = None,
) -> ResponsePlan:
    head = ResponseHead(status, b"OK", version, list(headers))
    asked = to or request(HOST)
    return plan_response(head, request=asked, upstream=UPSTREAM, lines=lines(), scheme=b"http")


names = st.text("abcXYZ-!#$%&'*+.^_`|~019", min_size=1, max_size=12).map(str.encode)
values = st.binary(max_size=20).filter(lambda value: not set(value) & set(b"\r\n\x00"))
fields = st.lists(st.tuples(names, values), max_size=8)


@given(fields)
def test_lines_keep_names_case_order_and_repetitions(headers: RawHeaders) -> None:
    there = request(HOST, *headers, *headers).head
    back = response(*headers, (b"Content-Length", b"0"), *headers).head

    written = b"".join(name + b": " + value + b"\r\n" for name, value in headers + headers)
    assert there == b"GET /v1 HTTP/1.1\r\nHost: up.test\r\n" + written + b"\r\n"
    half = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    assert back == b"HTTP/1.1 200 OK\r\n" + half + b"Content-Length: 0\r\n" + half + b"\r\n"


@given(st.sampled_from(sorted(HOP_BY_HOP)), values)
def test_lines_of_one_hop_stay_here(name: bytes, value: bytes) -> None:
    said = (name.title(), value)

    assert b"\r\n" + name not in request(HOST, said).head.lower().replace(b"transfer-encoding: chunked", b"")  # fmt: skip


def test_what_connection_names_stays_here_but_for_framing_and_host() -> None:
    plan = request(
        HOST,
        (b"Connection", b"X-One, host, content-length"),
        (b"x-one", b"1"),
        (b"X-Two", b"2"),
        (b"Content-Length", b"3"),
    )

    assert (
        plan.head == b"GET /v1 HTTP/1.1\r\nHost: up.test\r\nX-Two: 2\r\nContent-Length: 3\r\n\r\n"
    )


def test_a_request_without_host_gets_one() -> None:
    assert request(version="1.0").head == b"GET /v1 HTTP/1.1\r\nHost: up.test\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "version", "keeps_alive"),
    [
        ((), "1.1", True),
        (((b"Connection", b"Close"),), "1.1", False),
        (((b"Connection", b"keep-alive"), (b"Connection", b"close")), "1.1", False),
        ((), "1.0", False),
        (((b"Connection", b"Keep-Alive"),), "1.0", True),
    ],
)
def test_a_client_says_whether_its_connection_goes_on(
    headers: RawHeaders,
    version: str,
    keeps_alive: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert request(HOST, *headers, version=version).keeps_alive is keeps_alive


WEBSOCKET = ((b"Connection", b"keep-alive, Upgrade"), (b"Upgrade", b"WebSocket"))


def test_a_websocket_upgrade_is_passed_on() -> None:
    plan = request(HOST, *WEBSOCKET)

    assert plan.wants_upgrade
    assert plan.head.endswith(b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")


@pytest.mark.parametrize(
    "headers",
    [
        ((b"Connection", b"Upgrade"), (b"Upgrade", b"h2c"), (b"HTTP2-Settings", b"x")),
        ((b"Upgrade", b"websocket"),),
        (*WEBSOCKET, (b"Transfer-Encoding", b"chunked")),
        (*WEBSOCKET, (b"Content-Length", b"3")),
    ],
    ids=["h2c", "not in Connection", "with chunks", "with a length"],
)
def test_any_other_upgrade_is_stripped(headers: RawHeaders) -> None:
    plan = request(HOST, *headers)

    assert not plan.wants_upgrade
    assert b"pgrade" not in plan.head
    assert b"Settings" not in plan.head


LENGTH = (b"Content-Length", b"2")
CHUNKED = (b"Transfer-Encoding", b"Chunked")


@pytest.mark.parametrize(
    ("headers", "status", "version", "to", "expected"),
    [
        ((LENGTH,), 200, "1.1", request(HOST), (False, False, True, False)),
        ((CHUNKED,), 200, "1.1", request(HOST), (True, False, True, False)),
        ((), 200, "1.1", request(HOST), (False, True, False, True)),
        ((), 204, "1.1", request(HOST), (False, False, True, False)),
        ((LENGTH,), 304, "1.1", request(HOST), (False, False, True, False)),
        ((LENGTH,), 200, "1.1", request(HOST, method=b"HEAD"), (False, False, False, False)),
        ((CHUNKED,), 200, "1.1", request(version="1.0"), (False, False, False, True)),
        ((LENGTH,), 200, "1.0", request(HOST), (False, False, False, False)),
        ((LENGTH, (b"Connection", b"close")), 200, "1.1", request(HOST), (False, False, False, False)),
        ((LENGTH,), 200, "1.1", request(HOST, (b"Connection", b"close")), (False, False, False, False)),
    ],
    ids=["length", "chunks", "open end", "204", "304", "HEAD", "chunks to 1.0", "from 1.0", "upstream closes", "client closes"],
)  # fmt: skip
def test_the_framing_of_an_answer(
    headers: RawHeaders,
    status: int,
    version: str,
    to: RequestPlan,
    expected: tuple[bool, bool, bool, bool],
) -> None:
    plan = response(*headers, status=status, version=version, to=to)

    found = (plan.is_chunked, plan.ends_with_connection, plan.keeps_alive, plan.is_open_ended)
    assert found == expected
    assert (b"Connection: close" in plan.head) is not plan.keeps_alive
    assert not plan.problem


@pytest.mark.parametrize("coding", [b"gzip", b"gzip, chunked", b"xchunked", b"chunked, gzip", b""])
def test_a_transfer_coding_that_is_not_chunked_cannot_be_passed_on(coding: bytes) -> None:
    assert response((b"Transfer-Encoding", coding)).problem


def test_two_codings_in_two_lines_cannot_be_passed_on() -> None:
    assert response((b"Transfer-Encoding", b"gzip"), CHUNKED).problem


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        (b"https://up.test/u?upload_id=1", b"http://proxy:8080/u?upload_id=1"),
        (b"HTTPS://UP.test/u", b"http://proxy:8080/u"),
        (b"https://up.test", b"http://proxy:8080"),
        (b"https://up.test.evil/u", b"https://up.test.evil/u"),
        (b"https://up.test@evil/u", b"https://up.test@evil/u"),
        (b"https://elsewhere/u", b"https://elsewhere/u"),
    ],
)
def test_an_upload_url_of_upstream_points_at_us(url: bytes, seen: bytes) -> None:
    plan = response((b"X-Goog-Upload-URL", url), LENGTH)

    assert b"\r\nX-Goog-Upload-URL: " + seen + b"\r\n" in plan.head


def test_an_event_stream_is_known_by_its_type() -> None:
    assert response((b"content-type", b"Text/Event-Stream; charset=utf-8"), CHUNKED).is_stream
    assert not response((b"content-type", b"application/json"), LENGTH).is_stream


def test_an_interim_answer_loses_only_lines_of_one_hop() -> None:
    head = ResponseHead(103, b"Early", "1.1", [(b"Link", b"</x>"), (b"Connection", b"keep-alive")])

    plan = plan_interim(head, request=request(HOST), lines=lines())

    assert plan.head == b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n"


def test_a_switch_passes_as_it_is() -> None:
    head = ResponseHead(
        101, b"Go", "1.1", [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
    )

    plan = plan_interim(head, request=request(HOST, *WEBSOCKET), lines=lines())

    assert plan.head == b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    assert plan.is_open_ended


def test_our_name_stands_in_via_only_if_we_have_one() -> None:
    head = RequestHead(b"GET", b"/v1", "1.0", [HOST, (b"Via", b"1.1 fred")], 100)
    named = Lines(Redactor(lambda _: "0" * 16), b"here")

    plan = plan_request(head, upstream_host=b"up.test", lines=named)

    assert plan.head.endswith(b"Via: 1.1 fred\r\nVia: 1.0 here\r\n\r\n")
    assert b"here" not in plan.record
    assert b"Via" not in request(HOST).head


@pytest.mark.parametrize(
    ("method", "said", "passed_on"),
    [
        (b"OPTIONS", b"10", b"9"),
        (b"OPTIONS", b"x", b"x"),
        (b"OPTIONS", b"9" * 5000, b"9" * 5000),
        (b"GET", b"10", b"10"),
    ],
)
def test_max_forwards_of_options_counts_this_hop(
    method: bytes, said: bytes, passed_on: bytes
) -> None:
    plan = request(HOST, (b"Max-forwards", said), method=method)

    assert b"\r\nMax-forwards: %b\r\n" % passed_on in plan.head
    assert b"\r\nMax-forwards: %b\r\n" % said in plan.record
