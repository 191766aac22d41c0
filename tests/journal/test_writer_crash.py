"""proxy/journal/writer.py: really killed, at random points, again and again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journal.written import BOOT, WAIT_S, opened, read_all

ROOT = Path(__file__).parents[2]
CRASHES = int(os.environ.get("INTERACTIONS_PROXY_TEST_CRASHES", "3"))
"""How often a writer is killed; CI asks for 10."""


@pytest.mark.parametrize("crash", range(CRASHES))
def test_whatever_was_answered_before_a_kill_can_be_read_after_it(
    tmp_path: Path, crash: int
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"crash {crash}: seed {seed}")
    chance = random.Random(seed)
    command = [sys.executable, "-m", "tests.journal.doomed_writer", tmp_path, BOOT, seed]
    process = subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    answered = 0
    for line, _ in zip(process.stdout, range(chance.randrange(1, 300)), strict=False):
        answered = int(line)
    process.kill()
    # What it still said between our last look and its death was answered too.
    answered = max([answered, *map(int, process.stdout.read().splitlines())])
    process.stdout.close()
    process.wait(WAIT_S)

    with opened(tmp_path) as journal:
        batch = read_all(journal)
        assert not journal.is_alive()
        reading = journal.page()
    read = [frame.id.sequence for frame in batch.frames if frame.id.sequence]

    assert read == list(range(1, len(read) + 1))
    assert len(read) >= answered
    assert all(
        frame.entries[0].data == frame.id.sequence.to_bytes(8, "little")
        for frame in batch.frames
        if frame.id.sequence
    )
    assert all(damage.is_tail for damage in batch.damage)
    assert batch.is_end
    assert reading is not None
    assert reading.recorded <= len(read) <= reading.seen
