from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from proxy.reading.layout.terminal import (
    bytes_text,
    console,
    count_text,
    csv_cell,
    cut,
    duration_text,
    one_line,
    packed,
    safe,
    safe_json,
    say,
    wrapped,
)

ANY_TEXT = st.text(st.characters(), max_size=60)
HARMFUL = {"Cc", "Cs", "Zl", "Zp"}


@given(ANY_TEXT)
def test_safe_text_has_no_control_character_and_can_be_written(text: str) -> None:
    shown = safe(text)

    assert not {unicodedata.category(char) for char in shown} & HARMFUL
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\e[31mred"),
        ("a\x9bb", r"a\x9bb"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("a\u2028b", r"a\u2028b"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("Grüße 👩‍🚀 日本", "Grüße 👩‍🚀 日本"),
    ],
    ids=["escape", "c1", "direction", "line-separator", "tag", "surrogate", "harmless"],
)
def test_what_could_act_on_the_terminal_is_spelled_out(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.recursive(st.none() | st.text(st.characters()), st.lists))
def test_safe_json_is_the_same_json_without_what_acts(value: object) -> None:
    shown = safe_json(json.dumps(value, ensure_ascii=False))

    assert json.loads(shown) == value
    assert safe(shown) == shown


@given(ANY_TEXT)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\tx", "\r=1", "\n=1", "\uff1d1"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(text: str) -> None:
    assert csv_cell(text).startswith("'")


def test_other_cells_stay_as_they_are() -> None:
    assert csv_cell("a=1, b\nc") == "a=1, b\nc"


@given(ANY_TEXT.map(one_line), st.integers(2, 40))
def test_cut_text_fits(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width


@given(ANY_TEXT.map(one_line), st.integers(2, 40), st.integers(1, 5))
def test_wrapped_lines_fit_and_begin_as_the_text_does(
    text: str, width: int, lines_max: int
) -> None:
    lines = wrapped(text, width, lines_max)

    assert len(lines) <= lines_max
    assert all(cell_len(line) <= width for line in lines)
    kept = "".join("".join(lines).removesuffix("…").split())
    assert "".join(text.split()).startswith(kept)


def test_lines_break_at_spaces_and_an_id_stays_whole() -> None:
    assert wrapped("after v1_abcdefgh and more", 12, 5) == ["after", "v1_abcdefgh", "and more"]
    assert wrapped("one two three four", 9, 2) == ["one two", "three fo…"]


def test_packed_parts_are_never_broken() -> None:
    assert packed(["one", "two", "a-very-long-part", "x"], 10) == [
        "one · two",
        "a-very-long-part",
        "x",
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (12_345, "12 KB"), (999_600, "1.0 MB")],
)
def test_sizes_read_at_a_glance(count: int, text: str) -> None:
    assert bytes_text(count) == text


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (310_000, "310 µs"),
        (12_000_000, "12 ms"),
        (3_210_000_000, "3.21 s"),
        (245_000_000_000, "4 min 05 s"),
        (3_720_000_000_000, "1 h 02 min"),
    ],
)
def test_durations_read_at_a_glance(duration_ns: int, text: str) -> None:
    assert duration_text(duration_ns) == text


def test_counts_agree_with_their_noun() -> None:
    assert [count_text(1, "step"), count_text(1204, "step")] == ["1 step", "1,204 steps"]


def test_a_pipe_gets_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("text", style="bold red")

    assert capsys.readouterr().out == "text\n"


def test_a_pipe_has_room_for_whole_ids_unless_told_its_width(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert console().width == 80

    monkeypatch.delenv("COLUMNS")
    assert console().width == 500


def test_what_is_not_the_answer_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("hm")

    assert capsys.readouterr() == ("", "hm\n")
