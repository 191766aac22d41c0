"""What the vault knows of the journals: which exchanges are done, where to read on. Pure.

The state is what its records add up to: a file begins with all of it (STATE), every MANIFEST and
OPEN changes one exchange, every COMMIT replaces the cursors. Writer and recovery apply the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from proxy.errors import FormatError
from proxy.journal.format import ExchangeId
from proxy.store.vault.format import Ref


class JournalId(NamedTuple):
    """Names one journal."""

    worker: int
    boot: int


class Cursors(NamedTuple):
    """How far one journal was recorded. Places are (segment, offset)."""

    since: tuple[int, int]
    """Where to read again after a restart: the first frame of the oldest open exchange."""
    taken: tuple[int, int]
    """Everything before was taken: gaps and modes before this are recorded, frames before it that
    belong to no open exchange say nothing new."""
    lost_count: int = 0
    """Exchanges that recorded gaps of this journal have declared lost."""
    is_closed: bool = False
    """The worker is gone and all is recorded: what is left of the journal may be removed."""


BEGINNING = Cursors((0, 0), (0, 0))


class Sequences:
    """A set of exchange sequences as ranges: one range as long as nothing is missing.

    Between two ranges lies an exchange that is open or was lost, so there are as many ranges as
    connections are allowed, plus what one life of a worker loses.
    """

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self._starts.append(start)
            self._ends.append(end)

    def __contains__(self, sequence: int) -> bool:
        index = bisect_right(self._starts, sequence)
        return index > 0 and self._ends[index - 1] >= sequence

    def __len__(self) -> int:
        return sum(self._ends) - sum(self._starts) + len(self._starts)

    def add(self, sequence: int) -> bool:
        """False if it was there already."""
        starts, ends = self._starts, self._ends
        index = bisect_right(starts, sequence)
        if index and ends[index - 1] >= sequence:
            return False
        touches_left = index > 0 and ends[index - 1] == sequence - 1
        touches_right = index < len(starts) and starts[index] == sequence + 1
        if touches_left and touches_right:
            ends[index - 1] = ends.pop(index)
            starts.pop(index)
        elif touches_left:
            ends[index - 1] = sequence
        elif touches_right:
            starts[index] = sequence
        else:
            starts.insert(index, sequence)
            ends.insert(index, sequence)
        return True

    def missing(self, last: int) -> list[int]:
        """Those from 1 to `last` that are not in it, ascending."""
        found: list[int] = []
        expected = 1
        for start, end in zip(self._starts, self._ends, strict=True):
            found += range(expected, min(start, last + 1))
            expected = end + 1
        return found + list(range(expected, last + 1))

    @property
    def last(self) -> int:
        """The highest; 0 if it is empty."""
        return self._ends[-1] if self._ends else 0

    def ranges(self) -> list[tuple[int, int]]:
        """Both ends inclusive, ascending."""
        return list(zip(self._starts, self._ends, strict=True))


@dataclass(slots=True)
class VaultState:
    """Mutable; the same records give the same state."""

    done: dict[JournalId, Sequences] = field(default_factory=dict)
    cursors: dict[JournalId, Cursors] = field(default_factory=dict)
    carried: dict[ExchangeId, Ref] = field(default_factory=dict)
    """The last OPEN record of each exchange that is still open."""
    exchange_count: int = 0
    """Exchanges recorded since the vault began."""

    def is_done(self, id_: ExchangeId) -> bool:
        sequences = self.done.get(JournalId(id_.worker, id_.boot))
        return sequences is not None and id_.sequence in sequences

    def finish(self, id_: ExchangeId) -> bool:
        """A manifest was written. False if there was one before."""
        sequences = self.done.setdefault(JournalId(id_.worker, id_.boot), Sequences())
        if not sequences.add(id_.sequence):
            return False
        self.carried.pop(id_, None)
        self.exchange_count += 1
        return True

    def carry(self, id_: ExchangeId, ref: Ref) -> None:
        """An OPEN record was written."""
        self.carried[id_] = ref

    def move(self, cursors: dict[JournalId, Cursors]) -> None:
        """A commit was written. A journal it does not name is gone for good."""
        self.cursors = dict(cursors)
        for journal in [journal for journal in self.done if journal not in cursors]:
            del self.done[journal]
        for id_ in [id_ for id_ in self.carried if (id_.worker, id_.boot) not in cursors]:
            del self.carried[id_]

    def to_json(self) -> dict[str, Any]:
        """The payload of a STATE record."""
        return {
            "exchange_count": self.exchange_count,
            "cursors": cursors_to_json(self.cursors),
            "done": [[*journal, done.ranges()] for journal, done in self.done.items()],
            "carried": [[str(id_), str(ref)] for id_, ref in self.carried.items()],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> VaultState:
        """Raises FormatError: not what to_json gives."""
        try:
            return cls(
                done={
                    JournalId(worker, boot): Sequences((start, end) for start, end in ranges)
                    for worker, boot, ranges in value["done"]
                },
                cursors=cursors_from_json(value["cursors"]),
                carried={ExchangeId.parse(id_): Ref.parse(ref) for id_, ref in value["carried"]},
                exchange_count=value["exchange_count"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"not a vault state: {error!r}") from error


def cursors_to_json(cursors: dict[JournalId, Cursors]) -> list[list[Any]]:
    """One row a journal: worker, boot, since, taken, lost_count, is_closed."""
    return [[*journal, *cursor] for journal, cursor in cursors.items()]


def cursors_from_json(rows: list[list[Any]]) -> dict[JournalId, Cursors]:
    """The inverse. Raises ValueError or TypeError: other shapes."""
    cursors = {}
    for worker, boot, (since, since_offset), (taken, taken_offset), lost_count, is_closed in rows:
        cursors[JournalId(worker, boot)] = Cursors(
            (since, since_offset), (taken, taken_offset), lost_count, is_closed
        )
    return cursors
