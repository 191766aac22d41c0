"""What passes now: exchanges that are open, read as far as they are, and the last ones that ended.

The group is the pipeline's; who looks takes turns with it. A look costs what the open streams weigh, so it
is made only while somebody watches, and what did not grow since the last look is not read again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from proxy.admin.seeing.live import STEPS_MAX, Look, Passed
from proxy.journal.reader import Frame
from proxy.recorder.meaning import recording_of
from proxy.recorder.pipeline import PipelineStatus
from proxy.recorder.tables import TablesStatus
from proxy.recording.exchange import Exchange
from proxy.recording.facts import Recording
from proxy.recording.group import Carried, ExchangeGroup, Finished, Place, Taken
from proxy.store.position import FactBatch

OPEN_MAX: Final = 30
"""Open exchanges of one look: more than a screen shows."""
OPEN_BYTES_MAX: Final = 1024 * 1024
"""Of one open exchange to be read for its steps, some 10 ms; of larger ones only their heads are."""
ENDED_MAX: Final = 300
"""Exchanges that ended, kept in memory with what is shown of them: 2 KB each, 100 KB at most."""

Interpreter = Callable[[Exchange], Recording]


class WatchedGroup(ExchangeGroup):
    """The pipeline's exchanges, at which others may look."""

    def __init__(self, interpret_bytes_max: int) -> None:
        super().__init__(interpret_bytes_max)
        self._turn = threading.Lock()

    def take(self, frame: Frame) -> list[Taken]:
        with self._turn:
            return super().take(frame)

    def interrupt(self, worker: int, boot: int) -> list[Finished]:
        with self._turn:
            return super().interrupt(worker, boot)

    def carry(self, worker: int, boot: int, before_segment: int, place: Place) -> list[Carried]:
        with self._turn:
            return super().carry(worker, boot, before_segment, place)

    def under_way(self, count_max: int, bytes_max: int) -> list[Exchange]:
        with self._turn:
            return super().under_way(count_max, bytes_max)


class LiveBoard:
    """`offer` in the pipeline's thread; `mark` and `look` in any."""

    def __init__(self, group: ExchangeGroup, interpreter: Interpreter = recording_of) -> None:
        self.group = group
        self._interpreter = interpreter
        self._turn = threading.Lock()
        self._ended: deque[Passed] = deque(maxlen=ENDED_MAX)
        self._count = 0
        self._read: OrderedDict[str, tuple[int, Recording]] = OrderedDict()
        """Of open exchanges by id: the bytes there were, what they meant."""

    def offer(self, batch: FactBatch) -> None:
        """A batch after its commit."""
        for committed in batch.exchanges:
            self._count += 1
            told = committed.recording
            self._ended.append(Passed(self._count, shown(told), len(told.steps)))

    def mark(self) -> tuple[int, int, int]:
        """Changes whenever a look would show something else."""
        return self._count, self.group.open_count, self.group.held_bytes

    def look(self, after: int) -> Look:
        """What is open, and what ended behind number `after`."""
        ended = [each for each in self._copied() if each.number > after]
        with self._turn:
            opened = self.group.under_way(OPEN_MAX, OPEN_BYTES_MAX)
            told = [self._meaning(each) for each in opened]
        return Look(max((each.number for each in ended), default=after), told, ended)

    def _copied(self) -> Sequence[Passed]:
        while True:
            try:
                return list(self._ended)
            except RuntimeError:  # the pipeline added one meanwhile
                continue

    def _meaning(self, exchange: Exchange) -> Recording:
        name, size = str(exchange.id), exchange.request.size + exchange.response.size
        known = self._read.get(name)
        if known is None or known[0] != size:
            known = (size, self._interpreter(exchange))
        self._read[name] = known
        self._read.move_to_end(name)
        while len(self._read) > OPEN_MAX:
            self._read.popitem(last=False)
        return known[1]


def state_of(recorded: PipelineStatus, tables: TablesStatus, mono_ns: int) -> dict[str, Any]:
    """How far everything is, for people."""
    return {
        "exchange_count": recorded.exchange_count,
        "open_count": recorded.open_count,
        "held_bytes": recorded.held_bytes,
        "lag_s": max(0, mono_ns - recorded.caught_up_mono_ns) / 1e9,
        "vault": {"file": recorded.position.file, "offset": recorded.position.offset},
        "tables": {"file": tables.position.file, "offset": tables.position.offset},
        "queued_count": tables.queued_count,
        "problem": tables.problem,
    }


def shown(recording: Recording) -> Recording:
    """What a feed shows of an exchange that ended. No content, and no rows of a hostile stream, stay for that."""
    last = recording.observations[-1:]
    return Recording(recording.exchange, last, recording.steps[-STEPS_MAX:])
