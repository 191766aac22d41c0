"""The ledger keeps what happened, without secrets or content."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.emulator.ledger import Answered, Ledger, Received, without_secrets


def received(number: int) -> Received:
    return Received(
        n=number,
        at_ns=1,
        method="GET",
        target="/v1/models",
        header_names=["Host"],
        has_credential=False,
        tag=None,
        body_sha256="",
        body_bytes=0,
        body_is_whole=True,
    )


def test_lines_are_appended_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    for number in (1, 2):
        ledger = Ledger(path)
        ledger.add(received(number))
        ledger.close()

    assert [line["n"] for line in Ledger.read(path)] == [1, 2]
    assert Ledger.read(path)[0]["event"] == "received"


def test_what_is_kept_in_memory_is_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.add(received(1))
    ledger.add(Answered(1, 2, 200, "", 0, True, "create", False, 0, "v1_x", "completed", "m"))  # noqa: FBT003 - in order
    ledger.close()

    assert ledger.lines == Ledger.read(path)


def test_a_last_line_without_its_end_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":')

    assert Ledger.read(path) == [{"n": 1}]


def test_a_ledger_without_a_file_keeps_its_lines() -> None:
    ledger = Ledger()
    ledger.add(received(1))
    ledger.close()

    assert [line["n"] for line in ledger.lines] == [1]


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/v1/models?key=secret&alt=sse", "/v1/models?key=***&alt=sse"),
        ("/v1/models?alt=sse&KEY=secret", "/v1/models?alt=sse&KEY=***"),
        ("/upload/v1/files?upload_id=ab12&x=1", "/upload/v1/files?upload_id=***&x=1"),
        ("/v1/models?monkey=1", "/v1/models?monkey=1"),
    ],
)
def test_credentials_in_the_target_are_struck_out(target: str, kept: str) -> None:
    assert without_secrets(target) == kept


def test_a_process_whose_lines_nobody_reads_keeps_none(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, lines_max=0)
    ledger.add(received(1))
    ledger.close()

    assert ledger.lines == []
    assert len(Ledger.read(path)) == 1
