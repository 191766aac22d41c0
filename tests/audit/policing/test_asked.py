from __future__ import annotations

import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.policing.asked import UNPACKED_BYTES_MAX, asked_from, coded
from tests.audit.policing.questions import ANN, BOB, CREATE, asked, created, head


@pytest.mark.parametrize("stored", ["", '"store":false'])
def test_only_an_explicit_false_says_that_it_is_not_stored(stored: str) -> None:
    assert created(f"{{{stored}}}".encode()).is_stored is (not stored)


@pytest.mark.parametrize(
    "stored",
    [
        *("null", '"false"', "0", "[]", "{}", "true", "False"),
        *('true,"store":false', 'false,"store":true', 'false,"store":null'),
        *('false,"s\\u0074ore":true', 'false,"store":0', 'false,"store":"false"'),
    ],
)
def test_any_other_reading_counts_as_stored(stored: str) -> None:
    assert created(f'{{"store":{stored}}}'.encode()).is_stored


@given(
    st.lists(
        st.one_of(
            st.just(value=False), st.none(), st.booleans(), st.integers(), st.text(max_size=5)
        ),
        max_size=4,
    ),
    st.integers(0, 1),
)
def test_stored_unless_every_reading_is_false(values: list[object], place: int) -> None:
    members = [f'"store":{json.dumps(value)}' for value in values]
    members.insert(place * len(members), '"input":"store"')

    found = created(("{" + ",".join(members) + "}").encode())

    assert found.is_stored is not (bool(values) and all(value is False for value in values))


@given(st.binary(max_size=300), st.binary(max_size=100), st.integers(0, 100))
def test_nothing_makes_reading_fail(first: bytes, second: bytes, size: int) -> None:
    is_whole = len(second) < size
    asked_from(first, second, is_whole=is_whole)
    asked_from(head("POST", CREATE) + first, second, is_whole=is_whole)
    target = first.decode("latin-1").replace(" ", "").replace("\r", "").replace("\n", "")
    asked_from(head("GET", "/" + target), second, is_whole=is_whole)


def test_what_it_goes_on_from_is_every_turn_that_it_names() -> None:
    body = b'{"previous_interaction_id":"v1_a","previousInteractionId":"v1_b"}'
    assert created(body).previous == {"v1_a", "v1_b"}
    assert created({"previous_interaction_id": None}).previous == frozenset()
    assert created({"previous_interaction_id": ["v1_a"]}).previous, "no text: fits nothing"


@pytest.mark.parametrize(
    "tools",
    [
        [{"type": "google_search"}],
        [{"googleSearch": {}}],
        [{"type": "GOOGLE-SEARCH"}],
        {"type": "google_search"},
        ["google_search"],
        [[{"type": "google_search"}]],
    ],
)
def test_a_tool_is_known_in_all_its_forms(tools: object) -> None:
    assert "google_search" in created({"tools": tools}).tools


def test_a_tool_that_stands_there_twice_is_both() -> None:
    found = created(b'{"tools":[{"type":"function","type":"google_search"}],"tools":[]}')
    assert {"function", "google_search"} <= found.tools


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (False, False), (None, False), ("false", True)]
)
def test_background_is_anything_but_false(value: object, expected: object) -> None:
    assert created({"background": value}).is_background is expected


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("POST", "/v1beta/interactions", "create"),
        ("POST", "//v1beta//interactions?alt=sse", "create"),
        ("GET", "/v1beta/interactions/v1_a", "get"),
        ("GET", "/v1beta/interactions/v1_a?stream=true&last_event_id=e", "resume"),
        ("DELETE", "/v1/interactions/v1_a", "delete"),
        ("POST", "/v1beta/interactions/v1_a/cancel", "cancel"),
        ("POST", "/v1beta/interactions/v1_a:cancel", "cancel"),
        ("GET", "/v1beta/interactions", "other"),
        ("HEAD", "/v1beta/interactions/v1_a", "other"),
        ("PATCH", "/v1beta/interactions/v1_a", "other"),
        ("POST", "/v1beta/models/m:generateContent", "none"),
        ("POST", "/v1beta/batches", "none"),
        ("GET", "/v1beta/files/a%20b", "none"),
        ("DELETE", "/v1beta/%69nteractions/v1_a", "unclear"),
        ("DELETE", "/v1beta/%2569nteractions/v1_a", "unclear"),
        ("DELETE", "/v1beta/x/../interactions/v1_a", "unclear"),
        ("DELETE", "/v1beta\\interactions/v1_a", "unclear"),
        ("DELETE", "/v1beta/interactions/v1_%61", "unclear"),
        ("DELETE", "/v1beta/interactions;a=b/v1_a", "unclear"),
        ("POST", "/batch", "unclear"),
        ("POST", "/$rpc/google.ai.InteractionService/DeleteInteraction", "unclear"),
        ("POST", "/v1beta/interactions/v1_a?$httpMethod=DELETE", "unclear"),
        ("POST", "/v1beta/interactions/v1_a?%24%68ttpMethod=DELETE", "unclear"),
        ("POST", f"/v1beta/fp:{BOB}", "unclear"),
        ("DELETE", f"/v1beta/interactions/fp:{BOB}", "unclear"),
        ("POST", f"/v1beta/interactions?fp:{BOB}=DELETE", "unclear"),
        ("POST", f"/v1beta/interactions?key=fp:{BOB}", "create"),
    ],
)
def test_the_path_says_what_it_is_or_is_unclear(method: str, target: str, operation: str) -> None:
    assert asked(method, target).operation == operation


@pytest.mark.parametrize(
    "line",
    ["X-HTTP-Method-Override: DELETE", "x-http-method: DELETE", "X-Method-Override : DELETE"],
)
def test_a_method_in_a_header_makes_it_unclear(line: str) -> None:
    assert asked("POST", "/v1beta/interactions/v1_a", line).operation == "unclear"


def test_a_credential_that_is_spelled_like_a_header_hides_it_and_makes_it_unclear() -> None:
    assert asked("POST", CREATE, f"Cookie: fp:{BOB}", f"fp:{BOB}: DELETE").operation == "unclear"
    assert asked("POST", CREATE, f"Cookie: fp:{BOB}", f"X-Fp: {BOB}").operation == "create"


def test_all_credentials_are_seen_and_the_first_counts() -> None:
    found = asked("GET", "/v1beta/interactions/v1_a", f"Authorization: fp:{BOB}")
    assert found.client == ANN
    assert found.clients == {ANN, BOB}
    by_query = asked_from(f"GET /v1/interactions/v1_a?key=fp:{BOB} HTTP/1.1\r\n\r\n".encode(), b"")
    assert by_query.client == BOB


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_packed_body_is_unpacked_and_can_be_packed_again(coding: str) -> None:
    plain = b'{"store":false,"model":"models/m","agent":"a"}'
    packed = gzip.compress(plain) if coding == "gzip" else zlib.compress(plain)
    found = created(packed, f"Content-Encoding: {coding}")

    assert not found.is_stored
    assert found.names == {"m", "a"}
    assert found.coding == coding
    again = created(coded(plain, coding), f"Content-Encoding: {coding}")
    assert again.reading == found.reading


def test_what_is_not_whole_or_not_decodable_is_not_readable() -> None:
    part = asked_from(head("POST", CREATE), b'{"store":false', is_whole=False)
    assert (part.is_readable, part.is_large) == (False, True)
    odd = created(b"{}", "Content-Encoding: br")
    assert (odd.is_readable, odd.is_large) == (False, False)


def test_what_stands_behind_a_packed_body_may_be_a_part_of_it() -> None:
    twice = gzip.compress(b'{"store":false}') + gzip.compress(b" ")
    assert not created(twice, "Content-Encoding: gzip").is_readable


def test_a_body_that_unpacks_to_too_much_is_large() -> None:
    packed = gzip.compress(b'{"store":false,"input":"' + bytes(UNPACKED_BYTES_MAX) + b'"}')
    found = created(packed, "Content-Encoding: gzip")
    assert (found.is_readable, found.is_large) == (False, True)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("application/json; charset=utf-8", 1),
        ("text/plain", 1),
        ("application/x-protobuf", 0),
        ("application/x-www-form-urlencoded", 0),
        ("application/json\r\nContent-Type: application/x-protobuf", 0),
    ],
)
def test_only_what_says_that_it_is_json_is_read_as_json(kind: str, expected: int) -> None:
    assert created({"store": False}, f"Content-Type: {kind}").is_readable is bool(expected)


@pytest.mark.parametrize("name", ["model", "tools", "previous_interaction_id", "store"])
@pytest.mark.parametrize(("start", "end"), [('{"a":', "}"), ("[", "]")])
def test_no_depth_makes_reading_fail(name: str, start: str, end: str) -> None:
    for depth in (300, 600, 900, *range(940, 1000, 5), 100_000 // len(start)):
        created(f'{{"{name}":{start * depth}1{end * depth}}}'.encode())


@pytest.mark.parametrize("line", ["Content-MD5: x", "Digest: x", "Content-Digest: x"])
def test_a_body_with_a_digest_is_read_and_never_changed(line: str) -> None:
    found = created({"store": True}, line)
    assert found.is_readable
    assert found.reading is None


def test_a_field_in_the_query_is_one_more_reading() -> None:
    found = asked("POST", CREATE + "?store=false", body=b'{"store":false}')
    assert found.is_stored, "a text is not false"
    assert found.reading is None
