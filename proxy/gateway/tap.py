"""Where the gateway notes what passed, and where bytes wait until their note is durable.

strict: everything that goes out is *held* under the ticket of the flush that noted it, and released
when that group commit returns. available: nothing waits. One tap per worker; the loop thread owns it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from proxy.errors import JournalUnavailable
from proxy.gateway.limits import BACKLOG_BYTES_MAX, GATHER_S, TICK_S
from proxy.journal.format import Kind, Mode
from proxy.journal.page import SEEN

Release = Callable[[Any], None]


class Writer(Protocol):
    """What the tap needs of the journal (proxy.journal.writer.JournalWriter)."""

    @property
    def backlog_bytes(self) -> int: ...
    def begin(self) -> int: ...
    def append(self, sequence: int, kind: int, data: bytes, flags: int = 0) -> None: ...
    @property
    def ticket(self) -> int: ...
    def flush(self) -> int: ...


class Page(Protocol):
    """What the tap needs of the worker page (proxy.journal.page.WorkerPage)."""

    @property
    def words(self) -> Any: ...


class Loop(Protocol):
    """What the tap needs of the event loop."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> object: ...
    def call_soon(self, callback: Callable[..., object], /, *arguments: Any) -> object: ...
    def time(self) -> float: ...


class Tap:
    """Notes, holds, releases. Never raises towards a connection and never changes a byte."""

    def __init__(
        self,
        *,
        mode: Mode,
        loop: Loop,
        intent_deadline_s: float,
        on_failure: Callable[[str], None],
    ) -> None:
        self.mode = mode
        self.is_strict = mode is Mode.STRICT
        self.failure = "no journal is open yet"
        """Why the journal takes nothing; empty while it does."""
        self._writer: Writer
        self._words: Any = [0] * (SEEN + 1)
        self._loop = loop
        self._deadline_s = intent_deadline_s
        self._on_failure = on_failure
        self._held: deque[tuple[int, Release, Any]] = deque()
        """Bounded by what each connection may hold (limits.HELD_BYTES_MAX)."""
        self._committed = 0
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        """One per exchange that began within the intent deadline."""
        self._stalled: list[Callable[[], None]] = []
        self._is_ticking = False
        self._is_flush_due = False

    def connect(self, writer: Writer, page: Page) -> None:
        """Give the tap a journal: at the start, and again after the one before failed."""
        self._writer = writer
        self._words = page.words
        self._committed = 0
        self.failure = ""

    def begin(self) -> int:
        """The sequence of a new exchange; 0 when it passes unrecorded (available only).

        Raises:
            JournalUnavailable: strict, and the journal takes nothing. Nothing may be sent upstream.
        """
        if self.failure and self.is_strict:
            raise JournalUnavailable(self.failure)
        self._words[SEEN] += 1
        if self.failure:
            return 0
        try:
            return self._writer.begin()
        except JournalUnavailable:
            if self.is_strict:
                raise
            return 0

    def note(self, sequence: int, kind: Kind, data: bytes, flags: int = 0) -> None:
        """Take one entry. What a failed journal cannot take is what the worker page counts as unrecorded."""
        if sequence and not self.failure:
            try:
                self._writer.append(sequence, kind, data, flags)
            except JournalUnavailable as error:
                # Whoever notes is in the middle of something: the ends of exchanges come after it.
                self.failed(str(error))
                self._loop.call_soon(self._on_failure, str(error))

    def flush(self) -> None:
        """Have what was noted made durable soon: once per turn of the loop, not once per exchange.

        Each flush wakes the journal's thread, which then wants the interpreter. In available mode nobody
        waits for it, so it may also gather for a while.
        """
        if self._is_flush_due or self.failure:
            return
        self._is_flush_due = True
        if self.is_strict:
            self._loop.call_soon(self._flush_now)
        else:
            self._loop.call_later(GATHER_S, self._flush_now)

    def hold(self, release: Release, payload: Any) -> None:
        """Call release(payload) when everything noted so far is durable (available: at once)."""
        self.flush()
        if not self.is_strict:
            release(payload)
        elif not self.failure:
            ticket = self._writer.ticket
            if ticket > self._committed or self._held:
                self._held.append((ticket, release, payload))
            else:
                release(payload)

    def await_intent(self, expire: Callable[[], None]) -> None:
        """Call expire() after the intent deadline. It must ignore the call if the intent was released."""
        if not self.is_strict:
            return
        self._waiting.append((self._loop.time() + self._deadline_s, expire))
        if not self._is_ticking:
            self._is_ticking = True
            self._loop.call_later(TICK_S, self._tick)

    @property
    def is_backed_up(self) -> bool:
        """Whether reading should pause. Not in available mode: there nothing waits for the disk."""
        return (
            self.is_strict and not self.failure and self._writer.backlog_bytes > BACKLOG_BYTES_MAX
        )

    def when_drained(self, resume: Callable[[], None]) -> None:
        """Call resume() once when the backlog is below its limit again. One entry per paused connection."""
        self._stalled.append(resume)

    def committed(self, ticket: int) -> None:
        """All up to `ticket` is durable: the journal calls this in the loop."""
        self._committed = ticket
        held = self._held
        while held and held[0][0] <= ticket:
            _, release, payload = held.popleft()
            release(payload)
        if self._stalled and not self.is_backed_up:
            stalled, self._stalled = self._stalled, []
            for resume in stalled:
                resume()

    def failed(self, reason: str) -> None:
        """The journal takes nothing any more. What is held is never released: it was never durable."""
        self.failure = reason or "unknown"
        self._held.clear()
        stalled, self._stalled = self._stalled, []
        for resume in stalled:
            resume()

    def _flush_now(self) -> None:
        self._is_flush_due = False
        if not self.failure:
            self._writer.flush()

    def _tick(self) -> None:
        now = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            self._waiting.popleft()[1]()
        if self._waiting:
            self._loop.call_later(TICK_S, self._tick)
        else:
            self._is_ticking = False
