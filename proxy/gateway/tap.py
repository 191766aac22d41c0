"""Where the gateway notes what passed, and where bytes wait until their note is durable.

strict: everything that goes out is *held* under the ticket of the flush that noted it, and released
when that group commit returns. available: nothing waits. One tap per worker; the loop thread owns it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from proxy.errors import JournalFull, JournalUnavailable
from proxy.gateway.limits import BACKLOG_BYTES_MAX, GATHER_S, TICK_S
from proxy.journal.format import Gap, Kind, Mode
from proxy.journal.page import MODE, SEEN

Release = Callable[[Any], None]

# To read a name of an enum class costs Python 3.11 about 900 instructions: what each exchange notes is read here, once.
INTENT: Final = Kind.INTENT
REQUEST_CHUNK: Final = Kind.REQUEST_CHUNK
REQUEST_END: Final = Kind.REQUEST_END
RESPONSE_HEAD: Final = Kind.RESPONSE_HEAD
RESPONSE_CHUNK: Final = Kind.RESPONSE_CHUNK
END: Final = Kind.END


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


class Waiter(Protocol):
    """What the tap needs of an exchange whose intent may be late (proxy.gateway.forward.Exchange)."""

    @property
    def awaits_intent(self) -> bool: ...
    def intent_expired(self) -> None: ...


_FULL: Final = "no exchange begins: the journal has no room"


@dataclass(slots=True)
class _Missed:
    """Exchanges that were seen and have no record. Mutable."""

    reason: str
    count: int = 0
    first_ns: int = 0
    last_ns: int = 0

    def add(self, now_ns: int) -> None:
        self.count += 1
        self.first_ns = self.first_ns or now_ns
        self.last_ns = now_ns

    def told(self) -> Gap:
        return Gap(self.count, 0, self.first_ns, self.last_ns, self.reason)

    def forget(self) -> None:
        self.count = self.first_ns = 0


class Tap:
    """Notes, holds, releases. Never raises towards a connection and never changes a byte."""

    def __init__(
        self,
        *,
        loop: Loop,
        intent_deadline_s: float,
        on_failure: Callable[[str], None],
        on_full: Callable[[], None],
        now_ns: Callable[[], int],
    ) -> None:
        self.failure = "no journal is open yet"
        """Why the journal takes nothing; empty while it does."""
        self.is_full = False
        """The journal takes ends only: what is in flight must end, strict, or go on unrecorded."""
        self._writer: Writer
        self._words: Any = [0] * (SEEN + 1)
        self._loop = loop
        self._deadline_s = intent_deadline_s
        self._on_failure = on_failure
        self._on_full = on_full
        self._now_ns = now_ns
        self._missed = {
            True: _Missed("refused, because they could not be recorded"),
            False: _Missed("passed on without being recorded"),
        }
        """By whether the exchange was strict."""
        self._held: deque[tuple[int, Release, Any]] = deque()
        """Bounded by what each connection may hold (limits.HELD_BYTES_MAX)."""
        self._committed = 0
        self._waiting: deque[tuple[float, Waiter]] = deque()
        """By deadline. Those in front that wait no more go when the next one comes."""
        self._stalled: list[Callable[[], None]] = []
        self._is_ticking = False
        self._is_flush_due = False
        self._is_gathering = False

    def connect(self, writer: Writer, page: Page) -> None:
        """Give the tap a journal: at the start, and again after the one before failed.

        What was missed meanwhile moves to the new page with its record: whoever reads the page of the
        failed one shall not count it again.
        """
        missed_count = sum(missed.count for missed in self._missed.values())
        self._words[SEEN] -= missed_count
        self._writer = writer
        self._words = page.words
        self._words[SEEN] += missed_count
        self._committed = 0
        self.failure = ""
        self.is_full = False
        self.tell_missed()

    def begin(self, *, is_strict: bool) -> int:
        """The sequence of a new exchange; 0 when it passes unrecorded (available only).

        Raises:
            JournalUnavailable: strict, and the journal takes nothing. Nothing may be sent upstream.
        """
        self._words[SEEN] += 1
        if not is_strict:
            self._words[MODE] = Mode.AVAILABLE
        if not (self.failure or self.is_full):
            try:
                sequence = self._writer.begin()
            except JournalUnavailable:
                pass  # it says why in the log, and the operator sees it in the page
            else:
                if self._missed[True].count or self._missed[False].count:
                    self.tell_missed()
                return sequence
        self._missed[is_strict].add(self._now_ns())
        if is_strict:
            raise JournalUnavailable(self.failure or _FULL)
        return 0

    def tell_missed(self) -> None:
        """Note how many exchanges were not recorded, once the journal takes records again."""
        for missed in self._missed.values():
            if missed.count and not self.failure:
                try:
                    self._writer.append(0, Kind.GAP, missed.told().encode())
                except JournalUnavailable:
                    return  # it stays counted, and is told when the next exchange begins
                missed.forget()

    def say(self, mode: Mode, reason: str) -> None:
        """Note what changed for all exchanges of this worker."""
        if not self.failure:
            try:
                self._writer.append(0, Kind.MODE, bytes([mode]) + reason.encode())
            except JournalUnavailable:
                return  # the log has it; the next change is noted again
            self.flush()

    def note(self, sequence: int, kind: Kind, data: bytes, flags: int = 0) -> None:
        """Take one entry. What a failed journal cannot take is what the worker page counts as unrecorded."""
        if sequence and not self.failure:
            if self.is_full and kind is not END:
                return
            try:
                self._writer.append(sequence, kind, data, flags)
            except JournalFull:
                if not self.is_full:
                    self.is_full = True
                    self._loop.call_soon(self._on_full)
            except JournalUnavailable as error:
                # Whoever notes is in the middle of something: the ends of exchanges come after it.
                self.failed(str(error))
                self._loop.call_soon(self._on_failure, str(error))

    def flush(self, *, is_strict: bool = True) -> None:
        """Have what was noted made durable soon: once per turn of the loop, not once per exchange.

        Each flush wakes the journal's thread, which then wants the interpreter. An available exchange waits
        for nobody, so it may also gather for a while.
        """
        if self._is_flush_due or self.failure:
            return
        if is_strict:
            self._is_flush_due = True
            self._loop.call_soon(self._flush_now)
        elif not self._is_gathering:
            self._is_gathering = True
            self._loop.call_later(GATHER_S, self._flush_gathered)

    def hold(self, release: Release, payload: Any, *, is_strict: bool) -> bool:
        """Call release(payload) when everything noted so far is durable (available: at once).

        Never, when the journal fails before: what is not durable is not told.

        Returns:
            Whether to read no more from where the payload came until the journal's backlog is drained
            (`when_drained`). Never for an available exchange: it waits for no disk.
        """
        if not is_strict:
            self.flush(is_strict=False)
            release(payload)
            return False
        if not self._is_flush_due:
            self.flush()
        if self.failure or self.is_full:
            return False
        ticket = self._writer.ticket
        if ticket > self._committed or self._held:
            self._held.append((ticket, release, payload))
            return self._writer.backlog_bytes > BACKLOG_BYTES_MAX
        release(payload)
        return False

    def await_intent(self, waiter: Waiter) -> None:
        """Tell `waiter` when the intent deadline has passed; it ignores that if its intent was released."""
        waiting = self._waiting
        while waiting and not waiting[0][1].awaits_intent:
            waiting.popleft()
        waiting.append((self._loop.time() + self._deadline_s, waiter))
        if not self._is_ticking:
            self._is_ticking = True
            self._loop.call_later(TICK_S, self._tick)

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
        if self._stalled and self._writer.backlog_bytes <= BACKLOG_BYTES_MAX:
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

    def _flush_gathered(self) -> None:
        self._is_gathering = False
        if not self.failure:
            self._writer.flush()

    def _tick(self) -> None:
        now = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            self._waiting.popleft()[1].intent_expired()
        if self._waiting:
            self._loop.call_later(TICK_S, self._tick)
        else:
            self._is_ticking = False
