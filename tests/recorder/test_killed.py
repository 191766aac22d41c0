"""A recorder that is really killed, again and again, at random points of a printed seed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.journal.format import ExchangeId
from proxy.journal.seal import QueuedEntry
from proxy.journal.writer import JournalLimits
from proxy.recorder.rebuild import rebuild
from tests.journal.written import BOOT, WORKER, LivingWriter, living
from tests.recorder.played import Scene, answered, begun, chunk, ended, reply, whole
from tests.recorder.rows import all_rows
from tests.recorder.served import ask

ROUNDS = 6
SEEDS = int(os.environ.get("RECORDER_SEEDS", "1"))
LIMITS = JournalLimits(segment_bytes=64 * 1024, compress_bytes_min=1 << 30)
"""Small segments, so that many are dropped, and exchanges carried, while recorders die."""


@contextmanager
def recorder(settings_file: Path) -> Iterator[subprocess.Popen[str]]:
    """A recorder process; killed at the end of the block, wherever it is."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "proxy.recorder", "--settings", str(settings_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def is_ready(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "ready\n"


class Worker:
    """Writes exchanges of all sizes; knows what each must have become."""

    def __init__(self, living_writer: LivingWriter, chance: random.Random) -> None:
        self._living = living_writer
        self._chance = chance
        self._open: dict[int, bytes] = {}
        self.bodies: dict[int, bytes] = {}

    def write(self, commit_count: int) -> None:
        for _ in range(commit_count):
            entries: list[QueuedEntry] = []
            for _ in range(self._chance.randrange(1, 6)):
                entries += self._some_entries()
            self._living.commit(entries)

    def end_all(self) -> None:
        for sequence in list(self._open):
            self._living.commit(self._end(sequence))

    def _some_entries(self) -> list[QueuedEntry]:
        what = self._chance.random()
        if what < 0.6 or not self._open:
            sequence = self._living.writer.begin()
            if what < 0.45:
                self.bodies[sequence] = reply(sequence)
                return whole(sequence)
            self._open[sequence] = b""
            return begun(sequence)
        sequence = self._chance.choice(list(self._open))
        if what < 0.85:
            piece = self._chance.randbytes(self._chance.choice([10, 5000, 60_000]))
            self._open[sequence] += piece
            return [chunk(sequence, piece)]
        return self._end(sequence)

    def _end(self, sequence: int) -> list[QueuedEntry]:
        body = self._open.pop(sequence)
        self.bodies[sequence] = body or reply(sequence)
        return ended(sequence, len(body)) if body else answered(sequence)


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
async def test_a_recorder_killed_at_random_loses_nothing_and_doubles_nothing(
    scene: Scene, seed: int
) -> None:
    chance = random.Random(seed)
    settings_file = scene.settings_file()

    with living(scene.folder, LIMITS) as living_writer:
        worker = Worker(living_writer, chance)
        for _ in range(ROUNDS):
            worker.write(chance.choice([0, 10, 150]))  # work that it is killed in the middle of
            with recorder(settings_file) as process:
                is_awaited = chance.random() < 0.9
                assert not is_awaited or is_ready(process)
                worker.write(chance.choice([0, 1, 5, 60]))
        worker.end_all()
        with recorder(settings_file) as process:
            assert is_ready(process)
            status, told = await ask(scene.folder / "run", "POST", "/flush")
            process.terminate()
            assert process.wait() == 0

    assert (status, told["open"]) == (200, 0)
    expected = {str(ExchangeId(WORKER, BOOT, number)): "complete" for number in worker.bodies}
    assert scene.outcomes() == expected
    assert len(scene.segments()) <= 3
    reader = scene.reader()
    for committed in scene.told().exchanges:
        exchange = reader.exchange(committed.raw_ref)
        assert exchange.response.data == worker.bodies[exchange.id.sequence]
        assert not exchange.has_lost_frames
    followed = all_rows(scene.folder)
    rebuild(scene.settings(), lambda _count: None)
    assert all_rows(scene.folder) == followed
    assert len(followed["exchanges"]) == len(expected)


def test_a_recorder_ends_when_its_lifeline_does(scene: Scene) -> None:
    with recorder(scene.settings_file()) as process:
        assert is_ready(process)
        assert process.stdin is not None

        process.stdin.close()

        assert process.wait() == 0
        process.stdin = None


def test_a_second_recorder_is_refused(scene: Scene) -> None:
    settings_file = scene.settings_file()

    with recorder(settings_file) as first:
        assert is_ready(first)
        with recorder(settings_file) as second:
            assert second.wait() == 3
        pid = json.loads((scene.folder / "run" / "recorder.lock").read_text())

    assert pid == first.pid
