"""The wall clock steps back and forth, in the gateway and in the recorder: order and durations do not follow it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proxy.journal.format import ExchangeEnd, Kind, Outcome
from proxy.journal.page import WorkerPage
from proxy.journal.writer import JournalLimits, JournalWriter
from tests.journal.written import BOOT, MASTER, WAIT_S, WORKER, Answers, LivingWriter
from tests.journal.written import still_ns as beginning
from tests.recorder.played import Scene, begun, name, reply
from tests.recorder.rows import all_rows
from tests.recorder.served import ask, serving

HOUR = 3600
DAYS = 24 * HOUR
STEP_NS = 1_000_000
"""What passes between two looks at the steady clock."""


@dataclass(slots=True)
class Clocks:
    """A wall clock that can be moved, and a steady one that cannot."""

    wall_ns: int
    _steady: itertools.count[int]

    @classmethod
    def begin(cls) -> Clocks:
        return cls(beginning(), itertools.count(STEP_NS, STEP_NS))

    def now_ns(self) -> int:
        return self.wall_ns

    def mono_ns(self) -> int:
        return next(self._steady)

    def jump(self, seconds: int) -> None:
        self.wall_ns += seconds * 1_000_000_000


def worker_on(folder: Path, clocks: Clocks) -> LivingWriter:
    page = WorkerPage.create(folder / "run", worker=WORKER, boot=BOOT)
    answers = Answers()
    writer = JournalWriter.open(
        folder,
        master=MASTER,
        page=page,
        limits=JournalLimits(segment_bytes=16 * 1024),
        loop=answers.calls(),
        now_ns=clocks.now_ns,
        mono_ns=clocks.mono_ns,
    )
    return LivingWriter(writer, page, answers)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(jumps=st.lists(st.integers(-40 * DAYS, 40 * DAYS), min_size=1, max_size=8))
@example(jumps=[3 * DAYS, -3 * DAYS, -DAYS, HOUR])
@example(jumps=[-1, 1, -HOUR, HOUR])
def test_whatever_the_wall_clock_does_each_exchange_is_recorded_once_and_lasts_what_it_lasted(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, jumps: list[int]
) -> None:
    scene, clocks = Scene(tmp_path_factory.mktemp("jumps")), Clocks.begin()
    monkeypatch.setattr("tests.recorder.played.still_ns", clocks.now_ns)

    record_through(scene, clocks, jumps)
    scene.pipeline().catch_up()

    facts = [one.recording.exchange for one in scene.told().exchanges]
    assert scene.outcomes() == {name(n): "complete" for n in range(1, len(jumps) + 1)}
    assert [fact.sequence for fact in facts] == list(range(1, len(jumps) + 1))
    assert all(0 < fact.duration_ns < 1_000_000_000 for fact in facts)


async def test_the_tables_follow_a_vault_whose_days_jump(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = Clocks.begin()
    monkeypatch.setattr("tests.recorder.played.still_ns", clocks.now_ns)

    record_through(scene, clocks, [3 * DAYS, -3 * DAYS, -DAYS, HOUR])
    async with serving(scene):
        status, _ = await ask(scene.folder / "run", "POST", "/flush")

    assert status == 200
    assert len(all_rows(scene.folder)["exchanges"]) == 4


def record_through(scene: Scene, clocks: Clocks, jumps: list[int]) -> None:
    """One exchange per jump, in the middle of which it happens; recorded as it goes."""
    worker = worker_on(scene.folder, clocks)
    pipeline = scene.pipeline()
    for jump in jumps:
        sequence = worker.writer.begin()
        worker.commit(begun(sequence))
        pipeline.round()
        clocks.jump(jump)
        body = reply(sequence)
        end = ExchangeEnd(Outcome.COMPLETE, len(body), "").encode()
        worker.commit(
            [
                (sequence, Kind.RESPONSE_CHUNK, 0, 0, 0, body),
                (sequence, Kind.END, 0, 0, 0, end),
            ]
        )
        pipeline.round()
    worker.writer.close(WAIT_S)
    worker.page.close()
