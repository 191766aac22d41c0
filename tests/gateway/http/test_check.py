"""What llhttp accepts and must not be passed on. The plays of test_client.py try the same on a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.http.check import check_headers, check_start, is_host
from proxy.gateway.http.wire import RawHeaders, RequestHead


@pytest.mark.parametrize(
    ("method", "target", "version", "status"),
    [
        (b"GET", b"/", "0.9", 505),
        (b"GET", b"/", "2.0", 505),
        (b"CONNECT", b"a:443", "1.1", 405),
        (b"TRACE", b"/", "1.1", 405),
        (b"SETUP", b"/", "1.0", 405),
        (b"GET", b"http://a/", "1.1", 400),
        (b"GET", b"/a#b", "1.1", 400),
        (b"GET", b"*", "1.1", 400),
        (b"GET", b"a", "1.1", 400),
        (b"GET", b"", "1.1", 400),
        (b"GET", b"/a b", "1.1", 400),
        (b"GET", b"/\xe9", "1.1", 400),
        (b"GET", b"/\n", "1.1", 400),
    ],
)
def test_a_bad_request_line_is_refused(
    method: bytes, target: bytes, version: str, status: int
) -> None:
    refusal = check_start(method, target, version)

    assert refusal is not None
    assert refusal.status == status


@pytest.mark.parametrize("target", [b"/", b"//x", b"/?", b'/%2e%2e/{}|\\^`"<>', b"/" + b"a" * 9000])
def test_an_odd_target_passes(target: bytes) -> None:
    assert check_start(b"GET", target, "1.1") is None


def test_options_may_ask_about_the_server_itself() -> None:
    assert check_start(b"OPTIONS", b"*", "1.1") is None


HOST = (b"Host", b"a")


def head(headers: RawHeaders, version: str = "1.1", method: bytes = b"GET") -> RequestHead:
    return RequestHead(method, b"/", version, headers, 100)


@pytest.mark.parametrize(
    ("headers", "version", "status"),
    [
        ([], "1.1", 400),
        ([HOST, (b"HOST", b"a")], "1.1", 400),
        ([HOST, HOST], "1.0", 400),
        ([(b"Host", b"a b/@c")], "1.1", 400),
        ([HOST, (b"Transfer-Encoding", b"chunked")], "1.0", 400),
        ([HOST, (b"Transfer-Encoding", b"gzip, chunked")], "1.1", 501),
        ([HOST, (b"Transfer-Encoding", b"identity")], "1.1", 501),
        ([HOST, (b"Expect", b"200-ok")], "1.1", 417),
        ([HOST, (b"Content_Length", b"1")], "1.1", 400),
        ([HOST, (b"transfer_encoding", b"chunked")], "1.1", 400),
    ],
)
def test_bad_framing_lines_are_refused(
    headers: list[tuple[bytes, bytes]], version: str, status: int
) -> None:
    refusal = check_headers(head(headers, version))

    assert refusal is not None
    assert refusal.status == status


def test_ordinary_lines_pass() -> None:
    lines = [
        HOST,
        (b"Transfer-Encoding", b" Chunked "),
        (b"EXPECT", b"100-Continue"),
        (b"a_b", b""),
    ]

    assert check_headers(head(lines, "1.1")) is None
    assert check_headers(head([], "1.0")) is None


@pytest.mark.parametrize("host", [b"a", b"a.b:80", b"[::1]:8080", b"a: ".strip(), b"127.0.0.1\t"])
def test_a_host_and_port_is_a_host(host: bytes) -> None:
    assert is_host(host)


@given(st.binary(max_size=40))
def test_no_host_holds_what_could_end_it_or_name_another(value: bytes) -> None:
    if is_host(value):
        assert not set(value.rstrip(b" \t")) & set(b'/@?#\\ \t\r\n\x00"<>')


@pytest.mark.parametrize(
    ("via", "status"),
    [
        (b"1.1 here", 508),
        (b"1.0 fred, HTTP/1.1 HERE (a comment)", 508),
        (b"1.1 there", None),
        (b"here", None),
        (b"", None),
    ],
)
def test_a_request_that_has_been_here_before_is_refused(via: bytes, status: int | None) -> None:
    asked = head([HOST, (b"Via", via)])

    refusal = check_headers(asked, b"here")

    assert (refusal.status if refusal else None) == status
    assert check_headers(asked) is None


@pytest.mark.parametrize(
    ("method", "hops", "status"),
    [(b"OPTIONS", b"0", 204), (b"OPTIONS", b"1", None), (b"OPTIONS", b"x", None), (b"OPTIONS", b"9" * 5000, None), (b"OPTIONS", b"000", 204), (b"GET", b"0", None)],
)  # fmt: skip
def test_options_without_a_hop_left_is_answered_here(
    method: bytes, hops: bytes, status: int | None
) -> None:
    refusal = check_headers(head([HOST, (b"Max-Forwards", hops)], method=method))

    assert (refusal.status if refusal else None) == status
