"""How a recorder goes round its journals: whose turn it is, when it ends, and how far it says that it is behind."""

from __future__ import annotations

import itertools

import pytest

from proxy.errors import StoreError
from proxy.recorder import pipeline as pipeline_module
from tests.journal.written import WAIT_S, living, write_journal
from tests.recorder.played import Scene, name, whole


def test_a_round_ends_with_a_commit_however_much_there_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen under 250,000 requests: one round went on for eight minutes, and nobody heard of the recorder."""
    monkeypatch.setattr(pipeline_module, "COMMIT_EXCHANGES", 1)
    monkeypatch.setattr(pipeline_module, "READ_BYTES", 1)
    now_ns = 10**18
    monkeypatch.setattr("tests.recorder.played.still_ns", lambda: now_ns)
    write_journal(scene.folder, [whole(number) for number in (1, 2, 3)])
    pipeline = scene.pipeline()

    counts = []
    while pipeline.round():
        counts.append(pipeline.status().exchange_count)
        assert pipeline.status().caught_up_mono_ns < now_ns, (
            "it lags by the age of what it took last"
        )

    assert counts == [1, 2, 3]
    assert pipeline.status().caught_up_mono_ns == now_ns
    assert len(scene.outcomes()) == 3


def test_what_there_is_no_time_for_is_left_to_the_next_recorder(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen under 1,000 kills: a recorder whose supervisor was gone caught up for over a minute, and held the folder."""
    monkeypatch.setattr(pipeline_module, "LEAVE_WITHIN_NS", 0)
    with living(scene.folder) as worker:
        worker.commit(whole(worker.writer.begin()))
        leaving = scene.pipeline()
        waiting = leaving.flush()
        leaving.stop()
        leaving.run()
        assert scene.outcomes() == {}
        with pytest.raises(StoreError, match="is stopping"):
            waiting.result(WAIT_S)

        scene.pipeline().catch_up()
        assert scene.outcomes() == {name(1): "complete"}


def test_a_round_ends_when_the_recorder_is_told_to_leave(scene: Scene) -> None:
    """Seen after 200 kills: the journals of 85 dead workers, and a round that went through all of them."""
    write_journal(scene.folder, [whole(1)])
    pipeline = scene.pipeline()
    pipeline.stop()

    pipeline.round()

    assert scene.handed == []
    pipeline.run()
    assert scene.outcomes() == {name(1): "complete"}, "what its time allows is taken"


def test_how_far_it_lags_is_told_from_before_it_looked(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen with SIGSTOP: a recorder stopped in the middle of a look said that it had just caught up."""
    clock = itertools.count(1_000_000_000, 1_000_000_000)
    monkeypatch.setattr("tests.recorder.played.still_ns", lambda: next(clock))
    with living(scene.folder):
        pipeline = scene.pipeline()
        before = next(clock)
        pipeline.round()
        by_round = pipeline.status().caught_up_mono_ns
        pipeline.catch_up()
        by_catching_up = pipeline.status().caught_up_mono_ns

    assert by_round == before + 1_000_000_000
    assert by_round < by_catching_up
