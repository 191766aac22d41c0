"""No secret in any record, whatever the place and the encoding."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.http.credentials import REQUEST_CREDENTIALS, Redactor
from proxy.gateway.http.lines import Lines
from proxy.gateway.http.plan import plan_interim, plan_request, plan_response
from proxy.gateway.http.wire import RawHeaders, RequestHead, ResponseHead, Upstream
from proxy.gateway.limits import SECRET_CACHED_BYTES_MAX, SECRETS_CACHED_MAX

UPSTREAM = Upstream("https", "example.test", 443)
SECRET = b"AIzaSyPLANTED-secret_0123"


def fingerprint(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()[:16]


def lines() -> Lines:
    return Lines(Redactor(fingerprint))


def request_record(target: bytes, headers: RawHeaders) -> bytes:
    head = RequestHead(b"POST", target, "1.1", [(b"Host", b"a"), *headers], 100)
    return plan_request(head, upstream_host=b"example.test", lines=lines()).record


MARK = b"fp:" + fingerprint(SECRET).encode()

secrets = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+/=%'\"<>;:@!*",
                  min_size=8, max_size=60).map(str.encode)  # fmt: skip
names = st.sampled_from(sorted(REQUEST_CREDENTIALS))
parameters = st.sampled_from([b"key", b"KEY", b"access_token", b"upload_id", b"api_key", b"%6bey"])
encodings = st.sampled_from([lambda s: s, lambda s: quote_from_bytes(s, safe="").encode()])


@given(names, secrets.filter(lambda s: s.strip() == s))
def test_a_credential_header_is_never_in_the_record(name: bytes, secret: bytes) -> None:
    assert secret not in request_record(b"/v1", [(name, secret)])


@pytest.mark.parametrize("value", [SECRET + b" ", SECRET + b"\t ", b"Bearer  " + SECRET + b" "])
def test_space_around_a_credential_makes_it_no_other(value: bytes) -> None:
    assert b"x-goog-api-key: " + MARK + b"\r\n" in request_record(
        b"/v1", [(b"x-goog-api-key", value)]
    )


@given(parameters, secrets.filter(lambda s: b"&" not in s), encodings)
def test_a_credential_parameter_is_never_in_the_record(
    parameter: bytes, secret: bytes, encode: type[bytes]
) -> None:
    value = encode(secret)
    record = request_record(b"/v1?alt=sse&" + parameter + b"=" + value + b"&x=1", [(b"X", b"1")])

    assert value not in record
    assert b"alt=sse&" + parameter + b"=fp:" in record
    assert b"&x=1 HTTP/1.1" in record


@given(names, st.sampled_from([bytes, base64.b64encode, lambda s: quote_from_bytes(s, safe="").encode()]))  # fmt: skip
def test_a_secret_that_is_repeated_elsewhere_is_replaced_there_too(
    name: bytes, encode: type[bytes]
) -> None:
    repeated = encode(SECRET)

    record = request_record(b"/v1/" + repeated, [(name, SECRET), (b"X-Note", b"a" + repeated)])

    assert repeated not in record
    assert record.count(MARK) == 3


@pytest.mark.parametrize(
    "target",
    [
        b'/v1?key="' + SECRET + b'"',
        b"/v1?key='" + SECRET + b"'",
        b"/v1?key=<" + SECRET + b">",
        b"/v1?a=1;key=" + SECRET,
        b"/v1#access_token=" + SECRET,
        b"http://evil/?key=" + SECRET,
        b"/v1?%6B%65%79=" + SECRET,
        b"/v1?a?key=" + SECRET,
    ],
)
def test_odd_targets_hide_no_secret(target: bytes) -> None:
    assert SECRET not in request_record(target, [])


@pytest.mark.parametrize(
    "header",
    [
        (b"Referer", b"https://app.test/?key=" + SECRET),
        (b"Link", b"<https://app.test/?x=1&access_token=" + SECRET + b">; rel=next"),
        (b"X_Goog_Api_Key", SECRET),
        (b"Authorization", b"Bearer " + SECRET),
        (b"Proxy-Authorization", b"Basic " + base64.b64encode(b"me:" + SECRET)),
        (b"Cookie", b"session=" + SECRET),
    ],
)
def test_secrets_in_headers_are_found(header: tuple[bytes, bytes]) -> None:
    record = request_record(b"/v1", [header])

    assert SECRET not in record
    assert b"fp:" in record


def test_both_ways_of_sending_a_key_have_one_fingerprint() -> None:
    record = request_record(
        b"/v1?key=" + quote_from_bytes(SECRET).encode(),
        [(b"x-goog-api-key", SECRET), (b"Authorization", b"Bearer " + SECRET)],
    )

    assert record.count(MARK) == 3


def test_a_secret_that_begins_another_leaves_nothing_of_it() -> None:
    record = request_record(
        b"/v1", [(b"x-goog-api-key", b"PLANTED-1"), (b"Cookie", b"PLANTED-1-and-more"), (b"X", b"PLANTED-1-and-more")]
    )  # fmt: skip

    assert b"-and-more" not in record


def test_a_fingerprint_is_not_fingerprinted_again() -> None:
    redactor = Redactor(fingerprint)
    once = redactor.text(b"GET /?key=" + SECRET + b" HTTP/1.1\r\n")

    assert redactor.text(once) == once == b"GET /?key=" + MARK + b" HTTP/1.1\r\n"


def answer(headers: RawHeaders, status: int = 200) -> bytes:
    """The record of an answer to a request that carried SECRET."""
    known = lines()
    head = RequestHead(b"GET", b"/v1?key=" + SECRET, "1.1", [(b"Host", b"a")], 100)
    request = plan_request(head, upstream_host=b"example.test", lines=known)
    said = ResponseHead(status, b"OK", "1.1", headers)
    if status < 200:
        return plan_interim(said, request=request, lines=known).record
    return plan_response(
        said, request=request, upstream=UPSTREAM, lines=known, scheme=b"http"
    ).record


@pytest.mark.parametrize("status", [101, 103, 200])
@pytest.mark.parametrize(
    "header",
    [
        (b"X-Echo", SECRET),
        (b"Location", b"/v1?key=" + SECRET),
        (b"Set-Cookie", b"other=PLANTED-cookie"),
        (b"X-Goog-Upload-URL", b"https://example.test/upload?upload_id=PLANTED-upload"),
    ],
)
def test_no_secret_comes_back_into_the_record(status: int, header: tuple[bytes, bytes]) -> None:
    record = answer([header], status)

    assert SECRET not in record
    assert b"PLANTED-" not in record
    assert b"fp:" in record


@given(st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=30)), max_size=5))
def test_noise_in_heads_raises_nothing(headers: RawHeaders) -> None:
    request_record(b"/" + b"".join(value for _, value in headers), headers)
    answer(headers)
    answer(headers, 103)


def test_what_is_not_secret_stays() -> None:
    record = request_record(b"/v1?alt=sse&q=a%20b", [(b"X-Goog-Api-Client", b"genai-js/3.1.0")])

    assert record == (
        b"POST /v1?alt=sse&q=a%20b HTTP/1.1\r\nHost: a\r\nX-Goog-Api-Client: genai-js/3.1.0\r\n\r\n"
    )


def test_the_memory_of_secrets_is_bounded() -> None:
    redactor = Redactor(fingerprint)

    for number in range(SECRETS_CACHED_MAX + 10):
        redactor.mark(b"secret-%d" % number)
    redactor.mark(b"x" * (SECRET_CACHED_BYTES_MAX + 1))

    assert len(redactor._known) <= SECRETS_CACHED_MAX
    assert max(map(len, redactor._known)) <= SECRET_CACHED_BYTES_MAX
