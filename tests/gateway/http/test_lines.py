"""Header lines looked up: the same as read, and bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.http.credentials import Redactor
from proxy.gateway.http.lines import CHECK, CLOSES, KEEPS, UPGRADES, LineCache, Lines
from proxy.gateway.limits import LINE_CACHED_BYTES_MAX, LINES_CACHED_MAX

headers = st.tuples(
    st.sampled_from(
        [b"Host", b"X-A", b"Cookie", b"TE", b"Expect", b"a_b", b"Content-Type", b"Connection"]
    ),
    st.binary(max_size=20),
)


@given(st.lists(headers, max_size=30))
def test_a_line_looked_up_is_the_line_read(said: list[tuple[bytes, bytes]]) -> None:
    kept, fresh = (Lines(Redactor(lambda _: "f" * 16)) for _ in range(2))

    for header in [*said, *said]:
        assert kept.request[header] == fresh._request_line(header)
        assert kept.response[header] == fresh._response_line(header)


def test_the_cache_is_bounded_in_lines_and_in_their_length() -> None:
    lines = Lines(Redactor(lambda _: "f" * 16))
    cache = LineCache(lines._request_line)

    for number in range(LINES_CACHED_MAX + 10):
        assert cache[b"X", b"%d" % number].value == b"%d" % number
    assert cache[b"X", b"v" * LINE_CACHED_BYTES_MAX].value == b"v" * LINE_CACHED_BYTES_MAX
    assert cache[b"n" * LINE_CACHED_BYTES_MAX, b"v"].value == b"v"

    assert len(cache) <= LINES_CACHED_MAX
    assert max(len(name) + len(value) for name, value in cache) < LINE_CACHED_BYTES_MAX


def test_names_with_an_underscore_are_looked_at() -> None:
    lines = Lines(Redactor(lambda _: "f" * 16))

    assert lines.request[b"Content_Length", b"1"].flags & CHECK


def test_a_host_that_is_none_is_looked_at() -> None:
    lines = Lines(Redactor(lambda _: "f" * 16))

    assert lines.request[b"Host", b"a b"].flags & CHECK
    assert not lines.request[b"hOST", b"a:80"].flags & CHECK


def test_a_connection_line_says_what_becomes_of_the_connection_and_of_other_lines() -> None:
    lines = Lines(Redactor(lambda _: "f" * 16))

    line = lines.request[b"Connection", b"Keep-Alive,, X-Hop , host, content-length"]

    assert line.flags & (CLOSES | KEEPS | UPGRADES) == KEEPS
    assert line.removes == {b"x-hop"}
    assert lines.response[b"connection", b"close"].flags & CLOSES
    assert lines.request[b"connection", b"Upgrade"].flags & UPGRADES
