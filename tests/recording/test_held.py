from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.journal.format import ExchangeId
from proxy.recording.exchange import Part, Side
from proxy.recording.held import HeldBytes

CHUNKS = st.lists(st.binary(max_size=40), max_size=12)
ID = ExchangeId(0, 7, 1)


def held(chunks: list[bytes], keep_bytes_max: int = 100) -> HeldBytes:
    side = HeldBytes(keep_bytes_max)
    for number, chunk in enumerate(chunks, 1):
        side.add(chunk, number, number)
    return side


@given(CHUNKS, st.integers(0, 200))
def test_the_body_is_a_prefix_and_says_when_it_is_not_all(
    chunks: list[bytes], keep_bytes_max: int
) -> None:
    whole = b"".join(chunks)

    body = held(chunks, keep_bytes_max).body(b"")

    assert body.data == whole[:keep_bytes_max]
    assert body.size == len(whole)
    assert body.was_truncated == (len(whole) > keep_bytes_max)


@given(CHUNKS, CHUNKS)
def test_tails_join_up_to_the_whole_body(first: list[bytes], second: list[bytes]) -> None:
    side = held(first)

    offset, early, early_cuts = side.tail()
    side.drop_tail()
    for chunk in second:
        side.add(chunk, 99, 99)
    late_offset, late, late_cuts = side.tail()

    assert (offset, early, late_offset) == (0, b"".join(first), len(early))
    assert late == b"".join(second)
    assert (*early_cuts, *late_cuts) == side.body(b"").cuts


@given(CHUNKS, st.integers(0, 200))
def test_handing_out_the_tail_frees_what_is_not_kept(
    chunks: list[bytes], keep_bytes_max: int
) -> None:
    side = held(chunks, keep_bytes_max)

    side.drop_tail()

    body = side.body(b"")
    assert side.tail_bytes == 0
    assert side.held_bytes == len(body.data) + 160 * len(body.cuts)


def test_when_memory_is_short_the_rest_becomes_one_cut() -> None:
    side = held([b"abc", b"de"])

    side.stop_keeping()
    side.add(b"fgh", 8, 9)
    body = side.body(b"")

    assert body.data == b"abcde"
    assert body.was_truncated
    assert [cut.size for cut in body.cuts] == [3, 5]
    assert len(side.tail()[2]) == 3


@given(CHUNKS, CHUNKS)
def test_a_restored_side_goes_on_as_if_nothing_had_happened(
    first: list[bytes], second: list[bytes]
) -> None:
    side, other = held(first), HeldBytes(100)
    side.drop_tail()
    for chunk in second:
        side.add(chunk, 50, 50)

    other.restore(side.body(b""), Part(ID, Side.RESPONSE, *side.tail()))
    for one in (side, other):
        one.add(b"more", 70, 70)

    assert other.body(b"") == side.body(b"")
    assert other.tail() == side.tail()
    assert other.held_bytes == side.held_bytes
