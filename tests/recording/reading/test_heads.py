from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.reading.heads import (
    NO_TRACE,
    RequestHead,
    ResponseHead,
    Trace,
    clear_media_type,
    request_head,
    response_head,
)
from tests.recording.samples import FINGERPRINT, head


def asked(*headers: tuple[str, str]) -> RequestHead:
    found = request_head(head("POST /v1/interactions?key=x HTTP/1.1", headers))
    assert found is not None
    return found


def test_a_request_head_gives_its_allowed_fields() -> None:
    assert asked(
        ("Host", "example"),
        ("User-Agent", "google-genai-sdk/3.4.0 gl-python/3.11.7"),
        ("Content-Type", "Application/JSON; charset=utf-8"),
        ("Content-Encoding", "gzip"),
        ("X-Goog-Api-Key", f"fp:{FINGERPRINT}"),
        ("X-Secret", "never"),
    ) == RequestHead(
        "POST",
        "/v1/interactions?key=x",
        "application/json",
        ("gzip",),
        "google-genai-sdk/3.4.0",
        "gl-python/3.11.7",
        FINGERPRINT,
        "api_key",
    )


def test_the_user_agent_of_the_sdk_is_found_among_two() -> None:
    found = asked(
        ("User-Agent", "GeminiNextGenAPIClient/Python 2.0.0"),
        ("User-Agent", "google-genai-sdk/2.0.0 gl-python/3.11"),
    )

    assert (found.sdk, found.language) == ("google-genai-sdk/2.0.0", "gl-python/3.11")


def test_another_client_has_no_sdk() -> None:
    found = asked(("User-Agent", "curl/8.5 <script>"), ("cookie", ""))

    assert (found.sdk, found.language, found.client, found.credential_kind) == (None,) * 4


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("x-goog-api-key", f"fp:{FINGERPRINT}", "api_key"),
        ("Authorization", f"fp:{FINGERPRINT}", "bearer"),
        ("Authorization", f"Bearer fp:{FINGERPRINT}", "bearer"),
        ("Cookie", f"fp:{FINGERPRINT}", "other"),
        ("Proxy-Authorization", f"fp:{FINGERPRINT}", "other"),
    ],
)
def test_a_credential_is_a_fingerprint_with_a_kind(name: str, value: str, kind: str) -> None:
    found = asked((name, value))

    assert (found.client, found.credential_kind) == (FINGERPRINT, kind)


def test_a_key_outranks_a_cookie() -> None:
    other = "f" * 16
    found = asked(("Cookie", f"fp:{other}"), ("x-goog-api-key", f"fp:{FINGERPRINT}"))

    assert (found.client, found.credential_kind) == (FINGERPRINT, "api_key")


def test_a_value_that_is_no_fingerprint_is_not_shown() -> None:
    assert asked(("x-goog-api-key", "AIzaNotRedacted")).client is None


def test_a_header_name_inside_a_value_is_not_a_header() -> None:
    assert asked(("X-Note", "content-type: text/html")).media_type is None


@pytest.mark.parametrize(
    "raw",
    [b"", b"GET /\r\n\r\n", b"GET / x HTTP/1.1\r\n\r\n", b"\xff\xff\r\n", b"GET / FTP/1\r\n\r\n"],
)
def test_what_is_no_request_line_is_none(raw: bytes) -> None:
    assert request_head(raw) is None


def test_an_odd_method_is_not_shown() -> None:
    found = request_head(b"g\xffT / HTTP/1.1\r\n\r\n")

    assert found is not None
    assert found.method == "(odd)"


def test_a_response_head_gives_status_type_and_codings() -> None:
    raw = head(
        "HTTP/1.1 200 OK",
        [("Content-Type", "text/event-stream"), ("content-encoding", "gzip, identity, br")],
    )

    assert response_head(raw) == ResponseHead(200, "text/event-stream", ("gzip", "br"))
    assert response_head(b"HTTP/1.1 404\r\n\r\n") == ResponseHead(404, None, ())


@pytest.mark.parametrize(
    "raw", [b"", b"HTTP/1.1 2x0 OK\r\n\r\n", b"ICY 200 OK\r\n\r\n", b"HTTP/1.1"]
)
def test_what_is_no_status_line_is_none(raw: bytes) -> None:
    assert response_head(raw) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image/svg+xml", "image/svg+xml"),
        (" Text/HTML ; q=1", "text/html"),
        ("", None),
        (";", None),
        ("nonsense", "(odd)"),
        ("a/b c", "(odd)"),
    ],
)
def test_a_media_type_is_shown_without_parameters(text: str, expected: str | None) -> None:
    assert clear_media_type(text) == expected


@given(st.binary(max_size=120))
def test_noise_never_raises(noise: bytes) -> None:
    request_head(noise)
    response_head(noise)
    request_head(b"GET / HTTP/1.1\r\n" + noise)
    response_head(b"HTTP/1.1 200 \r\ncontent-type:" + noise)


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("value", "is_sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-fe", False),
        (f"cc-{TRACE}-{SPAN}-03-what-comes-later", True),
    ],
)
def test_a_traceparent_ties_the_exchange_to_the_callers_trace(
    value: str,
    is_sampled: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert asked(("traceparent", value)).trace == Trace(TRACE, SPAN, is_sampled)


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01more",
    ],
)
def test_what_is_no_traceparent_ties_nothing(value: str) -> None:
    assert asked(("traceparent", value)).trace == NO_TRACE


def test_two_traceparents_are_none() -> None:
    value = f"00-{TRACE}-{SPAN}-01"

    assert asked(("traceparent", value), ("Traceparent", value)).trace == NO_TRACE


@pytest.mark.parametrize(
    ("value", "told"), [("2026-05-20", "2026-05-20"), ("", None), ("<b>", "(odd)")]
)
def test_the_api_revision_asked_for_is_told(value: str, told: str | None) -> None:
    assert asked(("Api-Revision", value)).api_revision == told


def answered(*headers: tuple[str, str]) -> ResponseHead:
    found = response_head(head("HTTP/1.1 429 Too Many Requests", headers))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([("Retry-After", "30")], 30),
        ([("retry-after-ms", "1200")], 2),
        ([("Retry-After", "3"), ("retry-after-ms", "200")], 3),
        (
            [
                ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("Retry-After", "Sun, 06 Nov 1994 08:51:00 GMT"),
            ],
            83,
        ),
        (
            [
                ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("Retry-After", "Sun, 06 Nov 1994 08:40:00 GMT"),
            ],
            0,
        ),
        ([("Retry-After", "Sun, 06 Nov 1994 08:51:00 GMT")], None),
        ([("Retry-After", "soon")], None),
        ([("Retry-After", "-1")], None),
        ([("Retry-After", "9" * 40)], None),
        ([], None),
    ],
)
def test_the_wait_asked_for_is_in_whole_seconds(
    headers: list[tuple[str, str]], seconds: int | None
) -> None:
    assert answered(*headers).retry_after_s == seconds


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000_000_000),
        ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ("Sun, 06 Xyz 1994 08:49:37 GMT", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("", None),
    ],
)
def test_upstreams_clock_is_told(value: str, nanoseconds: int | None) -> None:
    assert answered(("Date", value)).date_ns == nanoseconds
