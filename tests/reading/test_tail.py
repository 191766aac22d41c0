from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from proxy.reading.sealed import open_vault
from proxy.reading.tail import DONE, LAST_LINES, items, line_of, run, to_json
from proxy.recording.facts import ActFact, GapFact
from proxy.store.position import CommittedFacts
from tests.reading.recorded import ANSWER, CALL, COMPLETED, QUESTION, THOUGHT, record, told
from tests.store.samples import committed, fact

Captured = pytest.CaptureFixture[str]


def play(*scenes: Callable[[], object]) -> Callable[[], None]:
    """Between two looks, the next scene; after the last, Ctrl-C."""
    left = list(scenes)

    def wait() -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    return wait


def test_what_is_there_comes_first_then_what_is_recorded_meanwhile(
    data_folder: Path, capsys: Captured
) -> None:
    later = told(5, QUESTION, ANSWER, interaction="v1_new", seconds=60, **COMPLETED)

    code = run(data_folder, wait=play(lambda: None, lambda: record(data_folder, later)))

    assert code == DONE
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "14:13:20  create  requires_action   1.00 s      15  thought › look() · gemini-3…",  # noqa: RUF001  # as shown
        "14:13:29  create  completed         1.00 s      15  text · gemini-3-flash-previ…",
        "14:13:32  get     completed         1.00 s      15  text · gemini-3-flash-previ…",
        "14:13:35  models  200               1.00 s",
        "14:14:20  create  completed         1.00 s      15  text · gemini-3-flash-previ…",
    ]


def test_without_following_it_ends_by_itself(data_folder: Path, capsys: Captured) -> None:
    assert run(data_folder, follow=False, as_json=True) == DONE

    told_lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["exchange"]["sequence"] for each in told_lines] == [1, 2, 3, 4]
    assert told_lines[0]["observations"][0]["status"] == "requires_action"


def test_only_the_last_lines_are_shown_of_the_past(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path, *(told(number, QUESTION, seconds=number) for number in range(1, 30)))

    run(tmp_path, follow=False)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == LAST_LINES
    assert lines[-1].startswith("14:13:49")


def test_gaps_and_acts_are_told(tmp_path: Path, capsys: Captured) -> None:
    at = 1_790_000_000_000_000_000
    gap = fact(GapFact, at=at, exchange_count=12, reason="the disk was full")
    act = ActFact(at + 10**9, "mode", 0, None, "strict:\x1b[2J started")
    record(tmp_path, gaps=(gap,), acts=(act,))

    run(tmp_path, follow=False)

    assert capsys.readouterr().out.splitlines() == [
        "14:13:20  gap     12 exchanges not recorded: the disk was full",
        r"14:13:21  mode    strict:\e[2J started",
    ]


def test_a_vault_made_anew_is_followed_from_its_beginning(data_folder: Path) -> None:
    def begin_again() -> None:
        shutil.rmtree(data_folder / "vault")
        (data_folder / "facts.duckdb").unlink()
        record(data_folder, told(9, QUESTION, interaction="v1_again", seconds=90))

    told_items = items(
        open_vault(data_folder), data_folder / "vault", play(begin_again, lambda: None)
    )

    last = None
    with contextlib.suppress(KeyboardInterrupt):
        for item in told_items:
            last = item
    assert isinstance(last, CommittedFacts)
    assert last.recording.exchange.sequence == 9


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"http_status": 429}, "429"),
        ({"http_status": 200, "status": "failed", "is_terminal": True}, "failed"),
        ({"http_status": 200, "status": "in_progress"}, "in_progress"),
        ({"http_status": 200}, "200"),
    ],
)
def test_the_state_is_the_most_telling_there_is(changed: dict[str, object], state: str) -> None:
    line = line_of(committed(told(1, THOUGHT, CALL, **changed)), 80)  # type: ignore[arg-type]

    assert line.plain.split()[2] == state


@given(st.text(st.characters(), max_size=100), st.integers(60, 140))
def test_any_line_fits_and_does_nothing(text: str, width: int) -> None:
    exchange = committed(told(1, ANSWER, model=text))

    line = line_of(exchange, width).plain

    assert cell_len(line) <= width
    assert "\x1b" not in line
    assert len(line.splitlines()) == 1
    assert json.loads(to_json(exchange))["observations"][0]["model"] == text
