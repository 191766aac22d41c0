"""Contents are kept whole or not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.neighbours.contents import Contents


def test_pieces_make_a_whole() -> None:
    contents = Contents()
    contents.add("a", b"one ")
    contents.add("a", b"two")

    assert contents.whole("a", 7) == b"one two"
    assert contents.whole("a", 8) is None
    assert contents.whole("b", 0) == b""


def test_the_oldest_give_way_to_what_comes() -> None:
    contents = Contents(limit=10)
    contents.add("a", b"12345")
    contents.add("b", b"123456")

    assert contents.whole("a", 5) is None
    assert contents.whole("b", 6) == b"123456"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=8)), max_size=40))
def test_what_is_whole_is_what_was_added(pieces: list[tuple[str, bytes]]) -> None:
    contents, sent = Contents(limit=16), dict.fromkeys("abc", b"")
    for name, piece in pieces:
        contents.add(name, piece)
        sent[name] += piece

    for name, expected in sent.items():
        found = contents.whole(name, len(expected))
        assert found is None or found == expected


def test_what_is_dropped_makes_room() -> None:
    contents = Contents(limit=10)
    contents.add("a", b"12345678")
    contents.drop("a")
    contents.add("b", b"12345678")
    contents.add("c", b"12")

    assert contents.whole("b", 8) == b"12345678"
