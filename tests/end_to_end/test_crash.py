"""kill -9 of gateway, recorder or supervisor, again and again, under load: what anybody saw end is recorded.

The oracles are the clients' own notes and the emulator's ledger; neither shares code with the
recorder. CRASH_ROUNDS says how often, CRASH_SEED where and when.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.evidence import Evidence, closings, evidence, holes
from tests.end_to_end.killing import CLIENTS, ROUNDS, SEGMENT_BYTES, WORKERS, Killing
from tests.end_to_end.load import Attempt
from tests.end_to_end.programs import run_verb
from tests.end_to_end.stage import Row, Stage, ask, tables


@dataclass(frozen=True, slots=True)
class Wreck:
    """What is left after all kills and an orderly stop."""

    data: Path
    attempts: list[Attempt]
    ledger: list[dict[str, Any]]
    recorded: list[Evidence]
    kills: Counter[str]
    log: str
    """What the supervisor and its children said."""

    def by_tag(self) -> dict[str, Evidence]:
        return {one.tag: one for one in self.recorded}


@pytest.fixture(scope="module")
def wreck(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wreck]:
    stage = Stage.set_up(
        tmp_path_factory.mktemp("crash"),
        journal__mode="strict",
        journal__segment_bytes=SEGMENT_BYTES,
        journal__reads="same",
        gateway__workers=WORKERS,
    )
    try:
        found = asyncio.run(Killing(stage.proxy).run(ROUNDS))
        stage.proxy.flush()
    finally:
        stage.stop()
        print(stage.logs())
    data = stage.proxy.data
    failed_before = request.session.testsfailed
    recorded = evidence(data, found.attempts)
    log = stage.proxy.program.log.read_text("utf-8")
    ledger = stage.emulator.ledger("received")
    yield Wreck(data, found.attempts, ledger, recorded, found.kills, log)
    if request.session.testsfailed == failed_before:
        shutil.rmtree(data)  # Some gigabytes after 200 rounds; after a failure somebody will look.


def test_the_load_was_one(wreck: Wreck) -> None:
    """Guards the other tests: a load of which nothing ended would prove nothing."""
    ended = Counter(attempt.kind for attempt in wreck.attempts if attempt.saw_end)

    assert wreck.kills.total() == ROUNDS
    assert wreck.kills.keys() == {"gateway", "recorder", "supervisor"}
    assert len(ended) == 8, ended
    assert ended.total() > 30 * ROUNDS
    assert sum("stream" in attempt.kind for attempt in wreck.attempts) > len(wreck.attempts) / 3


def test_whatever_a_client_saw_end_is_recorded_whole(wreck: Wreck) -> None:
    recorded = wreck.by_tag()

    def as_recorded(attempt: Attempt) -> bool:
        one = recorded.get(attempt.tag)
        return one is not None and (
            one.outcome,
            one.status,
            one.request_bytes,
            one.response_bytes,
            one.seen_digest,
        ) == (
            "complete",
            attempt.status,
            attempt.sent_bytes,
            attempt.seen_bytes,
            attempt.digest.digest(),
        )

    ended = [attempt for attempt in wreck.attempts if attempt.saw_end]

    assert [(one, recorded.get(one.tag)) for one in ended if not as_recorded(one)] == []


def test_whatever_a_client_saw_of_a_broken_answer_is_recorded(wreck: Wreck) -> None:
    """Each piece is released when it is durable: nobody knows more than the records."""
    recorded = wreck.by_tag()
    broken = [one for one in wreck.attempts if one.seen_bytes and not one.saw_end]

    unknown = [
        attempt
        for attempt in broken
        if attempt.tag not in recorded
        or recorded[attempt.tag].seen_digest != attempt.digest.digest()
    ]

    assert unknown == []


def test_whatever_upstream_received_is_recorded_once(wreck: Wreck) -> None:
    received = Counter(line["tag"] for line in wreck.ledger)
    recorded = Counter(one.tag for one in wreck.recorded)

    assert {tag: count for tag, count in received.items() if count != 1} == {}
    assert {tag: recorded[tag] for tag in received if recorded[tag] != 1} == {}


def test_nothing_is_doubled(wreck: Wreck) -> None:
    tags = Counter(one.tag for one in wreck.recorded)
    exchanges = Counter(one.exchange for one in wreck.recorded)

    assert {tag: count for tag, count in tags.items() if count > 1} == {}
    assert {id_: count for id_, count in exchanges.items() if count > 1} == {}


def test_every_intent_is_closed_exactly_once(wreck: Wreck) -> None:
    """Sequences have no holes, and each has one manifest in the vault and one row in SQL."""
    closed = closings(wreck.data)

    assert {str(id_): count for id_, count in closed.items() if count != 1} == {}
    assert set(closed) == {one.exchange for one in wreck.recorded}
    assert holes(list(closed)) == []


def test_only_what_was_under_way_is_called_interrupted(wreck: Wreck) -> None:
    outcomes = Counter(one.outcome for one in wreck.recorded)

    assert outcomes.keys() <= {"complete", "interrupted", "client_gone", "upstream_aborted"}
    assert outcomes["interrupted"] <= CLIENTS * wreck.kills.total()


def test_strict_leaves_no_gaps(wreck: Wreck) -> None:
    def said(sql: str) -> list[Row]:
        return ask(wreck.data / "facts.duckdb", sql)

    assert said("FROM gaps") == []
    assert said("FROM acts WHERE kind = 'damage'") == []


def test_nobody_ended_who_was_not_killed(wreck: Wreck) -> None:
    """Seen in a run of 200: a flush that nobody waited for any more ended the recorder."""
    ended = [line for line in wreck.log.splitlines() if " ended, " in line]

    assert [line for line in ended if "killed by signal 9" not in line] == []
    assert len(ended) <= ROUNDS


def test_rebuilding_gives_the_same_rows_in_every_table(wreck: Wreck) -> None:
    before = tables(wreck.data)
    for file in wreck.data.glob("facts.duckdb*"):
        file.unlink()

    done = run_verb("rebuild", "--data", str(wreck.data))

    assert done.returncode == 0, done.stderr
    assert tables(wreck.data) == before
    assert len(before["exchanges"]) == len(wreck.recorded)
