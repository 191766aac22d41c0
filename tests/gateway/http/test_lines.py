"""Header lines looked up: the same as read, and bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.gateway.http.credentials import Redactor
from proxy.gateway.http.lines import CHECK, LineCache, Lines
from proxy.gateway.limits import LINE_CACHED_BYTES_MAX, LINES_CACHED_MAX

headers = st.tuples(
    st.sampled_from([b"Host", b"X-A", b"Cookie", b"TE", b"Expect", b"a_b", b"Content-Type"]),
    st.binary(max_size=20),
)


@given(st.lists(headers, max_size=30))
def test_a_line_looked_up_is_the_line_read(said: list[tuple[bytes, bytes]]) -> None:
    kept, fresh = (Lines(Redactor(lambda _: "f" * 16)) for _ in range(2))

    for header in [*said, *said]:
        assert kept.request(header) == fresh._request_line(header)
        assert kept.response(header) == fresh._response_line(header)


def test_the_cache_is_bounded_in_lines_and_in_their_length() -> None:
    lines = Lines(Redactor(lambda _: "f" * 16))
    cache = LineCache(lines._request_line)

    for number in range(LINES_CACHED_MAX + 10):
        cache.look_up((b"X", b"%d" % number))
    cache.look_up((b"X", b"v" * LINE_CACHED_BYTES_MAX))
    cache.look_up((b"n" * LINE_CACHED_BYTES_MAX, b"v"))

    assert len(cache._lines) <= LINES_CACHED_MAX
    assert max(len(name) + len(value) for name, value in cache._lines) < LINE_CACHED_BYTES_MAX


def test_names_with_an_underscore_are_looked_at() -> None:
    lines = Lines(Redactor(lambda _: "f" * 16))

    assert lines.request((b"Content_Length", b"1")).flags & CHECK
