"""A data folder with many sealed exchanges and their signed trail, written by the recorder's own vault and follower.

`python -m tests.scale.sealed FOLDER COUNT` writes one of COUNT exchanges: each is a question and an interaction of
five steps.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson

from proxy.journal.slots import SlotFile
from proxy.recording.facts import Recording
from proxy.recording.group import Finished
from proxy.store.position import CommittedFacts
from tests.bench.target import interaction
from tests.recorder.trail.trodden import CLOSED, Trodden
from tests.store.samples import recording, step
from tests.store.vault.built import CURSORS, JOURNAL, MASTER, VaultFolder, finished

SEALED: Final = int(os.environ.get("SCALE_EXCHANGES", "2000"))
IN_ONE_COMMIT: Final = 100
"""Exchanges; a recorder commits up to twenty times a second."""
QUESTION: Final = '{"model":"gemini-3-flash-preview","input":"Why is the sky blue, number %d?"}'
SAID: Final = b"The answer, in a few"
RARE: Final = b"The answer, in seltenen"
"""Said once in one of RARELY."""
RARELY: Final = 500

Told = Callable[[CommittedFacts], object]


def make_sealed(
    folder: Path, count: int, told: Told = lambda _: None, began_s: int = 0, over_s: int = 0
) -> Trodden:
    """Keys, vault and trail; the last checkpoint is held, the worker is gone.

    `told` hears of each exchange; they are told to have been in the `over_s` seconds from `began_s` after START_NS.
    """
    made = Trodden(VaultFolder(folder))
    slots = SlotFile.create(folder / "keys" / "slots", MASTER, *JOURNAL)
    slots.ensure(count)
    slots.close()
    vault = made.vault.open()
    for sequence, (one, meaning) in enumerate(_exchanges(count, began_s, over_s), 1):
        committed = vault.append(one, meaning)
        assert committed is not None
        told(committed)
        if sequence == count or sequence % IN_ONE_COMMIT == 0:
            vault.commit(CLOSED if sequence == count else CURSORS)
    vault.close()
    made.sequence = count
    made.follow()
    made.hold()
    return made


def name_of(sequence: int) -> str:
    """Of an interaction."""
    return f"v1_one.{sequence}"


def _exchanges(count: int, began_s: int, over_s: int) -> Iterator[tuple[Finished, Recording]]:
    for sequence in range(1, count + 1):
        question = QUESTION % sequence
        answer = interaction(sequence).partition(b"\r\n\r\n")[2]
        if sequence % RARELY == 0:
            answer = answer.replace(SAID, RARE)
        told = orjson.loads(answer)["steps"][:4]
        asked = {"type": "user_input", "content": [{"type": "text", "text": question[42:-2]}]}
        steps = (
            step("user_input", 0, "input"),
            *(step(one["type"], index) for index, one in enumerate(told)),
        )
        seconds = began_s + over_s * sequence // (count + 1)
        name = name_of(sequence)
        meaning = recording(sequence, interaction=name, seconds=seconds, steps=steps)
        contents = tuple(orjson.dumps(one) for one in (asked, *told))
        yield (
            finished(sequence, question.encode(), answer),
            replace(meaning, contents=contents),
        )


if __name__ == "__main__":
    make_sealed(Path(sys.argv[1]), int(sys.argv[2]))
