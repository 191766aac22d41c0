"""An export has every row once, knows what changed, and nothing of what was erased."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.reading.exporting import export as exporting
from proxy.reading.exporting import portions
from proxy.reading.exporting.export import Done, Reader, run
from proxy.reading.exporting.manifest import NOTE, Scope, sign
from proxy.reading.exporting.targets import Folder, Sink, opened
from proxy.reading.snapshot import open_facts
from proxy.reading.verifying.verifier import main
from tests.reading.exporting.exported import (
    FIRST,
    PARQUET,
    SECOND,
    SIGNER,
    erased,
    export_to,
    made,
    read,
    views,
)
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told

OF_A_TURN = {"interactions", "steps", "usage", "cost", "retention"}


class Stopped(Exception):
    """The machine."""


def stopped(*_: object) -> None:
    raise Stopped


def faults(place: Path, vkey: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    vkey.write_text(SIGNER.verifier.encode(), "utf-8")
    main(["--export", str(place), "--vkey", str(vkey), "--json"])
    found: list[str] = json.loads(capsys.readouterr().out)["found"]
    return found


def test_an_export_follows_the_record_day_by_day_and_forgets_what_was_erased(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, place, vkey = made(tmp_path / "data"), tmp_path / "out", tmp_path / "vkey"
    with monkeypatch.context() as torn:  # the machine stops behind the first file
        torn.setattr(exporting, "FileMade", stopped)
        with pytest.raises(Stopped):
            export_to(place, data)
    assert len(list(place.glob("day=*/*"))) == 1
    assert not (place / NOTE).exists()

    with monkeypatch.context() as small:
        small.setattr(portions, "INTERACTIONS_MAX", 1)  # two portions of the first day
        small.setattr(portions, "ROWS_MAX", 1)
        first = export_to(place, data)

    turns = {(day, view) for day in (FIRST, SECOND) for view in OF_A_TURN}
    assert views(first) == turns | {(FIRST, "exchanges"), (SECOND, "exchanges")}
    assert read(place, "interactions", "interaction, day::VARCHAR") == [
        ("v1_one", FIRST),
        ("v1_three", SECOND),
        ("v1_two", FIRST),
    ]
    assert read(place, "steps", "count(*)") == [(6,)]
    assert read(place, "exchanges", "count(DISTINCT exchange), count(*)") == [(3, 3)]
    with open_facts(data) as facts:  # the same rows as the views give
        asked = {
            view: facts.execute(f"FROM audit.{view} ORDER BY ALL").fetchall() for view in OF_A_TURN
        }
    assert {view: read(place, view, "* EXCLUDE (day)") for view in OF_A_TURN} == asked
    assert faults(place, vkey, capsys) == []

    assert not export_to(place, data).is_new

    record(data, told(4, QUESTION, ANSWER, interaction="v1_four", seconds=86_500, **COMPLETED))
    second = export_to(place, data)
    assert {day for day, _ in views(second)} == {SECOND}
    assert len(read(place, "interactions")) == 4

    record(data, acts=(erased("v1_two", "x0-0000000000000007-2"),))
    third = export_to(place, data)
    assert {day for day, _ in views(third)} == {FIRST, "2026-09-23"}
    assert ("v1_two",) not in read(place, "interactions") + read(place, "steps")
    assert read(place, "exchanges", "count(*)") == [(3,)]
    assert read(place, "erased") == [("v1_two",)]
    assert [name.split("/")[0] for name in third.manifest.tombstones] == ["day=2026-09-23"]
    assert not any(
        b"v1_two" in path.read_bytes()
        for path in place.glob("day=*/*")
        if path.name.split("-")[0] not in {"erased", "acts"}
    )
    assert faults(place, vkey, capsys) == []

    (place / f"day={FIRST}" / "steps-999.parquet").write_bytes(b"half")
    assert "not named by the manifest" in faults(place, vkey, capsys)[0]
    export_to(place, data)
    assert faults(place, vkey, capsys) == []


class Shared(Folder):
    """As a bucket is: nothing locks it. Does something as a run begins its first manifest."""

    def __init__(self, place: Path, meanwhile: Callable[[], object]) -> None:
        super().__init__(place)
        self._meanwhile = [meanwhile]

    def abandoned(self) -> list[str]:
        return []

    @contextmanager
    def new(self, name: str) -> Iterator[Sink]:
        if name.startswith("manifest-") and self._meanwhile:
            self._meanwhile.pop()()
        with super().new(name) as sink:
            yield sink


@pytest.mark.parametrize("is_one_cut_off", [True, False])
def test_of_two_exports_at_once_one_signs_and_has_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_one_cut_off: bool
) -> None:
    data, place, vkey = made(tmp_path / "data"), tmp_path / "out", tmp_path / "vkey"
    begun: list[Done] = []

    def another() -> None:
        if is_one_cut_off:
            with pytest.raises(Stopped):
                exporting.export(data, Shared(place, stopped), PARQUET, SIGNER)
        else:
            begun.append(exporting.export(data, Shared(place, bool), PARQUET, SIGNER))

    if is_one_cut_off:
        begun.append(exporting.export(data, Shared(place, another), PARQUET, SIGNER))
    else:
        with pytest.raises(StoreError, match="ended meanwhile"):
            exporting.export(data, Shared(place, another), PARQUET, SIGNER)

    (ended,) = begun
    assert ended.is_new
    assert len(read(place, "interactions")) == (6 if is_one_cut_off else 3)
    found = faults(place, vkey, capsys)
    assert all("is not named by the manifest" in each for each in found)
    assert len(found) == (len(ended.written) if is_one_cut_off else 0)


def test_lines_of_json_hold_the_same_and_content_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, place = made(tmp_path / "data"), tmp_path / "out"
    written_down: list[tuple[str, Any]] = []

    def asked(_folder: Path, path: str, told: Any) -> dict[str, Any]:
        assert not list(place.glob("day=*"))
        written_down.append((path, told["acts"][0]))
        return {}

    monkeypatch.setattr(exporting, "asked", asked)
    scope = Scope("jsonl", since=SECOND, has_content=True)

    why = Reader("ann", "the court asks")
    assert run(data, str(place), scope, reader=why, as_json=True) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["run"], told["written"]) == (1, told["files"])

    with duckdb.connect() as plain:
        rows = plain.execute(
            f"SELECT interaction, content FROM read_json('{place}/day=*/steps-*.jsonl') ORDER BY place"
        ).fetchall()
    assert [name for name, _ in rows] == ["v1_three", "v1_three"]
    assert "A bridge." in str(rows[1][1])
    ((path, act),) = written_down
    assert (path, act["kind"], act["actor"]) == ("/acts", "access", "ann")
    assert act["data"]["reason"] == "the court asks"
    with pytest.raises(StoreError, match="is another one"):
        run(data, str(place), PARQUET)


def test_a_place_with_other_things_or_another_records_export_is_left_alone(tmp_path: Path) -> None:
    data, place = tmp_path / "data", tmp_path / "out"
    place.mkdir()
    (place / "thesis.txt").write_text("two years of work")
    with pytest.raises(StoreError, match=r"something else already \(thesis.txt\)"):
        export_to(place, data)

    other = replace(SIGNER, name="interactions-proxy/other")
    (place / NOTE).write_text(sign(other, "manifest-000001.json", b"{}"), "utf-8")
    with pytest.raises(StoreError, match="no export of this record"):
        export_to(place, data)
    assert (place / "thesis.txt").exists()

    with opened(str(place)), pytest.raises(StoreError, match=r"another export to .* is at work"):
        export_to(place, data)
