"""Whatever the pieces: heads come out with one User-Agent line, everything else as it came."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.wire.two_user_agents import HEAD_BYTES_MAX, MISSPELT, UserAgents, restored

TWO = b"User-Agent: GeminiNextGenAPIClient/Python 2.0.0\r\nuser-agent: google-genai-sdk/2.0.0\r\n"
ONE = TWO.replace(b"\r\nuser-agent:", b"\r\nuser-agen~:")
LOOKALIKE = b"\r\n\r\nPOST / HTTP/1.1\r\n" + TWO + b"\r\n"
"""In a body it is a body."""


def plain(head: bytes) -> tuple[bytes, bytes]:
    lines = b"GET /v1/interactions/v1_x HTTP/1.1\r\nHost: x\r\n%b\r\n"
    return lines % head, lines % head.replace(TWO, ONE)


def with_length(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    lines = b"POST /v1/interactions HTTP/1.1\r\n%bcontent-length: %d\r\nHost: x\r\n\r\n%b"
    return tuple(lines % (each, len(body), body) for each in (head, head.replace(TWO, ONE)))  # type: ignore[return-value]


def chunked(head: bytes, body: bytes, size: int, trailer: bytes) -> tuple[bytes, bytes]:
    lines = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n%b\r\n%b%b"
    pieces = [body[place : place + size] for place in range(0, len(body), size)]
    coded = b"".join(b"%x;x=y\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    end = b"0\r\n" + trailer + b"\r\n"
    return tuple(lines % (each, coded, end) for each in (head, head.replace(TWO, ONE)))  # type: ignore[return-value]


heads = st.sampled_from(
    [TWO, b"", b"User-Agent: one\r\n", b"x-user-agent: a\r\nuser-agents: b\r\n"]
)
bodies = st.binary(max_size=40) | st.sampled_from([LOOKALIKE, LOOKALIKE * 3, b"0\r\n\r\n"])
trailers = st.sampled_from([b"", b"x-sum: 1\r\n", TWO])
requests = (
    heads.map(plain)
    | st.builds(with_length, heads, bodies)
    | st.builds(chunked, heads, bodies, st.integers(1, 50), trailers)
)


def fed(data: bytes, cuts: list[int]) -> bytes:
    """What comes out if the bytes come in pieces that end there."""
    agents = UserAgents()
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    ends = pairwise(places)
    return b"".join(agents.feed(data[start:end]) for start, end in ends)


@given(st.lists(requests, max_size=5), st.lists(st.integers(0, 5000), max_size=12))
def test_each_head_is_left_with_one_line_and_bodies_stay_however_the_bytes_are_cut(
    conversation: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    data = b"".join(given for given, _ in conversation)

    assert fed(data, cuts) == b"".join(wanted for _, wanted in conversation)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_noise_comes_out_as_it_came_or_is_held_as_a_head(data: bytes, cuts: list[int]) -> None:
    assert data.startswith(fed(data, cuts).replace(b"~", b"t")) or b"~" in data


def test_a_body_is_never_held_back() -> None:
    agents = UserAgents()
    agents.feed(b"POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\n")

    assert agents.feed(b'{"a": 1}\r\nuser-a') == b'{"a": 1}\r\nuser-a'


def test_what_follows_an_upgrade_is_another_protocol() -> None:
    agents = UserAgents()
    head = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"

    assert agents.feed(head) == head
    assert agents.feed(LOOKALIKE[:20]) == LOOKALIKE[:20]


def test_a_head_without_end_is_left_to_the_parser() -> None:
    agents = UserAgents()
    data = b"GET / HTTP/1.1\r\nx: " + b"y" * HEAD_BYTES_MAX

    assert agents.feed(data) == data


@pytest.mark.parametrize("name", [b"User-Agent", b"user-agent", b"USER-AGENT", b"uSER-aGENt"])
def test_names_are_spelt_again_as_the_client_spelt_them(name: bytes) -> None:
    head = UserAgents().feed(b"GET / HTTP/1.1\r\nuser-agent: a\r\n%b: b\r\nHost: x\r\n\r\n" % name)
    lines = [tuple(line.split(b": ")) for line in head.split(b"\r\n")[1:-2]]

    assert lines[1][0].decode().lower() in MISSPELT
    assert restored(lines) == ((b"user-agent", b"a"), (name, b"b"), (b"Host", b"x"))  # type: ignore[arg-type]
