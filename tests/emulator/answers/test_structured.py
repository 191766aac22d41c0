"""A made-up value is valid for its schema: the reading here is a small validator of its own."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.structured import TEXT_MAX, instance
from proxy.emulator.asked.refusals import Refusal

KINDS: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def is_valid(value: Any, schema: dict[str, Any]) -> bool:
    if "enum" in schema:
        return bool(value in schema["enum"])
    kind = schema["type"]
    if not isinstance(value, KINDS[kind]) or (kind != "boolean" and isinstance(value, bool)):
        return False
    if kind == "object":
        return set(schema["required"]) <= set(value) and all(
            is_valid(item, schema["properties"][name]) for name, item in value.items()
        )
    if kind == "array":
        is_long_enough = bool(schema["minItems"] <= len(value) <= schema["maxItems"])
        return is_long_enough and all(is_valid(item, schema["items"]) for item in value)
    if kind in ("integer", "number"):
        return bool(schema["minimum"] <= value <= schema["maximum"])
    return kind != "string" or bool(len(value) <= schema["maxLength"])


def lists(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(items, st.integers(0, 3), st.integers(0, 3)).map(
        lambda t: {"type": "array", "items": t[0], "minItems": t[1], "maxItems": t[1] + t[2]}
    )


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.text(max_size=4), values, max_size=4).flatmap(
        lambda properties: st.sets(st.sampled_from(sorted(properties) or [""])).map(
            lambda names: {
                "type": "object",
                "properties": properties,
                "required": sorted(names & set(properties)),
            }
        )
    )


def ranges(kind: str) -> st.SearchStrategy[Any]:
    return st.tuples(st.integers(-99, 99), st.integers(0, 99)).map(
        lambda t: {"type": kind, "minimum": t[0], "maximum": t[0] + t[1]}
    )


leaves = (
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": "string", "maxLength": 4}])
    | ranges("integer")
    | ranges("number")
    | st.lists(st.integers() | st.text(), min_size=1, max_size=3).map(lambda v: {"enum": v})
)
schemas = st.recursive(leaves, lambda inner: lists(inner) | objects(inner), max_leaves=12)


@given(schemas, st.integers())
def test_an_instance_is_valid_for_its_schema(schema: dict[str, Any], seed: int) -> None:
    assert is_valid(instance(schema, Chance(seed, 1)), schema)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"const": [1]}, [1], id="a constant"),
        pytest.param({"type": ["null", "boolean"], "enum": [True]}, True, id="a nullable"),
        pytest.param({"anyOf": [{"const": 1}, {"type": "null"}]}, 1, id="a union"),
        pytest.param({"type": "STRING", "format": "date"}, "2026-11-22", id="a format"),
        pytest.param(
            {"type": "integer", "minimum": 7, "maximum": 9, "multipleOf": 4}, 8, id="step"
        ),
        pytest.param({"exclusiveMinimum": 3, "maximum": 4, "type": "integer"}, 4, id="open end"),
        pytest.param({"prefixItems": [{"const": 1}], "maxItems": 1}, [1], id="a tuple"),
        pytest.param({"$ref": "#/$defs/A", "$defs": {"A": {"const": "a"}}}, "a", id="a reference"),
        pytest.param(
            {"allOf": [{"properties": {"a": {"const": 1}}}, {"required": ["a"]}]},
            {"a": 1},
            id="parts",
        ),
    ],
)
def test_what_schema_generators_write_is_understood(schema: Any, expected: Any) -> None:
    assert instance(schema, Chance(1, 1)) == expected


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}}

    value = instance(tree, Chance(1, 1))

    assert isinstance(value["kids"], list)


def test_a_schema_that_requires_itself_comes_to_an_end_too() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}

    assert "next" in instance(endless, Chance(1, 1))


SELF: dict[str, Any] = {"$ref": "#"}


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "array", "minItems": 10**8}, id="long"),
        pytest.param(
            {"properties": {"a": SELF, "b": SELF}, "required": ["a", "b"]}, id="twice itself"
        ),
        pytest.param({"allOf": [SELF, SELF]}, id="merged with itself twice"),
        pytest.param({"type": "array", "minItems": 9, "items": SELF}, id="lists of itself"),
    ],
)
def test_a_schema_that_asks_for_a_huge_value_is_refused_at_once(schema: Any) -> None:
    with pytest.raises(Refusal, match="too complex") as refused:
        instance(schema, Chance(1, 1))
    assert (refused.value.status, refused.value.code) == (400, "invalid_request")


def test_a_huge_least_length_of_a_string_counts_up_to_a_limit() -> None:
    text = instance({"type": "string", "minLength": 10**12}, Chance(1, 1))

    assert TEXT_MAX <= len(text) < 2 * TEXT_MAX


numbers = (
    st.integers(-(2**53), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 5e-324, 1e308, -1e308, True, None, "7"])
)
limits = st.sampled_from(
    [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
    ]
)


@given(st.sampled_from(["integer", "number", "string", "array"]), st.dictionaries(limits, numbers))
def test_odd_limits_still_get_a_value(kind: str, given_limits: dict[str, Any]) -> None:
    orjson.dumps(instance({"type": kind, **given_limits}, Chance(1, 1)))


def test_free_strings_take_the_hints_first() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}

    assert instance(schema, Chance(1, 1), ("Oslo",)) == {"city": "Oslo"}


words = st.sampled_from(
    [
        "type",
        "properties",
        "required",
        "items",
        "prefixItems",
        "enum",
        "anyOf",
        "allOf",
        "$ref",
        "minItems",
        "maximum",
    ]
)
broken = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["object", "array", "#"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)


@given(broken)
def test_what_is_no_schema_still_gets_a_value(schema: Any) -> None:
    orjson.dumps(instance(schema, Chance(1, 1)))


def test_a_nested_schema_is_filled_to_the_last_level() -> None:
    schema = {
        "type": "object",
        "properties": {
            "people": {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "items": {"$ref": "#/$defs/Person"},
            }
        },
        "required": ["people"],
        "$defs": {
            "Person": {
                "type": "object",
                "properties": {
                    "role": {"enum": ["author"]},
                    "age": {"anyOf": [{"type": "integer", "minimum": 7, "maximum": 7}]},
                },
                "required": ["role", "age"],
            }
        },
    }

    assert instance(schema, Chance(1, 1)) == {"people": [{"role": "author", "age": 7}] * 2}
