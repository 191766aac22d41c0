"""The trail follows the vault: a thread takes the leaves of new commits and signs checkpoints.

A checkpoint each 10 s if there is news or each 1,000 leaves, at start, at stop, and when the mode changes. Where
nothing happens for a minute, a heartbeat is committed and becomes a leaf: so a silence is provable, too.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.errors import FormatError, StoreError
from proxy.recorder.trail.files import TrailFiles
from proxy.recorder.trail.key import load_or_create_signer
from proxy.recorder.trail.vault_leaves import leaves_behind
from proxy.recording.facts import ActFact
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.vault.keys import FactsKeys

CHECKPOINT_NS: Final = 10_000_000_000
"""A committed record is signed at the latest so long after."""
CHECKPOINT_LEAVES: Final = 1000
"""Leaves signed at the latest together: some ten small files and syncs for them."""
HEARTBEAT_NS: Final = 60_000_000_000
"""A leaf at least so often: a day of silence is 1,440 leaves of 200 bytes."""
LOOK_S: Final = 1.0
"""New commits are taken together, at most so often: each look opens a file of the vault."""
BACK_OFF_S: Final = 5.0
"""After a disk that failed, or a trail that was refused: somebody has to look first."""

_log = logging.getLogger(__name__)

Tell = Callable[[Sequence[ActFact]], Future[VaultPosition]]
GiveAway = Callable[[str, TrailFiles], None]
"""(line of JSON, files): called directly after each checkpoint; files may be asked for proofs meanwhile."""


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """As of the last look."""

    size: int
    """Leaves that a checkpoint covers."""
    pending_count: int
    signed_mono_ns: int
    """When the last checkpoint was signed; before the first, the start."""
    problem: str | None
    """Why nothing is signed at present."""
    heard_mono_ns: int
    """When something was last committed: at the latest a heartbeat ago."""


@dataclass(frozen=True, slots=True)
class TrailSettings:
    """What a trail needs to know."""

    witness_url: str | None = None
    """Where add-checkpoint of a witness lies."""
    has_lines: bool = False
    """Each checkpoint is a log line, too."""
    is_printed: bool = False
    """Each is a line on standard output, too, which the supervisor passes on."""


class TrailFollower:
    """`run` in a thread of its own; everything else from any thread."""

    def __init__(
        self,
        data_folder: Path,
        facts_keys: FactsKeys,
        tell: Tell,
        give_away: GiveAway,
        *,
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int],
        began: VaultPosition | None = None,
    ) -> None:
        """`began`: the last commit that was durable when the vault was opened. None: nobody writes it."""
        self._data_folder = data_folder
        self._facts_keys = facts_keys
        self._tell = tell
        self._give_away = give_away
        self._now_ns = now_ns
        self._mono_ns = mono_ns
        self._changed = threading.Condition()
        self._offered = began
        """The last commit that is durable: leaves are taken up to there, for what is signed must stay."""
        self._offered_count = 0
        self._has_urgent = False
        self._is_stopping = False
        self._files: TrailFiles | None = None
        self._signed_ns: int | None = None
        self._heard_ns = mono_ns()
        self._status = TrailStatus(0, 0, self._heard_ns, None, self._heard_ns)
        self._thread = threading.Thread(target=self.run, name="trail", daemon=True)

    def offer(self, batch: FactBatch) -> None:
        """After each commit; only its position is kept, the leaves are read from the disk."""
        with self._changed:
            self._offered = batch.position
            self._offered_count += len(batch.exchanges)
            self._heard_ns = self._mono_ns()
            is_mode = any(act.kind == "mode" for act in batch.acts)
            self._has_urgent |= is_mode
            if is_mode or self._offered_count >= CHECKPOINT_LEAVES:
                self._changed.notify()

    def status(self) -> TrailStatus:
        return self._status

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Ask the thread to take and sign what is committed, and to end."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    def stop(self) -> None:
        """The same; returns when it ended."""
        self.end()
        self._thread.join()

    def run(self) -> None:
        """Follow until `stop`."""
        while True:
            is_last = self._is_stopping
            problem = None
            try:
                self._follow(is_last=is_last)
            except (StoreError, FormatError, OSError) as error:
                problem = str(error)
                self._files = None
                _log.error("the trail is not signed: %s", error)
            self._note(problem)
            if is_last:
                return
            self._wait(BACK_OFF_S if problem else LOOK_S)

    def _follow(self, *, is_last: bool) -> None:
        """Take what is committed; sign it if that is due."""
        with self._changed:
            is_urgent, self._has_urgent, self._offered_count = self._has_urgent, False, 0
            durable = self._offered
        files = self._files or self._open()
        self._files = files
        folder = self._data_folder / "vault"
        if durable is None or files.position != durable:
            for leaves, position in leaves_behind(
                folder, self._facts_keys, files.position, durable
            ):
                files.add(leaves, position)
                if files.pending_count >= CHECKPOINT_LEAVES:
                    self._checkpoint(files, is_end=False)
        is_news = files.pending_count > 0
        is_first = self._signed_ns is None
        if is_first or is_last or (is_news and (is_urgent or self._is_due(self._signed_ns))):
            self._checkpoint(files, is_end=True)
        elif self._mono_ns() - self._heard_ns >= HEARTBEAT_NS:
            self._heard_ns = self._mono_ns()
            self._tell([ActFact(self._now_ns(), "heartbeat", None, None, "the recorder is there")])

    def _open(self) -> TrailFiles:
        signer = load_or_create_signer(self._data_folder / "keys")
        return TrailFiles(self._data_folder / "trail", signer)

    def _checkpoint(self, files: TrailFiles, *, is_end: bool) -> None:
        files.write()
        if files.is_behind and not is_end:
            return  # the trail is being made again: what follows was signed before
        line = files.sign(self._now_ns())
        self._signed_ns = self._mono_ns()
        self._give_away(line, files)

    def _is_due(self, signed_ns: int | None) -> bool:
        return signed_ns is None or self._mono_ns() - signed_ns >= CHECKPOINT_NS

    def _note(self, problem: str | None) -> None:
        size, pending = self._status.size, 0
        if self._files is not None:
            pending = self._files.pending_count
            size = self._files.size - pending
        signed_ns = self._status.signed_mono_ns if self._signed_ns is None else self._signed_ns
        self._status = TrailStatus(size, pending, signed_ns, problem, self._heard_ns)

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_stopping
                    or self._has_urgent
                    or self._offered_count >= CHECKPOINT_LEAVES
                ),
                seconds,
            )
