"""Scenarios as text; the emulator's own reader is the judge."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.scenarios.format.source import read_source
from proxy.reading.cassette.writing import yaml_from_scenario

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_whatever_json_holds_is_read_back_equal(written: dict[str, Any]) -> None:
    text = yaml_from_scenario(written)

    assert read_source(text.encode(), "a.yaml").value == written


def test_texts_of_several_lines_stand_as_blocks_and_order_is_kept() -> None:
    text = yaml_from_scenario({"b": "One.\nTwo.\n", "a": "ü"}, ["a note\nof two lines"])

    assert text == "# a note of two lines\nb: |\n  One.\n  Two.\na: ü\n"


def test_a_value_used_twice_is_written_twice() -> None:
    shared = {"x": 1}

    assert "&" not in yaml_from_scenario({"a": shared, "b": shared})
