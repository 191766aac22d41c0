from __future__ import annotations

import time
from pathlib import Path

import pytest

from proxy.store.asking.answer import TooSlow, WrongQuestion
from proxy.store.sandbox.asking import Question, TooMuch, answer_in_sandbox
from proxy.store.sandbox.limits import CONTENTS_MAX
from tests.store.sandbox.opened import Ground, ground


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
    endless = "WITH RECURSIVE a AS (SELECT 1 AS i UNION ALL SELECT i FROM a) SELECT count(*) FROM a"
    began = time.monotonic()

    with pytest.raises(TooSlow, match=r"within 0\.7 s"):
        answer_in_sandbox(Question(scene.facts, endless, deadline_s=0.7))

    assert time.monotonic() - began < 1.7


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
