"""What a scrape says of copies at Google."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.recorder.watching.retention import EACH_NS, SHARE, RetentionMetrics
from proxy.recording.facts import ActFact
from proxy.store.database import Database
from proxy.store.queries import TablesReader
from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.now import Reading
from tests.store.samples import START_NS, batch, recording

DAY_NS = 86_400 * 1_000_000_000


class Watched:
    """Tables, a clock, and how often they were asked."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.mono_ns = 0
        self.asked = 0
        self.takes_ns = 0
        self.metrics = RetentionMetrics(
            self.reader, lambda: START_NS + DAY_NS, lambda: self.mono_ns
        )

    def reader(self) -> Future[TablesReader]:
        self.asked += 1
        self.mono_ns += self.takes_ns
        future: Future[TablesReader] = Future()
        future.set_result(self.database.reader())
        return future

    def told(self) -> dict[str, float]:
        read = Reading()
        self.metrics.read(read)
        assert read.samples.keys() <= INSTRUMENTS.keys()
        return {
            "_".join((name.removeprefix("ixp_"), *one.labels)): one.value
            for name, samples in read.samples.items()
            for one in samples
        }


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "facts.duckdb")
    yield opened
    opened.close()


def state(interaction: str, said: str, due_ns: int, flags: str = "[]") -> ActFact:
    data = {"state": said, "due": due_ns, "flags": json.loads(flags), "event": "x"}
    told = json.dumps(data)
    return ActFact(START_NS, "disposal", None, None, "d", interaction, interaction, "steward", told)


def test_each_copy_counts_where_it_stands(database: Database) -> None:
    names = ("v1_a", "v1_b", "v1_c", "v1_d", "v1_e")
    rows = [recording(n, interaction=name, store="true") for n, name in enumerate(names, 1)]
    acts = (
        state("v1_a", "scheduled", START_NS),
        state("v1_b", "not_effective", START_NS, '["overstay"]'),
        state("v1_c", "deleted_verified", START_NS),
        state("v1_d", "scheduled", START_NS + 3 * DAY_NS),
        ActFact(START_NS, "hold", None, None, "a claim", "h" * 32, "v1_d", "ada", None),
    )
    database.ingest(replace(batch(*rows), acts=acts))

    told = Watched(database).told()

    assert told["upstream_stored_interactions"] == 4
    assert (told["retention_overdue"], told["retention_scheduled"]) == (2, 1)
    assert told["retention_deletion_lag_seconds"] == 86_400
    assert (told["retention_held"], told["retention_overstaying"]) == (1, 1)
    assert told["retention_attention_not_effective"] == 1
    assert told["retention_attention_denied"] == told["retention_resurrected"] == 0


def test_what_is_held_or_gone_is_not_late(database: Database) -> None:
    rows = [recording(n, interaction=f"v1_{n}", store="true") for n in (1, 2, 3)]
    acts = (
        state("v1_1", "scheduled", START_NS - DAY_NS),
        ActFact(START_NS, "hold", None, None, "a claim", "h" * 32, "v1_1", "ada", None),
        state("v1_2", "deleted_verified", START_NS),
        state("v1_3", "scheduled", START_NS + 3 * DAY_NS),
    )
    database.ingest(replace(batch(*rows), acts=acts))

    told = Watched(database).told()

    assert (told["retention_overdue"], told["retention_deletion_lag_seconds"]) == (0, 0)


def test_tables_are_asked_seldom_and_for_a_hundredth_of_the_time(database: Database) -> None:
    watched = Watched(database)
    for _ in range(3):
        watched.told()
    assert watched.asked == 1
    watched.mono_ns += EACH_NS
    watched.takes_ns = EACH_NS
    watched.told()
    assert watched.asked == 2
    watched.mono_ns += (SHARE - 2) * EACH_NS
    watched.told()
    assert watched.asked == 2
    watched.mono_ns += 2 * EACH_NS
    watched.told()
    assert watched.asked == 3
