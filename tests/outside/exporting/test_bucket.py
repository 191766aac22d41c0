"""An export to a real S3 server is what an export to a folder is."""

from __future__ import annotations

import json
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from proxy.errors import StoreError
from proxy.reading.exporting.export import run
from proxy.reading.verifying.verifier import main
from tests.outside.exporting.storage import BUCKET, storage
from tests.reading.exporting.exported import FIRST, PARQUET, SIGNER, erased, made, read
from tests.reading.recorded import record

PLACE = f"s3://{BUCKET}/of/ours"


def copied(folder: Path) -> Path:
    """What is below the prefix, in a folder."""
    store = S3Store(BUCKET, prefix="of/ours")
    for page in obstore.list(store):
        for one in page:
            path = folder / one["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(obstore.get(store, one["path"]).bytes()))
    return folder


def faults(folder: Path, vkey: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    main(["--export", str(folder), "--vkey", str(vkey), "--json"])
    found: list[str] = json.loads(capsys.readouterr().out)["found"]
    return found


def test_a_bucket_is_brought_up_to_date_and_forgets_what_was_erased(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, vkey = made(tmp_path / "data"), tmp_path / "vkey"
    vkey.write_text(SIGNER.verifier.encode(), "utf-8")
    with storage(tmp_path / "s3") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        assert run(data, PLACE, PARQUET) == 0
        first = copied(tmp_path / "first")
        assert read(first, "interactions") == [("v1_one",), ("v1_three",), ("v1_two",)]
        assert faults(first, vkey, capsys) == []

        assert run(data, PLACE, PARQUET) == 0
        assert "up to date" in capsys.readouterr().out

        record(data, acts=(erased("v1_two", "x0-0000000000000007-2"),))
        assert run(data, PLACE, PARQUET, as_json=True) == 0
        told = json.loads(capsys.readouterr().out)
        second = copied(tmp_path / "second")
        assert (told["run"], told["removed"]) == (2, len(list(first.glob(f"day={FIRST}/*"))))
        assert read(second, "interactions") == [("v1_one",), ("v1_three",)]
        assert faults(second, vkey, capsys) == []

        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
        with pytest.raises(StoreError, match="the object storage refuses"):
            run(data, PLACE, PARQUET)
