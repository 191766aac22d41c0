"""The worker pages over the life of a supervisor: living workers now, and totals that no death takes away.

A page is mapped soon after it is made and stays readable after the recorder removed it, so what a killed
worker counted last is still there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from proxy.journal.page import TIMES, PageReading, PageView, is_locked, pages

LOOK_S: Final = 0.5
"""How often to look for pages of new workers. One that was made and removed in between was never alive
long enough to serve: a worker takes longer to start, and the recorder to close its journal."""


class ProcessCounts(NamedTuple):
    """What a process counts over all its pages, so that its latest page says all."""

    refused: int = 0
    shed: int = 0
    cut_heads: int = 0


@dataclass(slots=True)
class Totals:
    """What one worker number has counted since the supervisor began, over all its processes. Mutable."""

    seen: int = 0
    journaled: int = 0
    refused: int = 0
    shed: int = 0
    cut_heads: int = 0
    commit_times: list[int] = field(default_factory=lambda: [0] * TIMES)
    commit_ns: int = 0
    wait_times: list[int] = field(default_factory=lambda: [0] * TIMES)
    wait_ns: int = 0

    def add(self, reading: PageReading) -> None:
        """Add one page. What a process counts, not a page, is added by `add_process`."""
        self.seen += reading.seen
        self.journaled += reading.recorded
        self.commit_ns += reading.commit_ns
        self.wait_ns += reading.wait_ns
        for place in range(TIMES):
            self.commit_times[place] += reading.commit_times[place]
            self.wait_times[place] += reading.wait_times[place]

    def add_process(self, own: ProcessCounts) -> None:
        self.refused += own.refused
        self.shed += own.shed
        self.cut_heads += own.cut_heads

    def copy(self) -> Totals:
        return Totals(
            self.seen,
            self.journaled,
            self.refused,
            self.shed,
            self.cut_heads,
            list(self.commit_times),
            self.commit_ns,
            list(self.wait_times),
            self.wait_ns,
        )


@dataclass(slots=True)
class _Page:
    path: Path
    view: PageView


class WorkerPages:
    """All pages of one run. Those that lie there when it begins belong to an earlier one."""

    def __init__(self, run_folder: Path) -> None:
        self._run_folder = run_folder
        self._known = {(worker, boot) for worker, boot, _ in pages(run_folder)}
        """Every page that was ever looked at, as long as its file is there."""
        self._open: dict[tuple[int, int], _Page] = {}
        self._folded: dict[int, Totals] = {}
        """By worker: pages whose process is gone."""
        self._left: dict[tuple[int, int], PageReading] = {}
        """The last of dead workers, until the recorder removed their pages: their journals wait."""

    def look(self) -> None:
        """Map the pages of new workers, fold those of dead ones."""
        found = {(worker, boot): path for worker, boot, path in pages(self._run_folder)}
        for key, path in found.items():
            if key not in self._known:
                view = PageView.open(path)
                if view is not None:
                    self._known.add(key)
                    self._open[key] = _Page(path, view)
        self._fold()
        self._known &= found.keys() | self._open.keys()
        self._left = {key: last for key, last in self._left.items() if key in found}

    def living(self) -> list[PageReading]:
        """One for each journal that a living worker writes, in the order of workers."""
        return [self._open[key].view.reading() for key in sorted(self._open)]

    def journals(self) -> list[PageReading]:
        """How far journals are durable: those of the living, and those the dead left."""
        return [*self.living(), *self._left.values()]

    def totals(self) -> dict[int, Totals]:
        """By worker, of the living and the dead."""
        found = {worker: folded.copy() for worker, folded in self._folded.items()}
        living = self.living()
        for reading in living:
            found.setdefault(reading.worker, Totals()).add(reading)
        for (worker, _), own in _by_process(living).items():
            found[worker].add_process(own)
        return dict(sorted(found.items()))

    def close(self) -> None:
        for page in self._open.values():
            page.view.close()
        self._open.clear()

    def _fold(self) -> None:
        dead = [key for key, page in self._open.items() if not is_locked(page.path)]
        readings = [self._open.pop(key) for key in dead]
        last = [page.view.reading() for page in readings]
        for key, page, reading in zip(dead, readings, last, strict=True):
            page.view.close()
            self._left[key] = reading
            self._folded.setdefault(reading.worker, Totals()).add(reading)
        alive = {(reading.worker, reading.pid) for reading in self.living()}
        for (worker, pid), own in _by_process(last).items():
            if (worker, pid) not in alive:  # else its next page goes on counting
                self._folded[worker].add_process(own)


def _by_process(readings: list[PageReading]) -> dict[tuple[int, int], ProcessCounts]:
    """By worker and process."""
    found: dict[tuple[int, int], ProcessCounts] = {}
    for reading in readings:
        key = (reading.worker, reading.pid)
        before = found.get(key, ProcessCounts())
        found[key] = ProcessCounts(
            max(before.refused, reading.refused),
            max(before.shed, reading.shed),
            max(before.cut_heads, reading.cut_heads),
        )
    return found
