"""The chart's README is made from the comments of its values."""

from __future__ import annotations

import pytest

from helm.readme import BEGIN, END, Value, read_values, values_table, with_values
from proxy.errors import ConfigError


def test_a_value_is_told_by_the_comment_above_it() -> None:
    text = "# A pod.\n# Or two.\ncount: 1\nimage:\n  # Its name.\n  tag: ''\n"

    assert read_values(text) == [
        Value("count", 1, "A pod. Or two."),
        Value("image.tag", "", "Its name."),
    ]


def test_a_section_with_a_comment_is_one_value() -> None:
    assert read_values("# Limits.\nresources:\n  cpu: 1\n") == [
        Value("resources", {"cpu": 1}, "Limits.")
    ]


def test_a_value_without_a_comment_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"above image\.tag"):
        read_values("image:\n  tag: ''\n")


def test_the_table_bears_bars() -> None:
    assert "| `a` | `[]` | x \\| y |" in values_table([Value("a", [], "x | y")])


def test_only_the_table_is_made_anew() -> None:
    made = with_values(f"before\n{BEGIN}\nstale\n{END}\nafter\n")

    assert made.startswith("before\n")
    assert made.endswith(f"{END}\nafter\n")
    assert "stale" not in made
    assert "`persistence.size`" in made


def test_a_document_without_a_place_is_refused() -> None:
    with pytest.raises(ConfigError, match="no place for the table"):
        with_values("nothing")
