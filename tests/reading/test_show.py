from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.journal.format import ExchangeId
from proxy.reading.layout.terminal import console
from proxy.reading.show import DONE, WRONG_USE, find, gather, print_sheet, run, to_json
from proxy.reading.snapshot import open_facts
from proxy.recording.facts import ProblemFact
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told
from tests.store.samples import fact, id_hash
from tests.store.vault.built import VaultFolder

Captured = pytest.CaptureFixture[str]


def shown(capsys: Captured, folder: Path, interaction: str) -> list[str]:
    assert run(folder, interaction) == DONE
    return capsys.readouterr().out.splitlines()


def test_an_interaction_reads_from_top_to_bottom(data_folder: Path, capsys: Captured) -> None:
    assert shown(capsys, data_folder, "v1_two") == [
        "v1_two  completed",
        "gemini-3-flash-preview · google-genai-sdk/3.4.0",
        "2026-09-21 14:13:28 UTC · took 1.00 s · read once",
        "10 in + 5 out = 15 tokens",
        "",
        "1 > user_input" + "78 B".rjust(80 - 14),
        "    What is that?",
        "2 < model_output" + "76 B".rjust(80 - 16),
        "    A bridge.",
        "",
        "usage",
        "  input  text 15",
        "",
        "exchanges",
        "  14:13:28  create   200      1.00 s      0 B  x0-0000000000000007-2",
        "  14:13:31  get      200      1.00 s      0 B  x0-0000000000000007-3",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v1_two", ["v1_two"]),
        ("v1_t", ["v1_two"]),
        ("last", ["v1_two"]),
        ("x0-0000000000000007-1", ["v1_one"]),
        ("v1_", ["v1_two", "v1_one"]),
        ("v2_", []),
        ("%", []),
        ("x0-0000000000000007-99", []),
    ],
)
def test_an_interaction_is_found_by(data_folder: Path, text: str, found: list[str]) -> None:
    with open_facts(data_folder) as connection:
        assert find(connection, text) == found


def test_an_exact_id_wins_over_those_it_begins(tmp_path: Path) -> None:
    record(tmp_path, told(1, QUESTION), told(2, QUESTION, interaction="v1_one_more", seconds=5))

    with open_facts(tmp_path) as connection:
        assert find(connection, "v1_one") == ["v1_one"]


def test_several_candidates_are_named(data_folder: Path, capsys: Captured) -> None:
    assert run(data_folder, "v1_") == WRONG_USE

    assert capsys.readouterr() == ("", "v1_ fits several:\n  v1_two\n  v1_one\n")


def test_nothing_found_says_how_to_look(data_folder: Path, capsys: Captured) -> None:
    assert run(data_folder, "nope\x1b[2J") == WRONG_USE

    out, err = capsys.readouterr()
    assert out == ""
    assert r"no interaction begins with nope\e[2J; try `show last`" in err


def test_json_has_everything_with_contents(data_folder: Path, capsys: Captured) -> None:
    assert run(data_folder, "v1_one", as_json=True) == DONE

    whole = json.loads(capsys.readouterr().out)
    assert whole["interaction"]["status"] == "requires_action"
    assert whole["interaction"]["created_at"] == "2026-09-21T14:13:19Z"
    assert [each["content"]["type"] for each in whole["timeline"]] == [
        "user_input",
        "thought",
        "function_call",
    ]
    assert set(whole) == {
        "interaction",
        "request",
        "answer",
        "timeline",
        "media",
        "usage",
        "costs",
        "exchanges",
        "problems",
        "merged",
        "divergences",
        "attempts",
        "hops",
        "gap",
    }


def test_erased_content_is_gone_and_the_facts_stay(data_folder: Path, capsys: Captured) -> None:
    VaultFolder(data_folder).keystore().destroy([ExchangeId(0, 7, 2), ExchangeId(0, 7, 3)])

    lines = shown(capsys, data_folder, "v1_two")

    assert lines.count("    (erased)") == 2
    assert "10 in + 5 out = 15 tokens" in lines


def test_problems_and_broken_exchanges_are_shown(tmp_path: Path, capsys: Captured) -> None:
    base = told(1, QUESTION, ANSWER, **COMPLETED)
    odd = fact(ProblemFact, exchange=base.exchange.exchange, kind="json", where="/a", detail="Odd.")
    record(tmp_path, replace(base, problems=(odd,)))

    assert shown(capsys, tmp_path, "last")[-2:] == ["problems", "  json at /a: Odd."]


def test_an_interaction_that_nobody_saw_end_shows_the_gap(tmp_path: Path, capsys: Captured) -> None:
    record(tmp_path, told(1, QUESTION, ANSWER, status="in_progress", is_terminal=False))

    assert shown(capsys, tmp_path, "last")[-2:] == [
        "gap",
        "  nobody saw it end: no steward asks at this path",
    ]


def test_a_create_whose_id_nobody_received_may_be_kept_upstream(
    tmp_path: Path, capsys: Captured
) -> None:
    record(tmp_path, told(1, QUESTION, interaction="exchange:x0-1", is_complete=False))

    assert shown(capsys, tmp_path, "last")[-2:] == [
        "gap",
        "  nobody saw it end: its id reached nobody; it may exist until 2026-11-15",
    ]


def test_a_refused_create_is_no_turn(tmp_path: Path, capsys: Captured) -> None:
    after: dict[str, Any] = {"previous_interaction_id": "v1_one", "root_hash": id_hash("v1_one")}
    record(
        tmp_path,
        told(1, QUESTION, ANSWER, **COMPLETED),
        told(2, interaction="exchange:x0-2", seconds=5, error_code="rate_limited", **after),
        told(3, QUESTION, ANSWER, interaction="v1_two", seconds=9, **COMPLETED, **after),
    )

    assert any(line.startswith("turn 2 of 2") for line in shown(capsys, tmp_path, "v1_two"))


def test_a_page_prints_what_was_gathered(data_folder: Path, capsys: Captured) -> None:
    with open_facts(data_folder) as connection:
        sheet = gather(connection, "v1_one")

    print_sheet(sheet, console())

    assert '    look(where="Bonn")' in capsys.readouterr().out
    assert json.loads(to_json(sheet))["interaction"]["turn_count"] == 1


def test_the_hops_of_one_answer_are_shown_together(tmp_path: Path, capsys: Captured) -> None:
    limit = COMPLETED | {"status": "requires_continuation", "has_continuation_token": True}
    end = COMPLETED | {"is_continuation": True, "previous_interaction_id": "v1_one"}
    record(
        tmp_path,
        told(1, QUESTION, ANSWER, **limit),
        told(2, ANSWER, interaction="v1_two", seconds=5, **end),
    )

    lines = shown(capsys, tmp_path, "v1_two")

    place = lines.index("one answer of several hops")
    assert lines[place + 1 : place + 4] == [
        "  1  requires_continuation  15 tokens  v1_one",
        "  2  completed  15 tokens  v1_two (this one)",
        "  together 30 tokens",
    ]
