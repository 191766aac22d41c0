from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.policing.body import MARKS_MAX, not_stored, read_body
from tests.strategies import json_objects


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"a":1}x',
        b'{"a":1,}',
        b"{'store':false}",
        b'{"a":NaN}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        '{"store":false}'.encode("utf-16"),
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":[' + b"1," * MARKS_MAX + b"1]}",
    ],
)
def test_what_some_reader_might_not_read_is_not_read(data: bytes) -> None:
    assert read_body(data) is None


def test_every_value_under_a_name_is_read_however_the_name_is_written() -> None:
    found = read_body(b' { "store" : false , "s\\u0074ore":true,"other":{"store":1} } ')

    assert found is not None
    assert found.all("store") == [False, True]


@given(st.binary(max_size=200))
def test_no_body_makes_reading_fail(data: bytes) -> None:
    read_body(data)


STORED = st.one_of(
    st.booleans(), st.none(), st.just("false"), st.integers(), st.just([False]), st.just({})
)


@given(json_objects(), st.lists(STORED, max_size=3))
def test_the_change_says_store_false_everywhere_and_leaves_the_rest(
    rest: dict[str, object], stored: list[object]
) -> None:
    """However often it stood there, and whatever reader takes which."""
    rest.pop("store", None)
    members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in rest.items()]
    for place, value in enumerate(stored):
        members.insert(place * 2, f'"store" :{json.dumps(value)}')
    data = ("{" + ", ".join(members) + "\n}").encode("utf-8", "surrogatepass")
    found = read_body(data)
    assert found is not None

    changed = not_stored(found)

    again = read_body(changed)
    assert again is not None
    assert again.all("store") == [False] * max(1, len(stored))
    assert orjson.loads(changed)["store"] is False
    assert json.loads(changed) == {**rest, "store": False}


def test_not_a_byte_beside_it_is_touched() -> None:
    found = read_body(b'{ "n":123456789012345678901234567890 ,"store": true,"x":1.10e5}')
    assert found is not None
    expected = b'{ "n":123456789012345678901234567890 ,"store": false,"x":1.10e5}'
    assert not_stored(found) == expected
    empty = read_body(b"{ }")
    assert empty is not None
    assert not_stored(empty) == b'{"store":false }'
