"""kill -9 in `available`: what upstream saw is recorded, or counted as lost. No third, silent kind."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.evidence import Evidence, closings, evidence
from tests.end_to_end.killing import ROUNDS, SEGMENT_BYTES, WORKERS, Killed, Killing
from tests.end_to_end.stage import Stage, ask

Worker = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Sums:
    """By worker and boot, after an orderly stop."""

    killed: Killed
    recorded: Counter[Worker]
    declared: Counter[Worker]
    evidence: list[Evidence]
    received: Counter[str]
    closed: Counter[str]


@pytest.fixture(scope="module")
def sums(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sums]:
    folder = tmp_path_factory.mktemp("available")
    stage = Stage.set_up(
        folder,
        journal__mode="available",
        journal__segment_bytes=SEGMENT_BYTES,
        gateway__workers=WORKERS,
    )
    killing = Killing(stage.proxy)
    try:
        found = asyncio.run(killing.run(ROUNDS))
        stage.proxy.flush()
    finally:
        stage.stop()
        print(stage.logs())
    killing.count()
    data = stage.proxy.data
    failed_before = request.session.testsfailed
    yield Sums(
        found,
        _by_worker(data, "SELECT worker, boot, count(*) FROM exchanges GROUP BY ALL"),
        _by_worker(data, "SELECT worker, boot, sum(exchange_count) FROM gaps GROUP BY ALL"),
        evidence(data, found.attempts),
        Counter(line["tag"] for line in stage.emulator.ledger("received")),
        Counter(map(str, closings(data).elements())),
    )
    if request.session.testsfailed == failed_before:
        shutil.rmtree(data)


def _by_worker(data: Path, sql: str) -> Counter[Worker]:
    return Counter({(worker, boot): int(n) for worker, boot, n in ask(data / "facts.duckdb", sql)})


def test_after_every_kill_what_was_seen_is_recorded_or_declared_lost(sums: Sums) -> None:
    """`seen` is what the worker's page said when it was dead: of each of its lives."""
    told = {worker: sums.recorded[worker] + sums.declared[worker] for worker in sums.killed.seen}

    assert len(told) > sums.killed.kills["gateway"]
    assert told == sums.killed.seen


def test_what_upstream_received_is_recorded_or_declared_lost(sums: Sums) -> None:
    recorded = {one.tag for one in sums.evidence}

    assert len(sums.received.keys() - recorded) <= sums.declared.total()
    assert max(sums.received.values()) == 1


def test_nothing_is_doubled_and_every_intent_is_closed_once(sums: Sums) -> None:
    exchanges = Counter(str(one.exchange) for one in sums.evidence)

    assert [id_ for id_, count in exchanges.items() if count > 1] == []
    assert sums.closed == exchanges
