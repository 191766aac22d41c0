"""`retention`, `due`, `receipts`, `forecast` over a folder of records."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.audit.ledger.telling import written
from proxy.audit.retention import events
from proxy.audit.retention.machine import after
from proxy.audit.retention.states import Copy
from proxy.reading.accounts.tabling import Form
from proxy.reading.disposal import report
from proxy.reading.disposal.report import DONE, FOUND_A_PROBLEM, Where
from proxy.reading.snapshot import open_facts
from proxy.recording.facts import ActFact, Recording
from proxy.steward.disposal.signing import Signer
from proxy.store import queries
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told
from tests.store.samples import START_NS

Captured = pytest.CaptureFixture[str]
DAY_US = 86_400 * 1_000_000
START_US = START_NS // 1000
BODY = {
    "outcome": "deleted_verified",
    "is_verified": True,
    "nothing_left": False,
    "not_reached": [{"kind": "abuse_log"}],
    "evidence": [{"what": "get", "status": 404}] * 2,
}


def created(sequence: int, interaction: str, **more: Any) -> Recording:
    about: Any = COMPLETED | more
    base = told(sequence, QUESTION, ANSWER, interaction=interaction, **about)
    exchange = replace(base.exchange, purpose="client", client="c" * 16, api_version="v1beta")
    return replace(base, exchange=exchange)


def act(kind: str, data: dict[str, Any]) -> ActFact:
    return ActFact(
        START_NS, kind, None, None, "told", "0" * 32, "v1_due", "steward", json.dumps(data)
    )


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Where:
    """One copy that is due and has a receipt, one that nobody wants gone; read only."""
    folder = tmp_path_factory.mktemp("disposed")
    began = events.DutyBegan(
        id="e", wall=START_NS, due_at=START_NS + 7 * DAY_US * 1000, is_request=False
    )
    duty = written(began, after(Copy(interaction="v1_due", scope=None), began))
    signer = Signer.load_or_create(folder / "keys" / "receipts.key")
    acts = (act("disposal", duty), act("receipt", signer.signed(BODY)))
    record(folder, created(1, "v1_due"), created(2, "v1_kept"), acts=acts)
    policies = folder / "policies.toml"
    policies.write_text('[[policy]]\nname = "week"\ndelete_upstream_after = "7d"\n')
    return Where(folder, policies_file=policies)


def lines(capsys: Captured) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_copy_is_shown_with_its_clocks(where: Where, capsys: Captured) -> None:
    assert report.retention(where, "v1_due", START_US, Form.JSON) == DONE

    google, logs, studio, own = lines(capsys)
    assert google["copy"] == "interaction"
    assert "scheduled" in google["says"]
    assert (logs["copy"], logs["says"]) == ("abuse_log", "assumed")
    assert studio["copy"] == "studio_log"
    assert (own["copy"], own["says"], own["until"]) == ("our own copy", "active", None)


def test_what_is_kept_and_erased_here_is_shown_though_nothing_of_it_is_at_google(
    where: Where, capsys: Captured, tmp_path: Path
) -> None:
    record(tmp_path / "more", created(3, "v1_here", store="false"))
    file = tmp_path / "here.toml"
    file.write_text(
        '[[policy]]\nname = "day"\nerase_local_after = "1d"\n'
        '[[policy]]\nname = "books"\nkeep_local = "9d"\nmode = "compliance"\n'
        '[[policy]]\nname = "a-while"\nmodels = ["other"]\nkeep_local = "2d"\n'
    )
    here = replace(where, data_folder=tmp_path / "more", policies_file=file)

    assert report.dry_run(here, START_US, Form.JSON) == DONE
    wanted = {(row["interaction"], row["policy"], row["what"]) for row in lines(capsys)}
    report.retention(here, "v1_here", START_US + 2 * DAY_US, Form.JSON)
    own = lines(capsys)[-1]

    assert wanted == {
        ("v1_here", "books", "keep here: until then nobody erases it, unless it is set aside"),
        ("v1_here", "day", "erase here: later"),
    }, "no lock is on record yet"
    assert own["says"] == "active: policy day erases it; kept by policy books"


def test_all_copies_are_listed(where: Where, capsys: Captured) -> None:
    assert report.retention(where, None, START_US, Form.JSON) == DONE

    assert {row["interaction"] for row in lines(capsys)} == {"v1_due", "v1_kept"}


def test_an_id_that_nobody_saw_is_told(where: Where, capsys: Captured) -> None:
    assert report.retention(where, "v1_none", START_US, Form.TABLE) == FOUND_A_PROBLEM
    assert "no interaction of this id" in capsys.readouterr().err


def test_a_dry_run_says_what_policies_want_of_which_ids(where: Where, capsys: Captured) -> None:
    assert report.dry_run(where, START_US + 8 * DAY_US, Form.JSON) == DONE

    found = {(row["interaction"], row["policy"], row["what"]) for row in lines(capsys)}
    assert found == {
        ("v1_due", "week", "delete at Google: now"),
        ("v1_kept", "week", "delete at Google: now"),
    }


def test_what_no_credential_reaches_is_said_to_wait_for_one(
    where: Where, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_scope", lambda _: frozenset({"another"}))
    report.dry_run(where, START_US + 8 * DAY_US, Form.JSON)

    what = {row["what"] for row in lines(capsys)}
    assert what == {"delete at Google: waits, the steward has no key of this client"}
    report.forecast(where, START_US + 8 * DAY_US, 3600, Form.JSON)
    assert [row["what"] for row in lines(capsys)] == ["overdue"]


def test_what_is_overdue_is_a_problem(where: Where, capsys: Captured) -> None:
    early = report.due(where, START_US, 86_400, Form.JSON)
    soon = report.due(where, START_US, 8 * 86_400, Form.JSON)
    late = report.due(where, START_US + 8 * DAY_US, 0, Form.JSON)

    assert (early, soon, late) == (DONE, DONE, FOUND_A_PROBLEM)
    assert [row["interaction"] for row in lines(capsys)] == ["v1_due", "v1_due"]


def test_a_recorder_that_runs_answers_the_same_without_a_copy_of_its_tables(
    where: Where, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its socket does: JSON, with instants as texts."""

    def listed() -> list[dict[str, Any]]:
        codes = (
            report.due(where, START_US + 8 * DAY_US, 0, Form.JSON),
            report.retention(where, None, START_US, Form.JSON),
        )
        assert codes == (FOUND_A_PROBLEM, DONE)
        return lines(capsys)

    def told(_folder: Path, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/flush":
            return {}
        with open_facts(where.data_folder) as facts:
            names, rows = queries.dicts(facts, body["name"], **body["parameters"])
        answer = {"columns": names, "rows": [list(row.values()) for row in rows]}
        return dict(orjson.loads(orjson.dumps(answer, default=str, option=orjson.OPT_NAIVE_UTC)))

    before = listed()
    monkeypatch.setattr(report, "asked", told)
    monkeypatch.delattr(report, "open_facts")

    assert listed() == before


def test_a_forecast_names_what_may_expire_and_what_is_overdue(
    where: Where, capsys: Captured
) -> None:
    report.forecast(where, START_US, 2 * 86_400, Form.JSON)
    expiring = lines(capsys)
    report.forecast(where, START_US + 8 * DAY_US, 3600, Form.JSON)

    assert {(row["what"], row["interaction"]) for row in expiring} == {
        ("expires", "v1_due"),
        ("expires", "v1_kept"),
    }
    found = [(row["what"], row["interaction"]) for row in lines(capsys)]
    assert found == [("deletion", "v1_kept"), ("overdue", "v1_due")]


def test_receipts_are_checked_with_our_own_key(where: Where, capsys: Captured) -> None:
    assert report.receipts(where, None, Form.JSON, verify=True) == DONE

    (found,) = lines(capsys)
    assert found["interaction"] == "v1_due"
    assert found["key"] == report.public_key(where.data_folder)
    assert report.receipts(where, "v1_kept", Form.TABLE, verify=True) == DONE


def test_a_dry_run_knows_holds_on_later_turns_labels_and_what_is_erased_here(
    where: Where, capsys: Captured, tmp_path: Path
) -> None:
    """Of policies that are not in force: --policy FILE."""
    file = tmp_path / "other.toml"
    file.write_text(
        '[[policy]]\nname = "short"\nerase_local_after = "1d"\n'
        '[[policy]]\nname = "care"\nlabels = ["team=care"]\ndelete_upstream_after = "1d"\n'
        '[[policy]]\nname = "none"\nmodels = ["no-such-model"]\nnever_store = true\n'
    )

    assert report.dry_run(replace(where, policies_file=file), START_US, Form.JSON) == DONE

    found = {(row["interaction"], row["policy"], row["what"]) for row in lines(capsys)}
    assert found == {
        ("v1_due", "short", "erase here: later"),
        ("v1_kept", "short", "erase here: later"),
    }


def test_nothing_may_be_left_is_said_only_of_what_was_seen_to_be_gone() -> None:
    row = {"interaction": "v1_a", "made_us": START_US}
    body = BODY | {"outcome": "not_effective", "is_verified": False, "not_reached": []}

    shown = report.receipt_row(row | {"data": json.dumps({"receipt": body})}, None, verify=False)

    assert "the copy itself" in shown


def test_a_forecast_names_deletions_to_come_and_turns_whose_beginning_goes(
    tmp_path: Path, capsys: Captured
) -> None:
    first, second, third = created(1, "v1_first"), created(2, "v1_second"), created(3, "v1_third")
    told_before = [
        replace(each, observations=(replace(each.observations[0], previous_interaction_id=before),))
        for each, before in ((second, "v1_first"), (third, "v1_second"))
    ]
    gone = {"event": "Concluded", "state": "already_gone", "flags": []}
    ended = ActFact(
        START_NS, "disposal", None, None, "told", "1" * 32, "v1_first", "steward", json.dumps(gone)
    )
    record(tmp_path, first, *told_before, acts=(ended,))
    policies = tmp_path / "policies.toml"
    policies.write_text('[[policy]]\nname = "day"\ndelete_upstream_after = "12h"\n')

    report.forecast(Where(tmp_path, policies_file=policies), START_US, 3 * 86_400, Form.JSON)

    found = {(row["what"], row["interaction"]) for row in lines(capsys)}
    assert {("orphan_turn", "v1_second"), ("deletion", "v1_third")} <= found
    assert ("deletion", "v1_first") not in found


def test_a_create_that_left_open_what_it_made_is_an_orphan(
    tmp_path: Path, capsys: Captured
) -> None:
    def attempt(sequence: int, status: int | None, store: str | None, **more: Any) -> Recording:
        base = created(sequence, f"exchange:{sequence}")
        about = replace(base.exchange, status=status, interaction=None, **more)
        row = replace(base.observations[0], interaction_id=None, store=store)
        return replace(base, exchange=about, observations=(row,))

    attempts = (
        attempt(1, 200, "inherited"),  # a stream cut before it named an id, say
        attempt(2, 200, "false"),
        attempt(3, 429, "true"),
        attempt(4, 400, "true"),
        attempt(5, None, "false"),
        attempt(6, None, "true", outcome="refused"),
        attempt(7, 503, "true"),
    )
    record(tmp_path, *attempts)

    report.forecast(Where(tmp_path), START_US, 60, Form.JSON)

    found = [row["interaction"] for row in lines(capsys) if row["what"] == "orphan"]
    assert sorted(found) == sorted(
        str(attempts[number - 1].exchange.exchange) for number in (1, 3, 5, 7)
    )
