"""YAML as JSON has it, with lines."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.scenarios.format.source import (
    DEPTH_MAX,
    SCENARIO_BYTES_MAX,
    read_source,
    shown_place,
)
from proxy.errors import ConfigError

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


def value(text: str) -> Any:
    return read_source(text.encode(), "a.yaml").value


@given(VALUES)
def test_what_a_yaml_writer_writes_is_read_back(written: Any) -> None:
    text = yaml.safe_dump(written, allow_unicode=True, sort_keys=False)

    assert value(text) == written


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused_never_more(noise: bytes) -> None:
    with suppress(ConfigError):
        read_source(noise, "a.yaml")


@pytest.mark.parametrize("word", ["yes", "no", "on", "2026-01-01T00:00:00Z", "012", "1_000", "1e3"])
def test_words_that_older_yaml_reads_as_something_else_are_texts(word: str) -> None:
    assert value(f"at: {word}") == {"at": word}


def test_every_value_knows_its_line() -> None:
    source = read_source(b"a: 1\nb:\n  - c: 2\n    d: x\n", "a.yaml")

    assert source.line(("a",)) == 1
    assert source.line(("b", 0, "d")) == 4
    assert source.line(("b", 0, "d", "further")) == 4
    assert source.line(("unknown",)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &x 1\nb: *x", "a.yaml:1: &x: anchors are not read"),
        ("b: *x", "a.yaml:1: *x: aliases are not read"),
        ("a: 1\nb: 2\na: 3", "a.yaml:3: 'a' stands here twice"),
        ("a: !!python/name:os.system x", "tags are not read"),
        ("a: 1\n---\nb: 2", "a.yaml:2: a second document"),
        ("? [a]\n: 1", "names are texts"),
        ("a:\n  [1", "(while parsing a flow sequence from line 2)"),
        ("[" * (DEPTH_MAX + 1), "nested more than"),
        ("a: \x07", "not YAML"),
    ],
)
def test_what_a_scenario_cannot_hold_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        value(text)

    assert told in str(refused.value)


def test_a_file_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(ConfigError, match="split it"):
        read_source(b"#" * (SCENARIO_BYTES_MAX + 1), "a.yaml")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ConfigError, match="byte 3 is not UTF-8"):
        read_source(b"a: \xff", "a.yaml")


def test_whole_numbers_beyond_64_bits_are_read_as_json_readers_read_them() -> None:
    assert value("a: 123456789012345678901234567890") == {"a": 1.2345678901234568e29}


def test_places_are_shown_as_people_write_them() -> None:
    assert shown_place(("turns", 2, "when")) == "turns[2].when"
    assert shown_place(()) == ""
