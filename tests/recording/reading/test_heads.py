from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.reading.heads import (
    RequestHead,
    ResponseHead,
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
