"""`drift`: each unknown name once, with where it was met."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.reading.accounts.drift import DONE, FOUND_A_PROBLEM, run
from proxy.reading.accounts.tabling import Form
from proxy.recording.facts import Recording, UnknownFact
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told
from tests.store.samples import fact

Captured = pytest.CaptureFixture[str]
BORDER = "2026-09-22 00:00:00"


def meeting(recording: Recording, *names: str, revision: str | None = None) -> Recording:
    """The same exchange with a field of each of these names in its answer."""
    base = recording.exchange
    unknowns = tuple(
        fact(
            UnknownFact,
            exchange=base.exchange,
            at=base.ended_at,
            kind="field",
            name=name,
            where="interaction",
            count=2,
        )
        for name in names
    )
    return replace(recording, exchange=replace(base, api_revision=revision), unknowns=unknowns)


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One name on the first day, met again on the second together with another; read only."""
    folder = tmp_path_factory.mktemp("drifted")
    record(
        folder,
        meeting(told(1, QUESTION, ANSWER, **COMPLETED), "mood", revision="2026-05-20"),
        meeting(told(2, ANSWER, how="read", seconds=86_400, **COMPLETED), "mood", "weather"),
    )
    return folder


def test_each_name_is_told_once_with_its_first_and_last_time(
    drifted: Path, capsys: Captured
) -> None:
    assert run(drifted, form=Form.JSON) == DONE

    newest, oldest = map(json.loads, capsys.readouterr().out.splitlines())
    assert (newest["name"], newest["count"], newest["api_revisions"]) == ("weather", 2, [])
    assert oldest == {
        "kind": "field",
        "name": "mood",
        "place": "interaction",
        "count": 4,
        "exchange_count": 2,
        "first_seen_at": "2026-09-21T14:13:20Z",
        "last_seen_at": "2026-09-22T14:13:20Z",
        "first_exchange": "x0-0000000000000007-1",
        "first_interaction": "v1_one",
        "operations": ["create", "get"],
        "sdks": ["google-genai-sdk/3.4.0"],
        "api_versions": [],
        "api_revisions": ["2026-05-20"],
    }


def test_what_is_new_since_a_time_is_a_finding(drifted: Path, capsys: Captured) -> None:
    assert run(drifted, since=BORDER, form=Form.CSV) == FOUND_A_PROBLEM

    head, line = capsys.readouterr().out.splitlines()
    assert head.startswith("kind,name,place,count")
    assert line.startswith("field,weather,interaction,2,1,")


def test_nothing_new_is_no_finding(drifted: Path, capsys: Captured) -> None:
    assert run(drifted, since="2026-09-23 00:00:00") == DONE

    assert capsys.readouterr().out == ""


def test_people_get_a_table(drifted: Path, capsys: Captured) -> None:
    run(drifted)

    out, err = capsys.readouterr()
    assert "mood" in out
    assert "2026-05-20" in out
    assert err == "2 names without a meaning here\n"
