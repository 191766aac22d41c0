"""A folder and object storage take a file whole, or not at all."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from proxy.errors import StoreError
from proxy.reading.exporting import targets
from proxy.reading.exporting.targets import Folder, Objects, Target, opened


@pytest.fixture(params=["folder", "objects"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    return Folder(tmp_path) if request.param == "folder" else Objects(MemoryStore())


def test_a_file_has_its_name_once_it_is_whole(target: Target) -> None:
    with target.new("day=2026-09-21/steps-1.parquet") as sink:
        sink.write(b"ro")
        sink.write(b"ws")
        assert target.read("day=2026-09-21/steps-1.parquet") is None

    assert target.read("day=2026-09-21/steps-1.parquet") == b"rows"
    assert target.names() == ["day=2026-09-21/steps-1.parquet"]
    assert (sink.size, sink.sha256) == (4, hashlib.sha256(b"rows").hexdigest())


def test_a_write_that_fails_leaves_nothing(target: Target) -> None:
    def written_half() -> None:
        with target.new("a/b") as sink:
            sink.write(b"ro")
            raise KeyError("the statement failed")

    with pytest.raises(KeyError):
        written_half()

    assert target.names() == []
    assert target.read("a/b") is None


def test_where_no_lock_is_what_another_run_may_be_writing_is_not_taken_for_abandoned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, bucket = Folder(tmp_path), Objects(MemoryStore())
    for target in (folder, bucket):
        with target.new("a"):
            pass

    assert folder.abandoned() == ["a"]
    assert bucket.abandoned() == []
    monkeypatch.setattr(targets, "ABANDONED_AFTER", timedelta(days=-1))
    assert bucket.abandoned() == ["a"]


def test_what_is_gone_may_be_removed_again(target: Target) -> None:
    with target.new("a/b"):
        pass
    target.remove("a/b")
    target.remove("a/b")

    assert target.names() == []


def test_a_storage_that_does_not_answer_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"ENDPOINT": "http://127.0.0.1:1", "ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-to-be-shown")

    def looked() -> None:
        with opened("s3://bucket/prefix") as there:
            there.names()

    with pytest.raises(StoreError, match="the object storage refuses") as refused:
        looked()
    assert "not-to-be-shown" not in str(refused.value)
