"""How a proxy is: from its pages alone, and with its recorder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.config.catalogue import Settings
from proxy.journal.format import Mode
from proxy.journal.page import SPACE, WorkerPage
from proxy.journal.segments.space import Space
from proxy.reading.watching import status
from proxy.reading.watching.status import LATE_NS, SILENT_NS, Clocks, lines, look, run
from tests.reading.watching.answering import answering

NOW = 1_790_000_000_000_000_000
MONO = 50_000_000_000
CLOCKS = Clocks(lambda: NOW, lambda: MONO)
TOLD: dict[str, Any] = {
    "exchanges": 12,
    "open": 1,
    "lag_ms": 30.0,
    "caught_up_mono_ns": MONO,
    "vault": {"file": "20261123-000001", "offset": 5},
    "tables": {"file": "20261123-000001", "offset": 5, "queued": 0, "problem": None},
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "run").mkdir()
    return Settings(data_folder=tmp_path)


@pytest.fixture
def page(settings: Settings) -> Iterator[WorkerPage]:
    made = WorkerPage.create(settings.run_folder, worker=0, boot=7)
    made.mode, made.heartbeat_ns, made.seen = Mode.STRICT, NOW, 12
    yield made
    made.close()


def problems(settings: Settings, told: dict[str, Any] | None = None) -> list[str]:
    with answering([json.dumps(told or TOLD)], settings.run_folder / "recorder.sock"):
        return look(settings, CLOCKS).problems


def test_a_strict_proxy_that_keeps_up_has_no_problem(settings: Settings, page: WorkerPage) -> None:
    assert page.seen == 12
    assert problems(settings) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mode": Mode.AVAILABLE}, "worker 0 is not strict"),
        ({"journal_down": 1}, "its journal takes nothing"),
        ({"heartbeat_ns": NOW - SILENT_NS - 1}, "gave no sign of life for 5.00 s"),
    ],
)
def test_what_is_wrong_with_a_worker_is_a_sentence(
    settings: Settings, page: WorkerPage, changed: dict[str, int], said: str
) -> None:
    for name, value in changed.items():
        setattr(page, name, value)

    (problem,) = problems(settings)
    assert said in problem


def test_little_room_is_a_problem(settings: Settings, page: WorkerPage) -> None:
    page.words[SPACE] = Space.LOW

    (problem,) = problems(settings)
    assert "room of its journal is low" in problem


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"caught_up_mono_ns": MONO - LATE_NS - 1}, "behind"),
        ({"tables": {**TOLD["tables"], "problem": "locked"}}, "do not follow the vault: locked"),
    ],
)
def test_what_is_wrong_with_the_recorder_is_a_sentence(
    settings: Settings, page: WorkerPage, changed: dict[str, Any], said: str
) -> None:
    assert page.seen == 12
    (problem,) = problems(settings, {**TOLD, **changed})
    assert said in problem


def test_a_recorder_that_does_not_answer_is_a_problem(settings: Settings, page: WorkerPage) -> None:
    found = look(settings, CLOCKS)

    assert page.seen == 12
    assert found.recorder is None
    assert "does not answer" in found.problems[0]


def test_where_nothing_runs_that_is_the_only_problem(settings: Settings) -> None:
    (problem,) = look(settings, CLOCKS).problems

    assert "is the proxy running?" in problem


def test_the_exit_code_says_whether_all_is_well(
    settings: Settings, page: WorkerPage, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering([json.dumps(TOLD)], settings.run_folder / "recorder.sock"):
        well = run(settings, as_json=True, clocks=CLOCKS)
        page.journal_down = 1
        bad = run(settings, as_json=True, clocks=CLOCKS)

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (well, bad) == (0, 1)
    assert told[0]["workers"][0]["mode"] == "strict"
    assert told[0]["workers"][0]["boot"] == f"{7:016x}"
    assert told[0]["recorder"]["exchanges"] == 12
    assert (told[0]["problems"], len(told[1]["problems"])) == ([], 1)


def test_people_read_workers_recorder_tables_and_problems(
    settings: Settings, page: WorkerPage, capsys: pytest.CaptureFixture[str]
) -> None:
    page.mode = Mode.AVAILABLE
    with answering([json.dumps(TOLD)], settings.run_folder / "recorder.sock"):
        run(settings, as_json=False, clocks=CLOCKS)

    shown = capsys.readouterr().out
    for part in ("available", "ample", "12 exchanges in the vault", "0.03 s behind", "problem"):
        assert part in shown


def test_hostile_text_of_a_problem_moves_no_cursor(settings: Settings, page: WorkerPage) -> None:
    assert page.seen == 12
    hostile = {**TOLD, "tables": {**TOLD["tables"], "problem": "\x1b[2J\nfake"}}
    with answering([json.dumps(hostile)], settings.run_folder / "recorder.sock"):
        found = look(settings, CLOCKS)

    shown = "\n".join(line.plain for line in lines(found, 200))
    assert "\x1b" not in shown


def test_an_odd_answer_is_no_answer(settings: Settings) -> None:
    with answering(['["odd"]'], settings.run_folder / "recorder.sock"):
        assert status.ask_recorder(settings.run_folder / "recorder.sock") is None


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ({"caught_up_at_ns": NOW, "problem": "it does not answer"}, "0 s behind: it does not"),
        ({"caught_up_at_ns": NOW - 301_000_000_000, "problem": None}, "301 s behind"),
        ({"problem": None}, "did not say how it is"),
    ],
)
def test_a_fleets_engine_that_does_not_follow_is_a_problem(
    settings: Settings, page: WorkerPage, note: dict[str, object], said: str
) -> None:
    assert page.seen == 12
    (settings.run_folder / "fleet.json").write_text(json.dumps(note))
    fleet = replace(settings, fleet_engine_file=settings.data_folder / "fleet.toml")

    (problem,) = problems(fleet)

    assert said in problem


def test_a_fleets_engine_that_follows_is_told_with_its_lag(
    settings: Settings, page: WorkerPage
) -> None:
    assert page.seen == 12
    note = {"caught_up_at_ns": NOW - 2_000_000_000, "problem": None}
    (settings.run_folder / "fleet.json").write_text(json.dumps(note))
    fleet = replace(settings, fleet_engine_file=settings.data_folder / "fleet.toml")

    assert problems(fleet) == []
    assert any("2.0 s behind" in str(line) for line in lines(look(fleet, CLOCKS), 100))
