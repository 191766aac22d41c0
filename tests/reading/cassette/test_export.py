"""`scenario export` on a data folder with sealed exchanges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.emulator.scenarios.library import load_scenario
from proxy.errors import StoreError
from proxy.reading.cassette.export import DONE, WRONG_USE, Wanted, run
from proxy.recording.exchange import Body, Exchange, Part, Side
from proxy.recording.group import Finished
from proxy.recording.interpret import interpret
from proxy.store.database import Database
from tests.recording.samples import MODEL, exchange
from tests.store.vault.built import CURSORS, MASTER, VaultFolder

KEY = "AIza-a-key-that-must-not-appear"


def answered(identity: str, sequence: int, **request: Any) -> Exchange:
    return exchange(
        request={"model": MODEL, "input": "Hello?"} | request,
        response={"id": identity, "status": "completed", "model": MODEL, "steps": []},
        sequence=sequence,
    )


def seal(folder: Path, *exchanges: Exchange) -> None:
    data = VaultFolder(folder)
    data.make_keys()
    master = folder / "keys" / "master.key"
    master.write_bytes(MASTER.secret)
    master.chmod(0o600)
    vault = data.open()
    for each in exchanges:
        sides = ((Side.REQUEST, each.request), (Side.RESPONSE, each.response))
        tails = tuple(part(each, side, body) for side, body in sides if body.data)
        vault.append(Finished(each, tails), interpret(each))
    vault.commit(CURSORS)
    vault.close()
    tables = Database.open(folder / "facts.duckdb")
    for batch in data.reader().follow(tables.position()):
        tables.ingest(batch)
    tables.close()


def part(each: Exchange, side: Side, body: Body) -> Part:
    return Part(each.id, side, 0, body.data, body.cuts)


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    seal(
        tmp_path,
        answered("v1_one", 1),
        answered("v1_two", 2, previous_interaction_id="v1_one", labels={"api_key": KEY}),
        answered("v1_other", 3),
    )
    return tmp_path


def names(file: Path) -> list[str]:
    turns = load_scenario(file).turns
    return [str((turn.answer or {})["id"]) for turn in turns]


@pytest.mark.parametrize(
    ("wanted", "exported"),
    [
        (Wanted(("v1_two",)), ["v1_two"]),
        (Wanted(("v1_two",), is_conversation=True), ["v1_one", "v1_two"]),
        (Wanted(("v1_one",), is_conversation=True), ["v1_one", "v1_two"]),
        (Wanted(("v1_other", "v1_one")), ["v1_one", "v1_other"]),
        (Wanted((), is_all=True), ["v1_one", "v1_two", "v1_other"]),
    ],
    ids=["one", "its conversation", "from its first turn", "two", "all"],
)
def test_what_is_wanted_is_exported(wanted: Wanted, exported: list[str], data_folder: Path) -> None:
    file = data_folder / "out.yaml"

    assert run(data_folder, wanted, file) == DONE
    assert sorted(names(file)) == sorted(exported)


def test_without_a_file_it_goes_to_standard_output(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data_folder, Wanted(("v1_other",)), None) == DONE

    told = capsys.readouterr()
    assert told.out.startswith("# Exported from recorded interactions.")
    assert "name: 'Recorded: v1_other'\ndescription: One request as it was answered" in told.out
    assert told.err == ""


def test_nothing_of_a_request_but_what_tells_it_apart_is_exported(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(data_folder, Wanted((), is_all=True), None)

    assert KEY not in capsys.readouterr().out


def test_a_note_is_also_said(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data_folder / "out.yaml"

    run(data_folder, Wanted(("v1_two",)), file)

    note = "turn-1 builds on an interaction that is not exported"
    assert f"# {note}\n" in file.read_text("utf-8")
    assert note in capsys.readouterr().err


def test_an_unknown_interaction_is_told(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data_folder, Wanted(("v1_nobody",)), None) == WRONG_USE
    assert "v1_nobody is no recorded interaction" in capsys.readouterr().err


def test_a_beginning_of_several_is_told(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data_folder, Wanted(("v1_o",)), None) == WRONG_USE
    assert "fits several" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(data_folder: Path) -> None:
    with pytest.raises(StoreError, match="choose another --out"):
        run(data_folder, Wanted(("last",)), data_folder / "none" / "out.yaml")
