"""A journal that commits when a test says so, and a stage whose worker uses it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from proxy.errors import JournalFull, JournalUnavailable
from proxy.gateway.server import Worker, WorkerSettings
from proxy.journal.format import ExchangeEnd, Kind, Outcome
from proxy.journal.page import SEEN, WorkerPage
from proxy.journal.writer import JournalWriter
from tests.gateway.stage import Stage

Noted = tuple[int, Kind, bytes]


class StillJournal:
    """Takes notes in memory. Nothing is durable until commit()."""

    def __init__(self) -> None:
        self.noted: list[Noted] = []
        self.committed_count = 0
        self.refusal = ""
        self.is_full = False
        self.backlog_bytes = 0
        self.tap: Any = None
        self._sequence = 0
        self._ended: set[int] = set()

    has_ended = True

    def begin(self) -> int:
        if self.refusal:
            raise JournalUnavailable(self.refusal)
        self._sequence += 1
        return self._sequence

    def append(self, sequence: int, kind: int, data: bytes, flags: int = 0) -> None:  # noqa: ARG002 - the writer's signature
        if self.refusal:
            raise JournalUnavailable(self.refusal)
        if self.is_full and kind != Kind.END:
            raise JournalFull("no room")
        assert sequence == 0 or sequence not in self._ended, (
            f"{Kind(kind).name} behind the closing record"
        )
        if kind == Kind.END:
            self._ended.add(sequence)
        self.noted.append((sequence, Kind(kind), data))

    @property
    def ticket(self) -> int:
        return len(self.noted)

    def flush(self) -> int:
        return len(self.noted)

    def look_at_disk(self) -> None:
        """There is none."""

    def close(self, timeout_s: float) -> bool:  # noqa: ARG002 - the writer's signature
        return True

    # what a test says and asks

    def commit(self) -> None:
        """All that was noted is durable now."""
        self.committed_count = len(self.noted)
        self.tap.committed(self.committed_count)

    def has(self, kind: Kind) -> bool:
        return any(one == kind for _, one, _ in self.noted)

    def outcomes(self) -> list[Outcome]:
        return [
            ExchangeEnd.decode(data).outcome for _, kind, data in self.noted if kind is Kind.END
        ]


class StillWorker(Worker):
    """A worker whose journal is a StillJournal."""

    def __init__(
        self, settings: WorkerSettings, loop: asyncio.AbstractEventLoop, journal: StillJournal
    ) -> None:
        self.still = journal
        super().__init__(settings, loop)
        journal.tap = self._tap

    def _open_journal(self, why: str, number: int) -> tuple[WorkerPage, JournalWriter]:  # noqa: ARG002 - as the worker's
        page = SimpleNamespace(words=[0] * (SEEN + 1), close=lambda: None)
        return cast("WorkerPage", page), cast("JournalWriter", self.still)


class StillStage(Stage):
    """A stage without a disk."""

    journal: StillJournal

    def make_worker(self, loop: asyncio.AbstractEventLoop) -> Worker:
        self.journal = StillJournal()
        return StillWorker(self.settings, loop, self.journal)

    async def noted(self, kind: Kind) -> None:
        """Wait until an entry of `kind` was noted."""
        await self.until(lambda: self.journal.has(kind))

    def is_over(self) -> bool:
        self.journal.commit()
        return super().is_over()

    def check_journal(self) -> None:
        intents = [sequence for sequence, kind, _ in self.journal.noted if kind is Kind.INTENT]
        ends = [sequence for sequence, kind, _ in self.journal.noted if kind is Kind.END]
        assert sorted(intents) == sorted(ends)
