"""A process that journals and records for real, under the shim. Started by `traced`, told everything by one argument.

Ends by itself after its steps, or at the call it was told to end at, as by kill -9. The trace is left behind.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from proxy.errors import JournalUnavailable, StoreError
from proxy.journal.format import Mode
from proxy.journal.keys import MasterKey
from proxy.journal.page import WorkerPage
from proxy.journal.seal import QueuedEntry
from proxy.journal.segments.file import segment_path
from proxy.journal.slots import Keystore, slots_path
from proxy.journal.writer import JournalLimits, JournalWriter, LoopCalls
from proxy.recorder.follow import Follower
from proxy.recorder.pipeline import Pipeline
from proxy.recording.group import ExchangeGroup
from proxy.store.position import FactBatch
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.reader import VaultReader
from proxy.store.vault.writer import Vault
from tests.crash_states.entries import answering, begun, ended, gap, mode
from tests.crash_states.shim import Fault, Shim, Trace
from tests.journal.written import still_ns

if TYPE_CHECKING:
    from tests.crash_states.tables import Tables

ROOT: Final = Path(__file__).parents[2]
SEGMENT_BYTES: Final = 16 * 1024
VAULT_FILE_BYTES: Final = 24 * 1024
KEEP_BYTES: Final = 1024 * 1024
DAY_NS: Final = 24 * 3600 * 1_000_000_000
WAIT_S: Final = 30.0
OPEN_MAX: Final = 6
"""Exchanges under way at once in one worker."""
STARTS_MAX: Final = 4
"""More often than any run's faults can refuse a start."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One process: what it does follows from it."""

    seed: str
    steps: int = 30
    workers: int = 1
    has_recorder: bool = True
    has_tables: bool = False
    loses_files: bool = False
    """Somebody else removes files that are in use, now and then."""
    without: str = ""
    faults: tuple[Fault, ...] = ()
    ends_at: int = 0
    """Ends at the event of this number, counted over the whole trace."""


def traced(folder: Path, specs: Sequence[Spec]) -> Trace:
    """What these processes, one after the other, did to folder/data."""
    (folder / "data").mkdir(parents=True)
    trace = folder / "trace"
    trace.write_bytes(pickle.dumps(Trace()))
    for spec in specs:
        told = folder / "spec"
        told.write_bytes(pickle.dumps(spec))
        done = subprocess.run(
            [sys.executable, "-m", "tests.crash_states.run", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode()
    found = pickle.loads(trace.read_bytes())
    assert isinstance(found, Trace)
    return found


class Worker:
    """One journal: a writer, and the exchanges under way in it."""

    def __init__(self, data: Path, shim: Shim, chance: Random, number: int) -> None:
        self.id = number, chance.getrandbits(64)
        self._data = data
        self._shim = shim
        self._chance = chance
        self._open: dict[int, int] = {}
        """Sequence: bytes of the answer so far."""
        self._answers: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        master = MasterKey.load_or_create(data / "keys" / "master.key")
        self._page = WorkerPage.create(data / "run", worker=number, boot=self.id[1])
        self._page.mode = Mode.STRICT
        self._writer = JournalWriter.open(
            data,
            master=master,
            page=self._page,
            limits=JournalLimits(segment_bytes=SEGMENT_BYTES, slots_ahead_min=1),
            loop=LoopCalls(lambda call, about: call(about), self._told, self._failed),
            now_ns=still_ns,
            mono_ns=still_ns,
        )

    def commit(self) -> None:
        """One group commit of some entries; returns when they are acknowledged, or the journal failed."""
        entries: list[QueuedEntry] = []
        try:
            for _ in range(self._chance.randint(1, 4)):
                entries += self._some_entries()
            for sequence, kind, flags, _, _, data in entries:
                self._shim.mark("appended", self.id, sequence, int(kind), data)
                self._writer.append(sequence, kind, data, flags)
            ticket = self._writer.flush()
        except JournalUnavailable:
            return
        while (answer := self._answers.get(timeout=WAIT_S)) is not None and answer < ticket:
            pass

    def lose(self) -> None:
        """Somebody removes the segment in use or the slots. The next commit notices."""
        reading = self._page.words[8] >> 40
        journal = self._data / "journal" / f"w{self.id[0]}"
        slots = slots_path(self._data / "keys" / "slots", *self.id)
        path = self._chance.choice([segment_path(journal, self.id[1], reading), slots])
        self._shim.mark("lost", self.id)
        path.unlink(missing_ok=True)

    def look(self) -> None:
        self._writer.look_at_disk()

    def close(self) -> None:
        self._writer.close(WAIT_S)
        self._page.close()

    def _told(self, ticket: int) -> None:
        self._shim.mark("told", self.id, ticket)
        self._answers.put(ticket)

    def _failed(self, reason: str) -> None:
        self._shim.mark("failed", self.id, reason)
        self._answers.put(None)

    def _some_entries(self) -> list[QueuedEntry]:
        chance = self._chance
        what = chance.random()
        if what < 0.04:
            return [gap(chance.getrandbits(40))]
        if what < 0.08:
            return [mode(chance.getrandbits(40))]
        if len(self._open) < OPEN_MAX and (what < 0.6 or not self._open):
            sequence = self._writer.begin()
            asked = begun(sequence, self._words())
            if what < 0.4:
                words = self._words()
                answer = answering(sequence, words, is_first=True)
                return [*asked, *answer, *ended(sequence, len(words))]
            self._open[sequence] = 0
            return asked
        sequence = chance.choice(list(self._open))
        if what < 0.85:
            words = self._words()
            is_first = self._open[sequence] == 0
            self._open[sequence] += len(words)
            return answering(sequence, words, is_first=is_first)
        size = self._open.pop(sequence)
        return ended(sequence, size)

    def _words(self) -> bytes:
        return self._chance.randbytes(self._chance.choice((20, 200, 900, 2500))).hex().encode()


class Recorder:
    """A pipeline that goes on from the vault's last commit. Abandoned, not closed, when it ends."""

    def __init__(self, data: Path, shim: Shim, day: int, tables: Tables | None) -> None:
        self._shim = shim
        self._tables = tables
        master = MasterKey.load_or_create(data / "keys" / "master.key")
        keys = Keystore(data / "keys" / "slots", master)
        self._vault = Vault.open(
            data / "vault",
            keystore=keys,
            facts_keys=FactsKeys(data / "keys" / "facts", master),
            now_ns=lambda: still_ns() + day * DAY_NS,
            file_bytes_max=VAULT_FILE_BYTES,
        )
        self.pipeline = Pipeline(
            vault=self._vault,
            follower=Follower(data, keys, self._vault.state.cursors),
            group=ExchangeGroup(KEEP_BYTES),
            hand_on=self._take,
            now_ns=still_ns,
            mono_ns=still_ns,
            kept_segments=1,
        )
        reader = VaultReader(data / "vault", keys, FactsKeys(data / "keys" / "facts", master))
        self.pipeline.restore(reader, KEEP_BYTES)
        reader.close()

    def _take(self, batch: FactBatch) -> None:
        facts = [one.recording.exchange for one in batch.exchanges]
        self._shim.mark(
            "recorded",
            tuple(
                (one.exchange, one.outcome, one.request_bytes, one.response_bytes) for one in facts
            ),
            tuple(gap.exchange_count for gap in batch.gaps),
            tuple(act.detail for act in batch.acts if act.kind == "mode"),
        )
        if self._tables is not None:
            self._shim.mark("tables", self._tables.take(batch))


def _tables(folder: Path) -> Tables:
    from tests.crash_states.tables import Tables  # DuckDB takes longer to load than the rest to run

    return Tables(folder / "tables")


def _started(data: Path, shim: Shim, chance: Random, number: int) -> Worker:
    """A worker whose disk may refuse its first segments: started again, as the supervisor does."""
    for _ in range(STARTS_MAX - 1):
        with suppress(JournalUnavailable):
            return Worker(data, shim, chance, number)
    return Worker(data, shim, chance, number)


def _play(folder: Path, spec: Spec, shim: Shim) -> None:
    chance = Random(spec.seed)
    data = folder / "data"
    tables = _tables(folder) if spec.has_tables else None
    day = chance.randrange(3)
    workers = [_started(data, shim, chance, number) for number in range(spec.workers)]
    recorder = Recorder(data, shim, day, tables) if spec.has_recorder else None
    for _ in range(spec.steps):
        what = chance.random()
        worker = chance.choice(workers)
        if recorder is not None and what < 0.2:
            recorder.pipeline.round()
        elif spec.has_recorder and what < 0.24:
            day += chance.randrange(2)
            recorder = None
            with suppress(StoreError):  # a worker has not restored its keys yet: the next one tries
                recorder = Recorder(data, shim, day, tables)
        elif what < 0.27:
            worker.close()
            workers[workers.index(worker)] = _started(data, shim, chance, worker.id[0])
        elif what < 0.3:
            worker.look()
        elif what < 0.35 and spec.loses_files:
            worker.lose()
        else:
            worker.commit()
    if recorder is not None:
        recorder.pipeline.catch_up()
    if tables is not None:
        tables.close()


def main() -> None:
    folder = Path(sys.argv[1])
    spec: Spec = pickle.loads((folder / "spec").read_bytes())
    trace: Trace = pickle.loads((folder / "trace").read_bytes())

    def end() -> None:
        shim.save(folder / "trace")
        os._exit(0)  # in the middle of whatever it is: nothing is closed, flushed or said

    shim = Shim(
        folder / "data",
        trace,
        without=spec.without,
        faults=spec.faults,
        ends_at=spec.ends_at,
        end=end,
    )
    shim.install()
    _play(folder, spec, shim)
    end()


if __name__ == "__main__":
    main()
