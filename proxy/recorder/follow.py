"""Which journals there are, how far each was taken, and what is left when a worker is gone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from proxy.journal.disk import sync_folder
from proxy.journal.page import is_locked, page_path, pages
from proxy.journal.reader import Batch, Cursor, Damage, Journal, journals
from proxy.journal.slots import Keystore
from proxy.recording.group import Place
from proxy.store.vault.state import BEGINNING, Cursors, JournalId


@dataclass(slots=True)
class Followed:
    """One journal on its way into the vault. Mutable."""

    id: JournalId
    journal: Journal
    has_segments: bool
    """False: the worker died before it had one, or they are removed."""
    notes_since: Place
    """Gaps and modes before this place are recorded."""
    cursor: Cursor
    lost_count: int = 0
    kept_from: int = 0
    """Segments before this one were removed."""
    taken_ns: int = 0
    """Monotonic time of the newest frame that was taken."""
    is_at_end: bool = False
    """The worker is gone and everything it left was taken."""
    has_damage: bool = False
    """Records were lost, and it is not known yet whether any exchange was lost with them."""
    is_closed: bool = False
    """Committed as closed: what is left of it may be removed."""
    _last_damage: tuple[Damage, ...] = ()

    @property
    def taken(self) -> Place:
        return (self.cursor.segment, self.cursor.offset)

    def read(self, bytes_max: int) -> Batch:
        """The next frames; the cursor moves behind them, and over a place that cannot be read."""
        if not self.has_segments:
            self.is_at_end = not self.journal.is_alive()
            return Batch([], self.cursor, (), self.is_at_end)
        batch = self.journal.read(self.cursor, bytes_max)
        stops = {Cursor(damage.segment, damage.offset): damage.resume for damage in batch.damage}
        self.cursor = batch.cursor
        if batch.cursor in stops and not batch.is_end:
            self.cursor = stops[batch.cursor] or Cursor(batch.cursor.segment + 1, 0)
        self.is_at_end = batch.is_end
        if batch.damage == self._last_damage:
            return dataclasses.replace(batch, damage=())  # the same again: nothing was read since
        self._last_damage = batch.damage
        return batch

    def durable_end(self) -> Place | None:
        """How far the living worker says its journal is durable; None: it is gone."""
        page = self.journal.page()
        if page is None or not self.journal.is_alive():
            return None
        return (page.committed_segment, page.committed_offset)

    def intent_count(self) -> int:
        """How many intents the worker says are durable; 0 without a page."""
        page = self.journal.page()
        return page.recorded if page is not None else 0

    def cursors(self, open_since: Place | None) -> Cursors:
        """For a commit. `open_since`: the oldest open exchange."""
        taken = max(self.taken, self.notes_since)
        return Cursors(open_since or self.taken, taken, self.lost_count, self.is_closed)

    def drop_before(self, segment: int) -> None:
        """Remove segments that a commit has made superfluous."""
        if segment <= self.kept_from:
            return
        for index in _segments(self.journal):
            if index < segment:
                self.journal.drop(index)
        self.kept_from = segment

    def remove(self) -> None:
        """Remove what is left of a closed journal. The key slots stay: they open the vault."""
        for index in _segments(self.journal):
            self.journal.drop(index)
        self.journal.close()
        if self.journal.page_path.exists():
            # Durable before the vault forgets this journal: a page that came back would be taken for
            # a worker of which nothing was recorded.
            self.journal.page_path.unlink()
            sync_folder(self.journal.page_path.parent)


class Follower:
    """All journals of a data folder."""

    def __init__(
        self, data_folder: Path, keystore: Keystore, committed: Mapping[JournalId, Cursors]
    ) -> None:
        """`committed`: how far the vault says each journal was taken."""
        self._data_folder = data_folder
        self._keystore = keystore
        self._committed = dict(committed)
        self._followed: dict[JournalId, Followed] = {}

    def __iter__(self) -> Iterator[Followed]:
        return iter(list(self._followed.values()))

    def cursors(self, open_since: Mapping[JournalId, Place | None]) -> dict[JournalId, Cursors]:
        """Of every journal, for a commit; of those not looked for yet, what the last one said."""
        return self._committed | {
            id_: followed.cursors(open_since.get(id_)) for id_, followed in self._followed.items()
        }

    def discover(self) -> None:
        """Look which journals, and pages of workers that died before they had one, have appeared."""
        for journal in journals(self._data_folder, self._keystore):
            id_ = JournalId(journal.worker, journal.boot)
            if id_ in self._followed:
                journal.close()
            else:
                self._add(id_, journal)
        gone = {
            JournalId(worker, boot)
            for worker, boot, path in pages(self._data_folder / "run")
            if not is_locked(path)
        }
        for id_ in (gone | self._committed.keys()) - self._followed.keys():
            self._add(id_, Journal(self._data_folder, *id_, self._keystore))

    def is_alive(self, id_: JournalId) -> bool:
        """Whether the worker of that journal lives."""
        return is_locked(page_path(self._data_folder / "run", *id_))

    def forget(self, followed: Followed) -> None:
        """It is closed and removed; a later commit does not name it any more."""
        del self._followed[followed.id]

    def close(self) -> None:
        for followed in self._followed.values():
            followed.journal.close()

    def _add(self, id_: JournalId, journal: Journal) -> None:
        committed = self._committed.pop(id_, BEGINNING)
        segments = _segments(journal)
        first = journal.start() if segments else Cursor(0, 0)
        followed = Followed(
            id=id_,
            journal=journal,
            has_segments=bool(segments),
            notes_since=committed.taken,
            cursor=max(Cursor(*committed.since), first),
            lost_count=committed.lost_count,
        )
        if committed.is_closed:
            followed.remove()  # a recorder died between its commit and this
        else:
            self._followed[id_] = followed


def _segments(journal: Journal) -> list[int]:
    """Indexes on disk; a worker that died early left no folder."""
    try:
        return journal.segments()
    except FileNotFoundError:
        return []
