"""Server-sent events: bytes in, events out. Pure; knows nothing of Interactions.

Source: WHATWG HTML Living Standard, "Server-sent events". `id` and `retry` lines are left out: no
client of this API looks at them. Data stays bytes: JSON is parsed from it, and bytes are the truth.
"""

from __future__ import annotations

from typing import Final, NamedTuple

EVENT_BYTES_MAX: Final = 16 * 1024 * 1024
"""Longest event put together, in bytes. Generated images and music come as one line of megabytes;
the recorder interprets bodies up to this size by default. A longer event is skipped and counted."""
_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = (b"\n", b"\r\n", b"\r")


class SseEvent(NamedTuple):
    """One dispatched event. A tuple: ten thousand of them are made for one long stream."""

    offset: int
    """Where its first byte stood in the body."""
    end: int
    """Just behind the byte that completed it: the first of the blank line's."""
    name: str
    """The `event:` line; empty where there was none."""
    data: bytes
    """The `data:` lines, joined by line feeds."""


class SseReader:
    """Cuts a body into events, however the network cut it into chunks.

    The events returned by successive `feed` calls do not depend on where the chunks were cut.
    """

    __slots__ = (
        "_data",
        "_head",
        "_is_start",
        "_is_swallowing_lf",
        "_line",
        "_line_bytes",
        "_name",
        "_offset",
        "_start",
        "overlong",
    )

    def __init__(self) -> None:
        self.overlong: list[int] = []
        """Offsets of events that passed EVENT_BYTES_MAX and were skipped."""
        self._is_start = True
        self._head = b""
        """The first bytes, held while they may still be a BOM."""
        self._is_swallowing_lf = False
        """The last byte was a CR: an LF now belongs to it."""
        self._line: list[bytes] = []
        """Pieces of a line that has not ended; joined once, so that a long line costs no square."""
        self._line_bytes = 0
        self._offset = 0
        """Of the line that comes next."""
        self._start = -1
        """Of the event being collected; -1: none."""
        self._name = ""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Take the next bytes; return the events they complete, oldest first (often none)."""
        if self._is_start:
            chunk = self._without_bom(chunk)
        if self._is_swallowing_lf and chunk:
            self._is_swallowing_lf = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
                self._offset += 1
        if not chunk:
            return []
        lines = chunk.splitlines(keepends=True)
        ending = lines[-1][-1:]
        self._is_swallowing_lf = ending == b"\r"
        tail = b"" if ending in _BLANK else lines.pop()
        events: list[SseEvent] = []
        if lines:
            if self._line:
                lines[0] = b"".join([*self._line, lines[0]])
                self._line, self._line_bytes = [], 0
            self._take(lines, events)
        if tail:
            self._hold(tail)
        return events

    def end(self) -> tuple[list[SseEvent], bool]:
        """The input ended.

        Returns:
            What an unfinished last block would have become (Python's SDK reads it so), and whether
            there was one: by the standard it is dropped.
        """
        if self._is_start and self._head:
            self._is_start = False
            self._hold(self._head)
        events: list[SseEvent] = []
        if self._line:
            self._take([b"".join(self._line)], events)
            self._line, self._line_bytes = [], 0
        was_truncated = self._start >= 0
        size = self._offset
        if was_truncated:
            self._take([b"\n"], events)
        return [event._replace(end=size) for event in events], was_truncated

    def _without_bom(self, chunk: bytes) -> bytes:
        self._head += chunk
        if len(self._head) < len(_BOM) and _BOM.startswith(self._head):
            return b""
        self._is_start = False
        head, self._head = self._head, b""
        if head.startswith(_BOM):
            self._offset = len(_BOM)
        return head.removeprefix(_BOM)

    def _hold(self, tail: bytes) -> None:
        """Keep a piece of a line for later; of a line over the limit only that it was there."""
        self._line.append(tail)
        self._line_bytes += len(tail)
        if self._line_bytes > EVENT_BYTES_MAX:
            if self._start < 0:
                self._start = self._offset
            self._data.append(b"")
            self._offset += self._line_bytes - 1
            # The rest of the line is read as a comment: it cannot be told from a new line otherwise.
            self._line, self._line_bytes = [b":"], 1

    def _take(self, lines: list[bytes], events: list[SseEvent]) -> None:
        """Read whole lines, each with its line end. The body of the loop is what a stream costs."""
        offset, start, name, data = self._offset, self._start, self._name, self._data
        for line in lines:
            if line in _BLANK:
                if data:
                    if offset - start <= EVENT_BYTES_MAX:
                        joined = data[0] if len(data) == 1 else b"\n".join(data)
                        events.append(SseEvent(start, offset + 1, name, joined))
                    else:
                        self.overlong.append(start)
                    data = []
                start, name = -1, ""
            elif line.startswith(b":"):
                pass  # a comment: the only keep-alive that every client bears
            else:
                if start < 0:
                    start = offset
                if line.startswith(b"data:"):
                    if offset - start <= EVENT_BYTES_MAX:
                        data.append(line[6 if line[5:6] == b" " else 5 :].rstrip(b"\r\n"))
                elif line.startswith(b"event:"):
                    name = _value(line[6:]).decode("utf-8", "replace")
                elif line.rstrip(b"\r\n") == b"data":
                    data.append(b"")
            offset += len(line)
        self._offset, self._start, self._name, self._data = offset, start, name, data


def _value(rest: bytes) -> bytes:
    """A field's value: one space after the colon does not count."""
    return rest.rstrip(b"\r\n").removeprefix(b" ")
