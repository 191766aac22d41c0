from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from proxy.store.asking.answer import TooSlow, WrongQuestion
from proxy.store.sandbox.asking import PATIENCE, Question, TooMuch, answer_in_sandbox
from proxy.store.sandbox.limits import CONTENTS_MAX
from tests.end_to_end.programs import children
from tests.store.sandbox.opened import Ground, ground

ENDLESS = "WITH RECURSIVE a AS (SELECT 1 AS i UNION ALL SELECT i FROM a) SELECT count(*) FROM a"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground(tmp_path_factory.mktemp("sandbox"))


def test_rows_come_back_with_content_from_here(scene: Ground) -> None:
    question = Question(
        scene.facts,
        "SELECT interaction, content('a') AS a, content('b') AS b FROM interactions",
        {"a": b"text"}.get,
    )

    found = answer_in_sandbox(question)

    assert found.table.column("interaction").to_pylist() == ["v1_one"]
    assert found.table.column("a").to_pylist() == ["text"]
    assert found.table.column("b").to_pylist() == [None]
    assert question.opened == ["a"]


def test_a_wrong_statement_is_told_in_duckdbs_words(scene: Ground) -> None:
    with pytest.raises(WrongQuestion, match="no view main"):
        answer_in_sandbox(Question(scene.facts, "FROM main.acts"))
    with pytest.raises(WrongQuestion, match="colour"):
        answer_in_sandbox(Question(scene.facts, "SELECT colour FROM interactions"))


def test_the_clock_ends_it(scene: Ground) -> None:
    began = time.monotonic()

    with pytest.raises(TooSlow):
        answer_in_sandbox(Question(scene.facts, ENDLESS, deadline_s=0.7))

    assert time.monotonic() - began < 0.7 * PATIENCE + 30  # longer only where others had the cores


def test_who_leaves_ends_it_and_until_then_it_stands_back_behind_all_others(scene: Ground) -> None:
    seen: list[tuple[int, int]] = []

    def is_wanted() -> bool:
        seen.extend(
            (os.getpriority(os.PRIO_PROCESS, pid), os.sched_getscheduler(pid))
            for pid in children(os.getpid(), "proxy.store.sandbox")
        )
        return (19, os.SCHED_IDLE) not in seen

    with pytest.raises(TooSlow):
        answer_in_sandbox(Question(scene.facts, ENDLESS, deadline_s=60, is_wanted=is_wanted))

    assert seen[-1] == (19, os.SCHED_IDLE)
    assert {nice for nice, _ in seen} == {19}


def test_what_nobody_waits_for_is_not_begun(scene: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.store.sandbox.asking.PROGRAM", ("no program",))

    with pytest.raises(TooSlow, match="nobody waits"):
        answer_in_sandbox(Question(scene.facts, ENDLESS, is_wanted=lambda: False))


def test_one_that_had_no_time_on_a_core_may_take_longer_and_is_told_so(
    scene: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0

    def mono_s() -> float:
        nonlocal now_s
        now_s += 1
        return now_s

    monkeypatch.setattr("proxy.store.sandbox.asking.PROGRAM", ("sleep", "60"))
    monkeypatch.setattr("proxy.store.sandbox.asking.LOOK_S", 0.001)
    monkeypatch.setattr("proxy.store.sandbox.asking._waited_s", lambda _pid: now_s)

    with pytest.raises(TooSlow, match=r"of which it waited \d+ s for a core"):
        answer_in_sandbox(Question(scene.facts, ENDLESS, deadline_s=9.5), mono_s)

    assert 10 * PATIENCE <= now_s < 10 * PATIENCE + 10


def test_one_that_waits_for_something_else_has_its_deadline(
    scene: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.store.sandbox.asking.PROGRAM", ("sleep", "600"))
    began = time.monotonic()

    with pytest.raises(TooSlow, match=r"within 0\.7 s: ask for less"):
        answer_in_sandbox(Question(scene.facts, ENDLESS, deadline_s=0.7))

    assert time.monotonic() - began < 60


def test_memory_ends_it(scene: Ground) -> None:
    with pytest.raises((TooMuch, TooSlow)):
        answer_in_sandbox(Question(scene.facts, "SELECT list_sum(range(1000000000))"))


def test_only_so_many_texts_are_opened(scene: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.store.sandbox.asking.CONTENTS_MAX", 3)
    question = Question(
        scene.facts, "SELECT max(content(range::VARCHAR)) FROM range(10)", lambda _ref: b"x"
    )

    with pytest.raises((WrongQuestion, TooMuch)):
        answer_in_sandbox(question)

    assert len(question.opened) == 3 < CONTENTS_MAX


def test_a_copy_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongQuestion, match="does not exist"):
        answer_in_sandbox(Question(tmp_path / "gone.duckdb", "SELECT 1"))
