from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions import sse
from proxy.interactions.sse import SseEvent, SseReader
from tests.strategies import cut_at, cuts_of, sse_bodies


def read(*chunks: bytes) -> tuple[list[SseEvent], bool]:
    reader = SseReader()
    found = [event for chunk in chunks for event in reader.feed(chunk)]
    tail, was_truncated = reader.end()
    return found + tail, was_truncated


def shown(*chunks: bytes) -> list[tuple[str, bytes]]:
    return [(event.name, event.data) for event in read(*chunks)[0]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"event: a\ndata: 1\n\n", [("a", b"1")]),
        (b"event: a\r\ndata: 1\r\n\r\n", [("a", b"1")]),
        (b"event: a\rdata: 1\r\r", [("a", b"1")]),
        (b"data: 1\r\ndata: 2\n\rdata: 3\n\n", [("", b"1\n2"), ("", b"3")]),
        (b"\xef\xbb\xbfdata: 1\n\n", [("", b"1")]),
        (b"data:1\n\n", [("", b"1")]),
        (b"data:  1\n\n", [("", b" 1")]),
        (b"data\n\n", [("", b"")]),
        (b"data\ndata\n\n", [("", b"\n")]),
        (b": note\n\ndata: 1\n: more\n\n", [("", b"1")]),
        (b"event: ping\n\ndata: 1\n\n", [("", b"1")]),
        (b"retry: 250\n\nid: 7\ndata: 1\nodd: x\n\n", [("", b"1")]),
        (b"event: a\nevent: b\ndata: 1\n\n", [("b", b"1")]),
        (b"\n\n\ndata: 1\n\n\n\n", [("", b"1")]),
        (b"event: \xff\ndata: \xff\n\n", [("\ufffd", b"\xff")]),
        (b"", []),
    ],
)
def test_a_body_is_read_by_the_rules_of_the_standard(
    body: bytes, expected: list[tuple[str, bytes]]
) -> None:
    assert shown(body) == expected
    assert read(body)[1] is False


def test_an_event_knows_where_it_began_and_which_byte_completed_it() -> None:
    body = b"\xef\xbb\xbf\n: note\ndata: 1\r\n\r\nevent: a\ndata: 2\n\n"

    events, _ = read(body)

    assert [(event.offset, event.end) for event in events] == [(11, 21), (22, 40)]
    assert body[11:].startswith(b"data: 1")
    assert body[22:].startswith(b"event: a")


@pytest.mark.parametrize(
    "tail", [b"data: 1", b"data: 1\n", b"event: a\ndata: 1", b"data: 0\ndata: 1"]
)
def test_an_unfinished_last_block_is_given_at_the_end_and_said_to_be_one(tail: bytes) -> None:
    reader = SseReader()

    assert reader.feed(b"data: whole\n\n" + tail) != []
    (event,), was_truncated = reader.end()

    assert was_truncated
    assert event.data.endswith(b"1")
    assert event.end == 13 + len(tail)


def test_an_unfinished_comment_is_nothing_unfinished() -> None:
    assert read(b"data: 1\n\n: keep-al")[1] is False


@pytest.mark.parametrize("start", [b"\xef", b"\xef\xbb", b"\xef\xbbdata: 1\n\n"])
def test_half_a_byte_order_mark_is_no_mark(start: bytes) -> None:
    events, was_truncated = read(start)

    assert events == []
    assert was_truncated is not start.endswith(b"\n")


@given(sse_bodies(), st.data())
def test_events_do_not_depend_on_where_the_body_was_cut(body: bytes, data: st.DataObject) -> None:
    cuts = data.draw(cuts_of(body))

    assert read(*cut_at(body, cuts)) == read(body)


@given(sse_bodies())
def test_events_do_not_depend_on_cuts_after_every_byte(body: bytes) -> None:
    assert read(*(body[place : place + 1] for place in range(len(body)))) == read(body)


@given(sse_bodies(), st.data())
def test_a_prefix_gives_a_prefix_of_the_events(body: bytes, data: st.DataObject) -> None:
    size = data.draw(st.integers(0, len(body)))
    reader = SseReader()

    found = reader.feed(body[:size])

    assert found == SseReader().feed(body)[: len(found)]


@given(st.binary(max_size=200))
def test_noise_gives_events_in_order_and_never_raises(noise: bytes) -> None:
    events, _ = read(noise)

    assert all(first.end <= second.offset for first, second in pairwise(events))
    assert all(0 <= event.offset < event.end <= len(noise) for event in events)


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sse, "EVENT_BYTES_MAX", 20)
    return 20


@pytest.mark.parametrize(
    "long",
    [b"data: " + b"x" * 30 + b"\n\n", b"data: 123456\n" * 4 + b"\n"],
    ids=["one line", "many lines"],
)
@pytest.mark.parametrize("size", [1, 7, 1000], ids=["bytes", "pieces", "whole"])
@pytest.mark.usefixtures("small_limit")
def test_an_event_over_the_limit_is_skipped_and_the_next_one_read(long: bytes, size: int) -> None:
    body = b"data: a\n\n" + long + b"data: b\n\n"
    reader = SseReader()

    found = [e for at in range(0, len(body), size) for e in reader.feed(body[at : at + size])]

    assert [event.data for event in found] == [b"a", b"b"]
    assert found[1].offset == len(body) - 9
    assert reader.overlong == [9]


def test_the_rest_of_a_line_over_the_limit_is_not_kept(small_limit: int) -> None:
    reader = SseReader()
    for _ in range(100):
        reader.feed(b"y" * small_limit)

    assert sum(map(len, reader._line)) <= small_limit + 1
