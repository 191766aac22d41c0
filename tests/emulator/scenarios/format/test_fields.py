"""Fields of a file, and what is said when they are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.scenarios.format.fields import PROBLEMS_MAX, Fields, nearest
from proxy.emulator.scenarios.format.source import read_source
from proxy.errors import ConfigError


def fields(text: str) -> tuple[Fields, Any]:
    source = read_source(text.encode(), "a.yaml")
    return Fields(source), source.value


def told(checked: Fields) -> str:
    with pytest.raises(ConfigError) as refused:
        checked.refuse()
    return str(refused.value)


def test_nothing_wrong_is_no_refusal() -> None:
    checked, given = fields("a: text\nb: [x, y]\nc: 3\nd: true")

    assert checked.text(given, "a", ()) == "text"
    assert checked.texts(given, "b", ()) == ("x", "y")
    assert checked.texts(given, "a", ()) == ("text",)
    assert checked.count(given, "c", ()) == 3
    assert checked.flag(given, "d", ()) is True
    assert checked.text(given, "missing", ()) is None
    checked.refuse_if_any()


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    checked, given = fields("a: 1\nb: []\nc: x\n")

    checked.flag(given, "c", ())
    checked.count(given, "b", ())
    checked.text(given, "a", ())

    assert told(checked).splitlines() == [
        "a.yaml:1: a: this is a whole number 1; write a text",
        "a.yaml:2: b: this is a list; write a whole number of 0 or more",
        "a.yaml:3: c: this is a text 'x'; write true or false",
    ]


def test_an_unknown_field_names_the_nearest_known_one() -> None:
    checked, given = fields("turns: []\ntunrs: []")

    checked.mapping(given, (), ("turns", "name"))

    assert told(checked) == (
        "a.yaml:2: tunrs: unknown field; did you mean turns? Known: turns, name"
    )


def test_true_is_no_number() -> None:
    checked, given = fields("a: true")

    assert checked.count(given, "a", ()) is None
    assert checked.seconds(given["a"], ("a",)) == 0.0
    assert len(told(checked).splitlines()) == 2


def test_a_choice_names_what_there_is() -> None:
    checked, given = fields("order: strikt")

    assert checked.choice(given, "order", (), ("strict", "any")) is None
    assert "did you mean strict? Known: strict, any" in told(checked)


def test_so_many_problems_are_told_and_then_counted() -> None:
    checked, _ = fields("a: 1")
    for _ in range(PROBLEMS_MAX + 3):
        checked.problem((), "wrong")

    assert told(checked).splitlines()[-1] == "a.yaml: 3 more"


def test_nothing_near_only_lists() -> None:
    assert nearest("zzz", ["strict", "any"]) == "Known: strict, any"
