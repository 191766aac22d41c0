"""Counts follow the vault over any end of the recorder: nothing twice, nothing missing."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.errors import PositionUnknown
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from proxy.telemetry.metrics import follower as follower_module
from proxy.telemetry.metrics.follower import CountsFollower
from tests.journal.written import WAIT_S, still_ns
from tests.store.samples import batch, recording
from tests.telemetry.metrics.read import sums


class Kept:
    """A vault in memory, which tells what stands behind a position."""

    def __init__(self, *batches: FactBatch) -> None:
        self.batches = list(batches)
        self.read_count = 0
        self.first = VAULT_START
        """Positions before it are of another vault."""

    def reader(self) -> Kept:
        return self

    def follow(self, position: VaultPosition, _batch_rows: int, /) -> Iterator[FactBatch]:
        if position != VAULT_START and position < self.first:
            raise PositionUnknown("another vault")
        for each in list(self.batches):
            if each.position > position:
                self.read_count += len(each.exchanges)
                yield each

    def close(self) -> None:
        """Nothing is open."""


def one(sequence: int) -> FactBatch:
    return batch(recording(sequence, interaction=f"v1_{sequence}"))


def counted(counts: CountsFollower) -> int:
    found = sums(counts.families(0))
    return int(found.get("ixp_exchanges_total", 0))


@contextmanager
def running(counts: CountsFollower) -> Iterator[CountsFollower]:
    thread = threading.Thread(target=counts.run)
    thread.start()
    try:
        yield counts
    finally:
        counts.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def made(folder: Path, kept: Kept) -> CountsFollower:
    return CountsFollower(folder / "metrics.json", kept.reader, mono_ns=still_ns)


def test_nothing_is_told_before_the_vault_was_read_once(tmp_path: Path) -> None:
    assert made(tmp_path, Kept(one(1))).families(0) == []


def test_what_is_in_the_vault_and_what_is_offered_counts_once(tmp_path: Path) -> None:
    kept = Kept(one(1), one(2))
    with running(made(tmp_path, kept)) as counts:
        counts.offer(kept.batches[-1])  # between its commit and the replay
        kept.batches.append(one(3))
        counts.offer(kept.batches[-1])

    assert counted(counts) == 3


def test_the_next_recorder_goes_on_and_reads_only_what_came_since(tmp_path: Path) -> None:
    kept = Kept(one(1), one(2))
    with running(made(tmp_path, kept)):
        pass
    kept.read_count = 0
    kept.batches.append(one(3))

    with running(made(tmp_path, kept)) as counts:
        pass

    assert (counted(counts), kept.read_count) == (3, 1)


def test_a_recorder_that_was_killed_before_it_saved_costs_no_number(tmp_path: Path) -> None:
    kept = Kept(one(1))
    with running(made(tmp_path, kept)):
        pass
    before = (tmp_path / "metrics.json").read_bytes()
    kept.batches.append(one(2))
    with running(made(tmp_path, kept)):
        pass
    (tmp_path / "metrics.json").write_bytes(before)

    with running(made(tmp_path, kept)) as counts:
        pass

    assert counted(counts) == 2


@pytest.mark.parametrize("found", ["", "{", "[]", '{"file": "x", "offset": 1}', "null"])
def test_a_file_of_no_use_costs_a_recount(
    tmp_path: Path, found: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "metrics.json").write_text(found, "utf-8")

    with caplog.at_level(logging.WARNING), running(made(tmp_path, Kept(one(1), one(2)))) as counts:
        pass

    assert counted(counts) == 2
    assert "counted anew" in caplog.text


def test_another_vault_is_counted_anew(tmp_path: Path) -> None:
    with running(made(tmp_path, Kept(one(1), one(2)))):
        pass
    other = Kept(one(5))
    other.first = one(5).position

    with running(made(tmp_path, other)) as counts:
        pass

    assert counted(counts) == 1


def test_who_falls_behind_reads_the_vault_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "QUEUE_EXCHANGES_MAX", 2)
    kept = Kept(*(one(number) for number in range(1, 9)))
    counts = made(tmp_path, kept)
    for each in kept.batches:
        counts.offer(each)

    assert counts.queued_count <= 2
    with running(counts):
        pass
    assert counted(counts) == 8


def test_what_is_kept_has_no_names_but_those_of_labels(tmp_path: Path) -> None:
    with running(made(tmp_path, Kept(one(1)))):
        pass

    saved = json.loads((tmp_path / "metrics.json").read_text("utf-8"))

    assert saved.keys() == {"file", "offset", "counts"}
    assert "v1_1" not in json.dumps(saved)
