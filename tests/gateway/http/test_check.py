"""What llhttp accepts and must not be passed on. The plays of test_client.py try the same on a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.http.check import check_headers, check_start, is_host


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
    refusal = check_headers(version, headers)

    assert refusal is not None
    assert refusal.status == status


def test_ordinary_lines_pass() -> None:
    lines = [
        HOST,
        (b"Transfer-Encoding", b" Chunked "),
        (b"EXPECT", b"100-Continue"),
        (b"a_b", b""),
    ]

    assert check_headers("1.1", lines) is None
    assert check_headers("1.0", []) is None


@pytest.mark.parametrize("host", [b"a", b"a.b:80", b"[::1]:8080", b"a: ".strip(), b"127.0.0.1\t"])
def test_a_host_and_port_is_a_host(host: bytes) -> None:
    assert is_host(host)


@given(st.binary(max_size=40))
def test_no_host_holds_what_could_end_it_or_name_another(value: bytes) -> None:
    if is_host(value):
        assert not set(value.rstrip(b" \t")) & set(b'/@?#\\ \t\r\n\x00"<>')
