"""The upstream's name, chunks, and the table of differences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ConfigError
from proxy.gateway.http.wire import CHUNK, DIFFERENCES, LAST_CHUNK, Upstream


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://generativelanguage.googleapis.com", b"generativelanguage.googleapis.com"),
        ("https://Example.test:443/", b"example.test"),
        ("https://example.test:8443", b"example.test:8443"),
        ("http://127.0.0.1:8080", b"127.0.0.1:8080"),
        ("http://localhost", b"localhost"),
        ("http://[::1]:9", b"[::1]:9"),
    ],
)
def test_the_authority_names_the_port_only_where_it_is_not_usual(
    url: str, authority: bytes
) -> None:
    assert Upstream.parse(url).authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "example.test",
        "ftp://example.test",
        "https://",
        "https://example.test/v1",
        "https://example.test/?a",
        "https://me@example.test",
        "https://example.test:port",
        "https://example.test:99999",
        "https://" + "a" * 70 + ".test",
        "https://a..b",
    ],
)
def test_what_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"upstream\.url"):
        Upstream.parse(url)


@given(st.lists(st.binary(min_size=1, max_size=300)))
def test_chunks_are_read_back_by_another_parser(pieces: list[bytes]) -> None:
    import httptools

    read: list[bytes] = []

    class Sink:
        is_whole = False

        def on_body(self, piece: bytes) -> None:
            read.append(piece)

        def on_message_complete(self) -> None:
            self.is_whole = True

    sink = Sink()
    parser = httptools.HttpResponseParser(sink)
    parser.feed_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    parser.feed_data(b"".join(CHUNK % (len(piece), piece) for piece in pieces) + LAST_CHUNK)

    assert sink.is_whole
    assert b"".join(read) == b"".join(pieces)


def test_each_difference_has_a_name_of_its_own_and_a_sentence() -> None:
    names = [name for name, _ in DIFFERENCES]

    assert len(set(names)) == len(names)
    assert all(sentence for _, sentence in DIFFERENCES)


def test_a_name_with_letters_beyond_ascii_is_kept_as_the_wire_takes_it() -> None:
    upstream = Upstream.parse("https://bücher.example:8443")

    assert upstream.host == "xn--bcher-kva.example"
    assert upstream.origin == b"https://xn--bcher-kva.example:8443"
    assert Upstream.parse("http://[::1]:80").host == "::1"
