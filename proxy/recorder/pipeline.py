"""From journals to the vault, in rounds: read, group, interpret, append, commit, hand on, clear away.

One thread runs it and owns the vault. Any error of the disk ends the process: the next one goes on
from the last commit.
"""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from proxy.errors import FormatError, KeyDestroyed, SlotsMissing, StoreError
from proxy.journal.format import ExchangeId, Kind, Mode
from proxy.journal.reader import Cursor, Damage, Frame
from proxy.recorder.follow import Followed, Follower
from proxy.recorder.meaning import recording_of
from proxy.recording.acts import gap_fact, lost_fact, mode_act
from proxy.recording.exchange import Part
from proxy.recording.facts import ActFact
from proxy.recording.group import Carried, ExchangeGroup, Finished, Note, Place
from proxy.recording.pricing.book import PriceBook
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.vault.reader import VaultReader
from proxy.store.vault.state import JournalId, Sequences
from proxy.store.vault.writer import Vault
from proxy.telemetry.metrics.counts.tally import new_cell
from proxy.telemetry.metrics.declare import STORE_SECONDS

READ_BYTES: Final = 128 * 1024
"""Of one journal in one go, packed as it lies there: some 40 small exchanges."""
COMMIT_EXCHANGES: Final = 1000
"""A commit at the latest after so many: what DuckDB takes best in one transaction."""
COMMIT_BYTES: Final = 8 * 1024 * 1024
"""A commit at the latest after so many sealed bytes: 20 ms of a disk that writes 400 MB/s."""
COMMIT_ROWS: Final = 20_000
"""A commit after the exchange with which so many facts are held, 1 KB each: an ordinary exchange has ten, a
hostile one 100,000, of which a single read may give hundreds."""
KEPT_SEGMENTS: Final = 4
"""Segments a journal keeps for exchanges that are still open (128 MiB by default). Beyond it the
exchanges are carried in the vault and their segments go."""
LEAVE_WITHIN_NS: Final = 5_000_000_000
"""For the journals, when it stops: the next recorder takes what is left of them."""
ROUND_S: Final = 0.05
"""From one round to the next, once the journals are taken to their ends; a flush does not wait for it.
Each round with news syncs the vault on the disk that the gateway's group commits wait for, so rounds are
few. A twentieth of the one second that the recorder may lag."""
DISCOVER_NS: Final = 100_000_000
"""How often the folders are listed for journals that appeared, and locks tried for workers that died."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """As of the last round."""

    exchange_count: int
    """In the vault, since it began."""
    position: VaultPosition
    open_count: int
    held_bytes: int
    journal_count: int
    caught_up_mono_ns: int
    """All that the journals had until then is taken: now minus this is the lag."""
    taken: tuple[tuple[JournalId, Place], ...] = ()
    """How far each journal was taken: (segment, offset)."""


class Pipeline:
    """`run` in a thread of its own; `flush`, `stop` and `status` from any thread."""

    def __init__(
        self,
        *,
        vault: Vault,
        follower: Follower,
        group: ExchangeGroup,
        hand_on: Callable[[FactBatch], None],
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int],
        kept_segments: int = KEPT_SEGMENTS,
    ) -> None:
        """`hand_on` takes each batch directly after its commit."""
        self._vault = vault
        self._follower = follower
        self._group = group
        self._hand_on = hand_on
        self._now_ns = now_ns
        self._mono_ns = mono_ns
        self._kept_segments = kept_segments
        self.price_book: PriceBook | None = None
        """By which answers are priced from now on; None: they are not."""
        self._discovered_ns: int | None = None
        self._has_news = False
        self._commit_count = 0
        self._wake = threading.Event()
        self._is_stopping = False
        self._wishes_lock = threading.Lock()
        self._wishes: list[Future[VaultPosition]] = []
        self._told: list[tuple[Sequence[ActFact], Future[VaultPosition]]] = []
        self.commit_times = new_cell(STORE_SECONDS)
        """How long the vault took for each commit."""
        self._caught_up_ns = mono_ns()
        self._status = self._new_status()

    def restore(self, reader: VaultReader, interpret_bytes_max: int) -> None:
        """Go on with the exchanges that an earlier recorder carried. Before `run`.

        Raises:
            StoreError: a living worker has not restored its lost keys yet; the next recorder tries again.
        """
        for id_, ref in list(self._vault.state.carried.items()):
            journal = JournalId(id_.worker, id_.boot)
            try:
                stored, exchange = reader.open_exchange(ref, interpret_bytes_max)
            except (KeyDestroyed, FormatError) as error:
                if isinstance(error, SlotsMissing) and self._follower.is_alive(journal):
                    raise StoreError(f"{error}: its worker restores it") from error
                self._close_unreadable(id_, error)
                continue
            since = self._vault.state.cursors[journal].since
            self._group.restore(Carried(exchange, stored.tails, stored.next_ordinal), since)
            self._vault.resume(id_, stored.parts)

    def _close_unreadable(self, id_: ExchangeId, error: Exception) -> None:
        """What was carried of it cannot be opened, so nobody can say how it went on: closed, and told."""
        _log.warning("an open exchange cannot be carried on: %s", error)
        self._finish(self._group.lost(id_, self._now_ns()))
        detail = f"{id_} was carried and cannot be opened ({type(error).__name__}): closed"
        act = ActFact(self._now_ns(), "damage", id_.worker, f"{id_.boot:016x}", detail)
        self._vault.append_act(act)

    def run(self) -> None:
        """Rounds until `stop`; then one last, which takes all that is durable and that its time allows."""
        while not self._is_stopping:
            self._grant_wishes()
            if not self.round():
                self._wake.wait(ROUND_S)
                self._wake.clear()
        self._grant_wishes(self._mono_ns() + LEAVE_WITHIN_NS)

    def stop(self) -> None:
        self._is_stopping = True
        self._wake.set()

    def flush(self) -> Future[VaultPosition]:
        """Done when everything durable in the journals now is committed; the position behind it."""
        wish: Future[VaultPosition] = Future()
        with self._wishes_lock:
            self._wishes.append(wish)
        self._wake.set()
        return wish

    def tell(self, acts: Sequence[ActFact]) -> Future[VaultPosition]:
        """Done when these acts are committed, all or none; the position behind them."""
        done: Future[VaultPosition] = Future()
        with self._wishes_lock:
            self._told.append((acts, done))
        self._wake.set()
        return done

    def status(self) -> PipelineStatus:
        return self._status

    def round(self) -> bool:
        """Take of each journal up to its end, or what one commit holds; False: all is taken."""
        began_ns = self._mono_ns()
        self._discover_if_due()
        behind_ns = []
        for followed in self._follower:
            commit_count = self._commit_count
            while not self._is_stopping and self._take_batch(followed):
                if self._commit_count > commit_count:
                    behind_ns.append(followed.taken_ns)
                    break  # the other journals' turn, and that of who waits
            self._close_if_gone(followed)
        if self._has_news:
            self._commit()
        # Not the time now: a process may be stopped in between.
        self._caught_up_ns = min([began_ns, *behind_ns])
        self._status = self._new_status()
        return bool(behind_ns)

    def catch_up(self, until_ns: int | None = None) -> None:
        """Take everything that is durable in the journals now, or what can be taken until then."""
        began_ns, self._discovered_ns = self._mono_ns(), None
        self._discover_if_due()
        for followed in self._follower:
            goal = followed.durable_end()
            while (until_ns is None or self._mono_ns() < until_ns) and self._take_batch(followed):
                if goal is not None and followed.taken >= goal:
                    break
            self._close_if_gone(followed)
        if self._has_news:
            self._commit()
        self._caught_up_ns = began_ns
        self._status = self._new_status()

    def _grant_wishes(self, until_ns: int | None = None) -> None:
        """`until_ns`: it leaves, and takes until then what is durable, whoever wishes it."""
        with self._wishes_lock:
            wishes, self._wishes, told, self._told = self._wishes, [], self._told, []
        if told:
            self._take_acts(told)
        if wishes or until_ns is not None:
            self.catch_up(until_ns)
        is_all = until_ns is None or self._mono_ns() < until_ns
        for wish in filter(Future.set_running_or_notify_cancel, wishes):  # some have given up
            if is_all:
                wish.set_result(self._vault.position)
            else:
                wish.set_exception(StoreError("the recorder is stopping"))

    def _take_acts(self, told: list[tuple[Sequence[ActFact], Future[VaultPosition]]]) -> None:
        """One commit for all; who waited is answered after it, and has an answer only then."""
        waiting = [(acts, done) for acts, done in told if done.set_running_or_notify_cancel()]
        for act in (act for acts, _ in waiting for act in acts):
            self._vault.append_act(act)
        self._commit()
        for _, done in waiting:
            done.set_result(self._vault.position)

    def _discover_if_due(self) -> None:
        now_ns = self._mono_ns()
        if self._discovered_ns is None or now_ns - self._discovered_ns >= DISCOVER_NS:
            self._follower.discover()
            self._discovered_ns = now_ns

    def _take_batch(self, followed: Followed) -> bool:
        """Read and append one batch; False: there was nothing."""
        if followed.is_closed or followed.is_at_end:
            return False
        # In this order: each number was true before the next one, and before what is read.
        intent_count, goal = followed.intent_count(), followed.durable_end()
        batch = followed.read(READ_BYTES)
        behind = followed.cursor
        followed.taken_ns = batch.frames[-1].mono_ns if batch.frames else self._mono_ns()
        for frame in batch.frames:
            self._take(followed, frame)
            if self._is_commit_due() and not batch.damage:  # damage is told with all around it
                followed.cursor = Cursor(frame.segment, frame.end)
                self._commit()
        followed.cursor = behind
        for damage in batch.damage:
            self._note_damage(followed, damage)
        if followed.has_damage and goal is not None and followed.taken >= goal:
            self._close_lost(followed, intent_count)
        if self._is_commit_due():
            self._commit()
        return bool(batch.frames or batch.damage)

    def _take(self, followed: Followed, frame: Frame) -> None:
        if frame.id.sequence == 0:
            if (frame.segment, frame.offset) < followed.notes_since:
                return
        elif self._vault.state.is_done(frame.id):
            return
        for taken in self._group.take(frame):
            if isinstance(taken, Finished):
                self._finish(taken)
            elif isinstance(taken, Part):
                self._vault.append_part(taken)
                self._has_news = True
            else:
                self._note(followed, taken)

    def _finish(self, finished: Finished) -> None:
        told = recording_of(finished.exchange, self._vault.equality, book=self.price_book)
        self._vault.append(finished, told)
        self._has_news = True

    def _note(self, followed: Followed, note: Note) -> None:
        entry = note.entry
        boot = f"{note.boot:016x}"
        try:
            if entry.kind is Kind.GAP:
                gap = gap_fact(entry, note.worker, boot)
                followed.lost_count += gap.exchange_count
                self._vault.append_gap(gap)
            else:
                self._vault.append_act(mode_act(entry, note.worker, boot))
        except (struct.error, ValueError, IndexError) as error:
            detail = f"a {entry.kind.name} entry is not what the format says: {error}"
            self._act(followed, "damage", detail)
        self._has_news = True

    def _note_damage(self, followed: Followed, damage: Damage) -> None:
        if (damage.segment, damage.offset) < followed.notes_since:
            return
        kind = "recovery" if damage.is_tail else "damage"
        followed.has_damage = not damage.is_tail
        where = f"journal segment {damage.segment} at byte {damage.offset}"
        self._act(followed, kind, f"{where}: {damage.reason}")

    def _act(self, followed: Followed, kind: str, detail: str) -> None:
        worker, boot = followed.id
        act = ActFact(self._now_ns(), kind, worker, f"{boot:016x}", detail)
        self._vault.append_act(act)
        self._has_news = True

    def _is_commit_due(self) -> bool:
        return (
            self._vault.uncommitted_count >= COMMIT_EXCHANGES
            or self._vault.uncommitted_bytes >= COMMIT_BYTES
            or self._vault.uncommitted_row_count >= COMMIT_ROWS
        )

    def _commit(self) -> None:
        for followed in self._follower:
            self._carry_if_old(followed)
        cursors = self._follower.cursors(
            {followed.id: self._group.open_since(*followed.id) for followed in self._follower}
        )
        began_ns = self._mono_ns()
        batch = self._vault.commit(cursors)
        self.commit_times.observe(STORE_SECONDS, (self._mono_ns() - began_ns) / 1e9)
        self._has_news = False
        self._commit_count += 1
        self._hand_on(batch)
        for followed in self._follower:
            if followed.is_closed:
                followed.remove()
                self._follower.forget(followed)
            else:
                followed.drop_before(cursors[followed.id].since[0])

    def _carry_if_old(self, followed: Followed) -> None:
        since = self._group.open_since(*followed.id)
        segment, _ = followed.taken
        if since is None or segment - since[0] <= self._kept_segments:
            return
        # Down to half of what is kept, so that it is not done again with every segment.
        before = segment - self._kept_segments // 2
        for carried in self._group.carry(*followed.id, before, followed.taken):
            self._vault.append_open(carried)

    def _close_if_gone(self, followed: Followed) -> None:
        """The worker is dead and all was taken: end what it left open, declare what it lost."""
        if not followed.is_at_end or followed.is_closed:
            return
        interrupted = self._group.interrupt(*followed.id)
        for finished in interrupted:
            self._finish(finished)
        if interrupted:
            count = len(interrupted)
            self._act(followed, "recovery", f"the worker died: {count} exchanges were interrupted")
        done = self._vault.state.done.get(followed.id, Sequences())
        self._close_lost(followed, max(followed.intent_count(), done.last))
        self._declare_lost(followed)
        followed.is_closed = True
        self._has_news = True

    def _close_lost(self, followed: Followed, intent_count: int) -> None:
        """Close the exchanges of which damage left nothing, and say how many.

        `intent_count` intents were durable, and everything up to the last of them was taken. Intents
        become durable in the order of their sequences.
        """
        followed.has_damage = False
        done = self._vault.state.done.get(followed.id, Sequences())
        ids = [
            id_
            for sequence in done.missing(intent_count)
            if not self._group.is_open(id_ := ExchangeId(*followed.id, sequence))
        ]
        for id_ in ids:
            self._finish(self._group.lost(id_, self._now_ns()))
        if ids:
            between = f"between {ids[0]} and {ids[-1]}"
            detail = f"nothing is left of {len(ids)} exchanges {between}: closed as interrupted"
            self._act(followed, "damage", detail)

    def _declare_lost(self, followed: Followed) -> None:
        """In mode available a dead worker may have seen more than it could record."""
        page = followed.journal.page()
        if page is None or page.mode != Mode.AVAILABLE:
            return
        done = self._vault.state.done.get(followed.id)
        lost_count = page.seen - (len(done) if done is not None else 0) - followed.lost_count
        if lost_count <= 0:
            return
        gap = lost_fact(*followed.id, lost_count, self._now_ns(), page.heartbeat_ns)
        followed.lost_count += lost_count
        self._vault.append_gap(gap)

    def _new_status(self) -> PipelineStatus:
        return PipelineStatus(
            exchange_count=self._vault.state.exchange_count,
            position=self._vault.position,
            open_count=self._group.open_count,
            held_bytes=self._group.held_bytes,
            journal_count=len(list(self._follower)),
            caught_up_mono_ns=self._caught_up_ns,
            taken=tuple((followed.id, followed.taken) for followed in self._follower),
        )
