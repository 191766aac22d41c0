"""Waiting for an answer of DuckDB: on a terminal it is said how far it is, and Ctrl-C ends the question.

DuckDB asks in a thread of its own, so that this one hears the keyboard: in one thread Ctrl-C is heard when DuckDB looks
for it, and comes back as an error of no kind.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from proxy.reading.layout.terminal import duration_text

LOOK_S: Final = 0.1
"""Between two looks whether the answer is there: as often as somebody who watches can tell."""
SILENT_NS: Final = 1_000_000_000
"""A wait shorter than that is no wait, and nothing is written."""
_CLEAR: Final = "\r\x1b[K"

_T = TypeVar("_T")


class Cancelled(Exception):
    """Ctrl-C was pressed, and the question has ended."""


class Asked(Protocol):
    """What is waited for: a connection of DuckDB."""

    def interrupt(self) -> None: ...
    def query_progress(self) -> float: ...


class Waiting:
    """Runs one piece of work after the other; used in the main thread."""

    def __init__(self, connection: Asked, mono_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._connection = connection
        self._mono_ns = mono_ns
        self._pool = ThreadPoolExecutor(1, "question")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    def wait_for(self, work: Callable[[], _T]) -> _T:
        """What `work` returns, or raises.

        Raises:
            Cancelled: Ctrl-C was pressed. It ended; pressed once more meanwhile, this process ends at once.
        """
        doing = self._pool.submit(work)
        try:
            self._watch(doing)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            while not doing.done():  # again and again: it may not have begun
                self._connection.interrupt()
                wait([doing], LOOK_S)
            raise Cancelled from None
        return doing.result()

    def _watch(self, doing: Future[_T]) -> None:
        """Until it is done; on a terminal with one line that says how long it takes."""
        began_ns = self._mono_ns()
        is_shown = False
        try:
            while not wait([doing], LOOK_S).done:
                waited_ns = self._mono_ns() - began_ns
                if waited_ns >= SILENT_NS and sys.stderr.isatty():
                    is_shown = True
                    self._show(waited_ns)
        finally:
            if is_shown:
                sys.stderr.write(_CLEAR)
                sys.stderr.flush()

    def _show(self, waited_ns: int) -> None:
        percent = self._connection.query_progress()
        known = f"{percent:.0f} % · " if percent > 0 else ""
        seconds = waited_ns // 1_000_000_000 * 1_000_000_000
        sys.stderr.write(f"{_CLEAR}{known}{duration_text(seconds)} · Ctrl-C cancels")
        sys.stderr.flush()
