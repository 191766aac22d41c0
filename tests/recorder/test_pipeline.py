from __future__ import annotations

import threading

import pytest

from proxy.errors import KeyDestroyed
from proxy.journal.format import ExchangeId, Kind, Mode
from proxy.journal.page import WorkerPage
from proxy.journal.writer import JournalLimits
from proxy.recorder import pipeline as pipeline_module
from proxy.recording.decision import Decision
from proxy.recording.facts import ActFact, GapFact
from proxy.recording.group import SPILL_BYTES
from tests.journal.written import BOOT, WAIT_S, WORKER, entry, living, write_journal
from tests.recorder.played import (
    BOOT_TEXT,
    Scene,
    answered,
    begun,
    chunk,
    ended,
    gap,
    mode,
    name,
    reply,
    whole,
)

SMALL = JournalLimits(segment_bytes=16 * 1024, compress_bytes_min=1 << 30)


def test_what_a_worker_recorded_is_committed_and_handed_on(scene: Scene) -> None:
    with living(scene.folder) as worker:
        worker.commit(whole(worker.writer.begin()))
        pipeline = scene.pipeline()

        assert not pipeline.round(), "nothing is left"

        assert scene.outcomes() == {name(1): "complete"}
        (batch,) = scene.handed
        assert batch.exchanges == scene.told().exchanges


def test_steps_and_raw_bytes_are_opened_by_their_references(scene: Scene) -> None:
    write_journal(scene.folder, [whole(1)])
    scene.pipeline().catch_up()

    (committed,) = scene.told().exchanges

    (step,) = [step for step in committed.recording.steps if step.side == "output"]
    content = scene.reader().content(f"{committed.steps_ref}#{step.content_index}")
    assert b"reply 1" in content
    assert scene.reader().exchange(committed.raw_ref).response.data == reply(1)


def test_many_facts_are_committed_before_more_are_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_module, "COMMIT_ROWS", 1)
    monkeypatch.setattr(pipeline_module, "READ_BYTES", 1)
    write_journal(scene.folder, [whole(1), whole(2), whole(3)])

    scene.pipeline().catch_up()

    assert len(scene.handed) >= 3
    assert all(len(batch.exchanges) <= 1 for batch in scene.handed)


def test_an_open_exchange_waits_for_its_end(scene: Scene) -> None:
    with living(scene.folder) as worker:
        sequence = worker.writer.begin()
        worker.commit(begun(sequence))
        pipeline = scene.pipeline()
        pipeline.round()
        assert pipeline.status().open_count == 1
        assert scene.handed == []

        worker.commit(answered(sequence))
        pipeline.round()

        assert scene.outcomes() == {name(1): "complete"}
        assert pipeline.status().open_count == 0


def test_the_next_recorder_goes_on_and_repeats_nothing(scene: Scene) -> None:
    with living(scene.folder) as worker:
        first, second, third = (worker.writer.begin() for _ in range(3))
        worker.commit([*begun(first), *whole(second), mode(Mode.STRICT), gap(4)])
        scene.pipeline().catch_up()

        worker.commit([*answered(first), *whole(third)])
        scene.pipeline().catch_up()

        assert sorted(scene.outcomes()) == [name(1), name(2), name(3)]
        assert [one.exchange_count for one in scene.told().gaps] == [4]
        assert [act.kind for act in scene.told().acts] == ["mode"]


def test_a_dead_worker_leaves_interrupted_exchanges_and_no_files(scene: Scene) -> None:
    with living(scene.folder) as worker:
        worker.commit([*whole(worker.writer.begin()), *begun(worker.writer.begin())])

    pipeline = scene.pipeline()
    pipeline.catch_up()

    assert scene.outcomes() == {name(1): "complete", name(2): "interrupted"}
    (act,) = scene.told().acts
    assert (act.kind, act.boot) == ("recovery", BOOT_TEXT)
    assert scene.segments() == []
    assert scene.pages() == []
    assert (scene.folder / "keys" / "slots").exists()
    assert pipeline.status().journal_count == 0


def test_a_recorder_that_died_before_removing_the_files_records_nothing_twice(
    scene: Scene,
) -> None:
    write_journal(scene.folder, [whole(1)])
    kept = {path: path.read_bytes() for path in scene.folder.glob("journal/w*/*.seg")}
    scene.pipeline().catch_up()
    for path, content in kept.items():
        path.write_bytes(content)

    scene.pipeline().catch_up()

    assert scene.outcomes() == {name(1): "complete"}
    assert scene.segments() == []


def test_what_a_dead_available_worker_had_seen_and_not_recorded_is_a_gap(scene: Scene) -> None:
    with living(scene.folder) as worker:
        worker.page.mode = Mode.AVAILABLE
        worker.page.seen = 10
        worker.commit([*whole(worker.writer.begin()), gap(4)])

    scene.pipeline().catch_up()

    assert [one.exchange_count for one in scene.told().gaps] == [4, 5]


def test_a_strict_worker_that_died_lost_nothing_that_was_sent(scene: Scene) -> None:
    with living(scene.folder) as worker:
        worker.page.mode = Mode.STRICT
        worker.page.seen = 10
        worker.commit(whole(worker.writer.begin()))

    scene.pipeline().catch_up()

    assert scene.told().gaps == ()


def test_a_worker_that_died_before_its_journal_existed_is_a_gap(scene: Scene) -> None:
    page = WorkerPage.create(scene.folder / "run", worker=WORKER, boot=BOOT)
    page.mode = Mode.AVAILABLE
    page.seen = 2
    page.close()

    scene.pipeline().catch_up()

    assert [one.exchange_count for one in scene.told().gaps] == [2]
    assert scene.pages() == []


def test_gaps_and_modes_become_rows(scene: Scene) -> None:
    write_journal(scene.folder, [[gap(3), mode(Mode.AVAILABLE)]])

    scene.pipeline().catch_up()

    (found,) = scene.told().gaps
    assert isinstance(found, GapFact)
    assert (found.worker, found.boot, found.exchange_count) == (WORKER, BOOT_TEXT, 3)
    assert found.reason == "the disk was full"
    assert [act.detail for act in scene.told().acts] == ["available: asked"]


def test_notes_that_do_not_decode_are_told_as_damage(scene: Scene) -> None:
    write_journal(scene.folder, [[entry(0, Kind.GAP, b"?"), entry(0, Kind.MODE, b"")]])

    scene.pipeline().catch_up()

    assert [act.kind for act in scene.told().acts] == ["damage", "damage"]


def test_damage_in_a_journal_is_an_act_and_the_rest_is_recorded(scene: Scene) -> None:
    write_journal(scene.folder, [whole(number) for number in range(1, 40)], segment_bytes=8192)
    path = scene.folder / "journal" / f"w{WORKER}" / scene.segments()[0]
    content = bytearray(path.read_bytes())
    content[1000:1400] = b"\xff" * 400
    path.write_bytes(content)

    scene.pipeline().catch_up()

    where, lost = [act.detail for act in scene.told().acts if act.kind == "damage"]
    assert where.startswith("journal segment 0 at byte ")
    assert lost.startswith("nothing is left of 2 exchanges ")
    assert name(1) in scene.outcomes()
    assert name(39) in scene.outcomes()


def test_segments_go_once_their_exchanges_are_committed(scene: Scene) -> None:
    with living(scene.folder, SMALL) as worker:
        for _ in range(120):
            worker.commit(whole(worker.writer.begin()))
        before = scene.segments()
        pipeline = scene.pipeline()
        pipeline.catch_up()

        assert len(before) > 3
        assert len(scene.segments()) <= 2


def test_a_long_stream_lets_its_segments_go_and_survives_the_recorder(scene: Scene) -> None:
    with living(scene.folder, SMALL) as worker:
        long = worker.writer.begin()
        worker.commit(begun(long))
        pipeline = scene.pipeline(kept_segments=2)
        pieces = [bytes([number]) * 9000 for number in range(60)]
        for piece in pieces:
            worker.commit([chunk(long, piece), *whole(worker.writer.begin())])
            pipeline.round()
        kept = scene.segments()

        again = scene.pipeline(kept_segments=2)
        worker.commit(ended(long, sum(map(len, pieces))))
        again.catch_up()

    assert len(kept) <= 5
    assert len(scene.outcomes()) == 61
    (stream,) = [
        one for one in scene.told().exchanges if one.recording.exchange.exchange == name(long)
    ]
    exchange = scene.reader().exchange(stream.raw_ref)
    assert exchange.response.data == b"".join(pieces)
    assert [cut.size for cut in exchange.response.cuts] == [9000] * 60
    assert not exchange.has_lost_frames


def test_a_large_body_is_in_the_vault_before_its_exchange_ends(scene: Scene) -> None:
    with living(scene.folder, JournalLimits(segment_bytes=1 << 20)) as worker:
        sequence = worker.writer.begin()
        worker.commit(begun(sequence))
        pipeline = scene.pipeline(interpret_bytes_max=1000)
        piece = bytes(range(256)) * 800
        for _ in range(20):
            worker.commit([chunk(sequence, piece)])
            pipeline.round()
            assert pipeline.status().held_bytes <= 2 * SPILL_BYTES
        worker.commit(ended(sequence, 20 * len(piece)))
        pipeline.catch_up()

    (committed,) = scene.told().exchanges
    exchange = scene.reader().exchange(committed.raw_ref)
    assert exchange.response.data == piece * 20
    assert exchange.response.size == 20 * len(piece)


def test_an_exchange_erased_before_it_was_recorded_leaves_facts_alone(scene: Scene) -> None:
    write_journal(scene.folder, [begun(1), answered(1)])
    scene.keystore().destroy([ExchangeId(WORKER, BOOT, 1)])

    scene.pipeline().catch_up()

    (committed,) = scene.told().exchanges
    assert scene.outcomes() == {name(1): "interrupted"}
    assert committed.recording.exchange.problem_count > 0
    with pytest.raises(KeyDestroyed):
        scene.reader().exchange(committed.raw_ref)


def test_a_flush_waits_for_what_is_durable_and_a_stop_takes_the_rest(scene: Scene) -> None:
    with living(scene.folder) as worker:
        pipeline = scene.pipeline()
        thread = threading.Thread(target=pipeline.run)
        thread.start()
        worker.commit(whole(worker.writer.begin()))
        position = pipeline.flush().result(WAIT_S)
        flushed = scene.outcomes()
        worker.commit(whole(worker.writer.begin()))
        pipeline.stop()
        thread.join(WAIT_S)

        assert flushed == {name(1): "complete"}
        assert scene.outcomes() == {name(1): "complete", name(2): "complete"}
        assert scene.handed[0].position <= position


def test_who_gave_up_waiting_for_a_flush_harms_nobody(scene: Scene) -> None:
    with living(scene.folder) as worker:
        pipeline = scene.pipeline()
        worker.commit(whole(worker.writer.begin()))
        assert pipeline.flush().cancel()
        pipeline.stop()
        pipeline.run()

        assert scene.outcomes() == {name(1): "complete"}


def test_told_acts_are_durable_when_their_future_is_done(scene: Scene) -> None:
    pipeline = scene.pipeline()
    act = ActFact(1, "hold", None, None, "kept", act="f" * 32, actor="ada")
    running = threading.Thread(target=pipeline.run)
    running.start()

    position = pipeline.tell([act]).result(WAIT_S)
    told = scene.told().acts

    pipeline.stop()
    running.join(WAIT_S)
    assert act in told
    assert position <= pipeline.status().position
    assert [one for batch in scene.handed for one in batch.acts] == [act]


def test_acts_told_before_a_recorder_has_looked_around_forget_no_journal(scene: Scene) -> None:
    """A commit that does not name a journal says that it is gone: its exchanges would come again."""
    act = ActFact(1, "hold", None, None, "kept", act="f" * 32, actor="ada")
    with living(scene.folder) as worker:
        worker.commit(whole(worker.writer.begin()))
        scene.pipeline().catch_up()

        second = scene.pipeline()
        second.tell([act])
        second._grant_wishes()
        scene.pipeline().catch_up()

        assert scene.outcomes() == {name(1): "complete"}


def test_what_a_policy_decided_is_an_act_of_the_same_commit(scene: Scene) -> None:
    decided = Decision("rewrite", "no-storage", "as asked", body=b'{"model":"m","store":false}')
    first, *more = whole(1)
    told = entry(1, Kind.DECISION, decided.encode())
    write_journal(scene.folder, [[first, told, *more], whole(2)])

    scene.pipeline().catch_up()

    found = scene.told()
    (act,) = [act for act in found.acts if act.kind == "policy"]
    assert (act.interaction, act.actor) == ("v1_1", "policy")
    assert act.data == decided_act_data(name(1))
    (with_it, without) = found.exchanges
    assert with_it.recording.observations[0].store == "false"
    raw = scene.reader().exchange(with_it.raw_ref)
    assert Decision.decode(raw.decision) == decided
    assert scene.reader().exchange(without.raw_ref).decision == b""


def decided_act_data(exchange: str) -> str:
    return f'{{"decision":"rewrite","exchange":"{exchange}","policy":"no-storage"}}'
