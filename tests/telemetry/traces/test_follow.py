from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import PositionUnknown
from proxy.recording.facts import Recording
from proxy.store.position import CommittedFacts, FactBatch, VaultPosition
from proxy.telemetry.traces import follow
from proxy.telemetry.traces.follow import Exported, SpanFollower
from proxy.telemetry.traces.sampling import Sampler
from proxy.telemetry.traces.span import Span
from tests.telemetry.traces.mapping.trees import create, span_tree

NOW_NS = 10**18
SPANS_EACH = 3


def batch(offset: int, *sequences: int) -> FactBatch:
    committed = [CommittedFacts(create(number), None, (), "r") for number in sequences]
    return FactBatch(tuple(committed), (), (), VaultPosition("20261120-000001", offset))


class Collector:
    """Takes everything, or as told."""

    def __init__(self, *answers: Exported | Exception) -> None:
        self.spans: list[Span] = []
        self.sizes: list[int] = []
        self.answers = list(answers)
        self.is_closed = False

    def export(self, spans: Sequence[Span]) -> Exported:
        self.sizes.append(len(spans))
        answer = self.answers.pop(0) if self.answers else Exported(len(spans), None)
        if isinstance(answer, Exception):
            raise answer
        self.spans += spans[: answer.taken]
        return answer

    def close(self) -> None:
        self.is_closed = True

    @property
    def records(self) -> list[str]:
        """Which exchanges it knows, in the order of arrival."""
        roots = [span.attributes for span in self.spans if span.kind.name == "SERVER"]
        return [str(one["ixp.audit.record_id"]).rpartition("-")[2] for one in roots]


class Vault:
    """What the vault holds, and whether it can be asked."""

    def __init__(self, *batches: FactBatch, error: Exception | None = None) -> None:
        self.batches, self.error = batches, error

    def follow(self, position: VaultPosition) -> Iterator[FactBatch]:
        if self.error is not None:
            raise self.error
        yield from (one for one in self.batches if one.position > position)

    def close(self) -> None:
        pass


def follower(
    collector: Collector, place: Path, began: int = 0, vault: Vault | None = None, tree: Any = None
) -> SpanFollower:
    return SpanFollower(
        tree or span_tree(),
        collector,
        lambda: vault or Vault(),  # type: ignore[arg-type,return-value]  # a stand-in
        place=place,
        began=VaultPosition("20261120-000001", began),
        clocks=(lambda: NOW_NS, lambda: 0),
    )


def run_to_the_end(one: SpanFollower) -> None:
    one.stop()
    one.run()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "spans.json"


def test_what_was_offered_arrives_once_and_in_order(place: Path) -> None:
    collector = Collector()
    spans = follower(collector, place)
    spans.offer(batch(10, 1, 2))
    spans.offer(batch(20, 3))
    assert spans.status().queued_exchanges == 3

    run_to_the_end(spans)

    assert collector.records == ["1", "2", "3"]
    assert spans.status().exported_spans == 3 * SPANS_EACH
    assert spans.status().queued_exchanges == 0
    assert collector.is_closed


def test_a_thread_of_its_own_sends_until_it_is_stopped(place: Path) -> None:
    collector = Collector()
    spans = follower(collector, place)
    spans.start()
    spans.offer(batch(10, 1))

    spans.stop()

    assert collector.records == ["1"]


def test_a_collector_that_does_not_answer_holds_the_end_up_for_a_bounded_time(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follow, "REST_S", 0.01)
    monkeypatch.setattr(follow, "BREAK_OFF_S", 0.01)
    asked, answered = threading.Event(), threading.Event()

    class Silent(Collector):
        def export(self, spans: Sequence[Span]) -> Exported:
            asked.set()
            answered.wait()
            return super().export(spans)

    collector = Silent()
    spans = follower(collector, place)
    spans.start()
    spans.offer(batch(10, 1))
    assert asked.wait(30)

    with caplog.at_level(logging.WARNING):
        spans.stop()

    assert collector.is_closed
    assert "the next recorder tells the rest" in caplog.text
    answered.set()


def test_exports_have_a_bounded_size(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "BATCH_SPANS", 4)
    collector = Collector()
    spans = follower(collector, place)
    spans.offer(batch(10, 1, 2, 3))

    run_to_the_end(spans)

    assert collector.sizes == [4, 4, 1]


def test_what_does_not_fit_is_dropped_and_counted(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "QUEUE_EXCHANGES_MAX", 3)
    collector = Collector()
    spans = follower(collector, place)
    for number in range(1, 6):
        spans.offer(batch(number * 10, number))
    assert (spans.status().queued_exchanges, spans.status().dropped_exchanges) == (3, 2)

    run_to_the_end(spans)

    assert collector.records == ["1", "2", "3"]


def test_a_commit_larger_than_the_queue_is_taken_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "QUEUE_ROWS_MAX", 1)
    collector = Collector()
    spans = follower(collector, place)
    spans.offer(batch(10, 1, 2))
    spans.offer(batch(20, 3))

    run_to_the_end(spans)

    assert collector.records == ["1", "2"]
    assert spans.status().dropped_exchanges == 1


def test_what_the_collector_does_not_take_is_counted_and_told_once(
    place: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "BATCH_SPANS", SPANS_EACH)
    away = Exported(0, "the collector is away")
    collector = Collector(away, away)
    spans = follower(collector, place)
    spans.offer(batch(10, 1, 2, 3))

    with caplog.at_level(logging.WARNING):
        for one in spans._queued():
            spans._take(one)

    status = spans.status()
    assert (status.exported_spans, status.failed_spans) == (SPANS_EACH, 2 * SPANS_EACH)
    assert status.problem is None
    assert [record.getMessage() for record in caplog.records] == [
        "spans are not taken: the collector is away",
        "spans are taken again; 6 were given up so far",
    ]


def test_traces_that_are_not_sampled_are_counted(place: Path) -> None:
    spans = follower(Collector(), place, tree=span_tree(Sampler(lambda _, caller: bool(caller))))
    spans.offer(batch(10, 1, 2))

    run_to_the_end(spans)

    assert spans.status().unsampled_exchanges == 2


def test_the_next_recorder_goes_on_where_the_last_one_ended(place: Path) -> None:
    first, second = Collector(), Collector()
    spans = follower(first, place)
    spans.offer(batch(10, 1))
    run_to_the_end(spans)
    vault = Vault(batch(10, 1), batch(20, 2), batch(30, 3))

    later = follower(second, place, began=20, vault=vault)
    later.offer(batch(30, 3))
    later.offer(batch(40, 4))
    later._catch_up()
    run_to_the_end(later)

    assert first.records == ["1"]
    assert second.records == ["2", "3", "4"]


def test_a_kill_before_the_first_batch_loses_none_of_it(place: Path) -> None:
    killed, second = follower(Collector(), place, began=10), Collector()
    killed._catch_up()
    killed.offer(batch(20, 1))

    follower(second, place, began=20, vault=Vault(batch(20, 1)))._catch_up()

    assert second.records == ["1"]


def test_a_collector_that_is_away_at_the_end_gets_the_rest_from_the_next_recorder(
    place: Path,
) -> None:
    first, second = Collector(Exported(0, "away")), Collector()
    spans = follower(first, place)
    spans.offer(batch(10, 1))
    run_to_the_end(spans)
    spans = follower(second, place, began=10, vault=Vault(batch(10, 1)))
    place.write_text(json.dumps({"file": "20261120-000001", "offset": 0, "at": NOW_NS}))

    spans._catch_up()

    assert (first.records, second.records) == ([], ["1"])


@pytest.mark.parametrize(
    "told",
    [
        "",
        "{}",
        "[]",
        '{"file": "20261120-000001", "offset": 0, "at": 1}',
        '{"file": "20261120-000001", "offset": null, "at": "x"}',
    ],
)
def test_what_was_recorded_while_nobody_sent_spans_is_not_sent_later(
    place: Path, told: str
) -> None:
    place.write_text(told)
    collector = Collector()

    follower(collector, place, began=10, vault=Vault(batch(10, 1)))._catch_up()

    assert collector.records == []


def test_a_vault_that_does_not_know_the_place_costs_only_what_was_before(place: Path) -> None:
    place.write_text(json.dumps({"file": "19990101-000001", "offset": 5, "at": NOW_NS}))
    collector = Collector()
    vault = Vault(error=PositionUnknown("another vault"))
    spans = follower(collector, place, began=10, vault=vault)
    spans.offer(batch(20, 2))

    spans._catch_up()
    run_to_the_end(spans)

    assert collector.records == ["2"]


def test_a_bug_in_making_spans_costs_one_exchange_and_tells_no_content(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def __init__(self) -> None:
            self.good = span_tree()

        def spans(self, recording: Recording) -> list[Span]:
            if recording.exchange.sequence == 1:
                raise ValueError("a secret prompt")
            return self.good.spans(recording)

    collector = Collector()
    spans = follower(collector, place, tree=Broken())
    spans.offer(batch(10, 1, 2))

    with caplog.at_level(logging.ERROR):
        run_to_the_end(spans)

    assert collector.records == ["2"]
    assert spans.status().failed_spans == 1
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_a_bug_in_sending_ends_the_spans_and_not_the_recording(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collector = Collector(RuntimeError("a secret header"))
    spans = follower(collector, place)
    spans.offer(batch(10, 1))

    with caplog.at_level(logging.ERROR):
        run_to_the_end(spans)
    spans.offer(batch(20, 2))

    assert spans.status().dropped_exchanges == 1
    assert spans.status().problem == "ended by a bug"
    assert "secret" not in caplog.text


def test_a_place_that_cannot_be_written_is_told_and_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collector = Collector()
    spans = follower(collector, tmp_path / "missing" / "spans.json")
    spans.offer(batch(10, 1))

    with caplog.at_level(logging.WARNING):
        run_to_the_end(spans)

    assert collector.records == ["1"]
    assert "the place of the spans is not kept" in caplog.text
