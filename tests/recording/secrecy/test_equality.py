"""Two records are alike or not; nothing else can be told from their digests."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.secrecy.equality import NO_EQUALITY, Equality, name_or_mac
from proxy.recording.secrecy.names import ODD

PARTS = st.lists(st.binary(max_size=20), max_size=4)


@given(st.binary(min_size=1, max_size=32), PARTS, PARTS)
def test_digests_are_equal_just_where_the_parts_are(
    key: bytes, one: list[bytes], other: list[bytes]
) -> None:
    equality = Equality(key)

    assert (equality.mac("body", *one) == equality.mac("body", *other)) == (one == other)


@given(PARTS)
def test_another_purpose_or_key_gives_another_digest(parts: list[bytes]) -> None:
    told = Equality(b"k").mac("body", *parts)

    assert told != Equality(b"k").mac("step", *parts)
    assert told != Equality(b"other").mac("body", *parts)


def test_without_a_key_nothing_is_told() -> None:
    assert NO_EQUALITY.mac("body", b"hello") is None


def test_a_name_that_may_not_stand_in_clear_still_compares() -> None:
    day = Equality(b"k")

    assert name_or_mac("evt_000300", "event", day) == "evt_000300"
    odd = name_or_mac("evt 300=", "event", day)
    assert odd.startswith("mac:")
    assert odd == name_or_mac("evt 300=", "event", day)
    assert odd != name_or_mac("evt 301=", "event", day)
    assert name_or_mac("evt 300=", "event", NO_EQUALITY) == ODD
