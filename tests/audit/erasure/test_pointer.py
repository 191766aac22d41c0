from __future__ import annotations

import orjson
import pytest
from hypothesis import given

from proxy.audit.erasure.pointer import is_value_at, value_at
from tests.recording.samples import exchange
from tests.strategies import json_values


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/a/b", 1),
        ("/list/1/c", "x"),
        ("/sla~1sh/til~0de", True),
        ("/list/2", None),
        ("/list/x", None),
        ("/a/b/c", None),
        ("/nothing", None),
    ],
)
def test_a_pointer_is_followed_as_rfc_6901_says(pointer: str, found: object) -> None:
    document = {"a": {"b": 1}, "list": [0, {"c": "x"}], "sla/sh": {"til~de": True}}

    assert value_at(document, pointer) == found


@given(json_values())
def test_every_top_level_value_of_an_object_is_found_by_its_name(value: object) -> None:
    assert value_at({"a": value}, "/a") == value


def test_question_and_answer_are_looked_at() -> None:
    asked = orjson.dumps({"person": "carol", "age": 7})
    told = orjson.dumps({"metadata": {"person": "dave"}})
    recorded = exchange(request=asked, response=told)

    assert is_value_at(recorded, "/person", "carol")
    assert is_value_at(recorded, "/age", "7")
    assert is_value_at(recorded, "/metadata/person", "dave")
    assert not is_value_at(recorded, "/person", "dave")


def test_bodies_that_are_no_json_have_nothing() -> None:
    assert not is_value_at(exchange(request=b"{", response=b"data: {}"), "/a", "b")
