"""A checkpoint reaches the log lines and the witness; a witness that is away holds nothing up."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from proxy.recorder.trail.files import TrailFiles
from proxy.recorder.trail.giving import COSIGNED, Giving, witness_request
from proxy.recorder.trail.key import load_or_create_signer
from tests.recorder.trail.trodden import Trodden
from tests.recorder.trail.witness import COSIGNATURE, Witness, serving_witness


@pytest.fixture
def witness() -> Iterator[Witness]:
    with serving_witness() as made:
        yield made


def offered(giving: Giving, trodden: Trodden) -> None:
    """The last checkpoint, and the answer."""
    files = TrailFiles(trodden.trail, load_or_create_signer(trodden.folder / "keys"))
    giving(trodden.lines[-1], files)
    giving.finish()


def test_a_witness_holds_each_checkpoint_with_a_proof_from_the_one_before(
    trodden: Trodden, witness: Witness
) -> None:
    giving = Giving(witness.url, has_lines=False, mono_ns=lambda: 7)
    for count in (3, 300, 17):
        trodden.record(count)
        trodden.follow()
        offered(giving, trodden)

    assert [one.size for one in witness.held] == [7, 311, 332]
    assert giving.witnessed_size == 332
    assert witness.refusals == []
    assert (trodden.trail / COSIGNED).read_text("utf-8").endswith(COSIGNATURE)


def test_after_a_restart_the_witness_says_what_it_holds(trodden: Trodden, witness: Witness) -> None:
    for count in (3, 8):
        trodden.record(count)
        trodden.follow()
        offered(Giving(witness.url, has_lines=False, mono_ns=lambda: 7), trodden)

    assert [one.size for one in witness.held] == [7, 19]
    assert witness.refusals == [409]


def test_a_witness_that_is_away_is_told_once_and_holds_nothing_up(
    trodden: Trodden, caplog: pytest.LogCaptureFixture
) -> None:
    trodden.record(1)
    trodden.follow()
    giving = Giving("http://127.0.0.1:9", has_lines=False, mono_ns=lambda: 7)

    offered(giving, trodden)
    offered(giving, trodden)

    assert giving.problem is not None
    assert caplog.text.count("the witness takes no checkpoint") == 1


def test_each_checkpoint_is_a_log_line(trodden: Trodden, caplog: pytest.LogCaptureFixture) -> None:
    trodden.record(1)
    trodden.follow()

    offered_line = trodden.lines[-1]
    giving = Giving(None, has_lines=True, mono_ns=lambda: 7)
    giving(offered_line, TrailFiles(trodden.trail, load_or_create_signer(trodden.folder / "keys")))

    assert f"checkpoint: {offered_line}" in caplog.text
    assert json.loads(offered_line)["size"] == 5


def test_the_request_is_that_of_the_text() -> None:
    assert witness_request(7, [b"ab"], "note\n") == b"old 7\nYWI=\n\nnote\n"


def test_each_checkpoint_is_printed_where_that_is_wanted(
    trodden: Trodden, capfd: pytest.CaptureFixture[str]
) -> None:
    trodden.record(1)
    trodden.follow()
    files = TrailFiles(trodden.trail, load_or_create_signer(trodden.folder / "keys"))

    Giving(None, has_lines=False, mono_ns=lambda: 7)(trodden.lines[-1], files)
    assert capfd.readouterr().out == ""

    Giving(None, has_lines=False, mono_ns=lambda: 7, is_printed=True)(trodden.lines[-1], files)
    assert capfd.readouterr().out == f"{trodden.lines[-1]}\n"


def test_the_last_checkpoint_reaches_a_witness_that_was_busy_with_others(
    trodden: Trodden, witness: Witness
) -> None:
    giving = Giving(witness.url, has_lines=False, mono_ns=lambda: 7)
    for count in (3, 300, 17, 1):
        trodden.record(count)
        trodden.follow()
        files = TrailFiles(trodden.trail, load_or_create_signer(trodden.folder / "keys"))
        giving(trodden.lines[-1], files)  # nobody waits in between
    giving.finish()

    assert witness.held[-1].size == json.loads(trodden.lines[-1])["size"]
