"""Lets requests with two `User-Agent` lines through a parser that refuses them. Pure: bytes in, bytes out.

The Python SDKs 1.55 to 2.8 send two on every interaction; aiohttp's parser answers such heads with 400 before
any handler runs, and its list of such headers cannot be changed (protocol reference, section 21.1). So the
name of each further line is misspelt in its last letter before the parser sees it, and spelt rightly again
in what the parser made of the head. Bodies are never touched: `UserAgents` follows where they end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MISSPELT: Final = ("user-agen~", "user-agen^")
"""What further lines are called, whatever the case of the other letters. No real name ends so."""

_LAST: Final = {b"t": b"~", b"T": b"^"}
"""The last letter and what stands for it, so that its case comes back too."""

HEAD_BYTES_MAX: Final = 1024 * 1024
"""A longer head is left to the parser, which refuses it: far above its limits on lines together."""

_HEAD_END: Final = b"\r\n\r\n"
_LINE: Final = re.compile(rb"(?i)(\r\nuser-agen)(t)(?=:)")
_STEM: Final = b"user-agen"
_USER_AGENT: Final = b"\r\nuser-agent:"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n")
_CHUNK_SIZE: Final = re.compile(rb"[ \t]*([0-9a-fA-F]{1,15})")


class UserAgents:
    """Follows one connection's requests. The same bytes in any pieces come out the same; see `feed`."""

    def __init__(self) -> None:
        self._held = b""
        """The beginning of a head, or of a line between chunks."""
        self._left = 0
        """Bytes of the body, or of a chunk with its line end, that are still to come."""
        self._is_chunked = False
        self._is_trailer = False
        self._is_through = False
        """From now on nothing is looked at: another protocol, or nothing that could be followed."""

    def feed(self, data: bytes) -> bytes:
        """What the parser may see of the bytes so far: heads as a whole, all else at once."""
        if self._is_through:
            return data
        seen = []
        while data and not self._is_through:
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                self._left -= len(piece)
            elif self._is_chunked:
                piece, data = self._chunk_line(data)
            else:
                piece, data = self._head(data)
            seen.append(piece)
        seen.append(data)
        return b"".join(seen)

    def _head(self, data: bytes) -> tuple[bytes, bytes]:
        """The next head, if it is whole, and what is behind it."""
        data, start = self._held + data, max(0, len(self._held) - len(_HEAD_END) + 1)
        end = data.find(_HEAD_END, start)
        if end < 0:
            self._held = data
            return self._given_up() if len(data) > HEAD_BYTES_MAX else (b"", b"")
        self._held = b""
        end += len(_HEAD_END)
        head, rest = data[:end], data[end:]
        names = head.lower()
        self._is_through = b"\r\nupgrade:" in names
        length = _LENGTH.search(names) if b"\r\ncontent-length:" in names else None
        self._left = int(length[1]) if length else 0
        self._is_chunked = b"\r\ntransfer-encoding:" in names and not length
        return head if names.count(_USER_AGENT) < 2 else _with_one(head), rest

    def _chunk_line(self, data: bytes) -> tuple[bytes, bytes]:
        """The next line between chunks: a size, or behind the last chunk a trailer; never held back."""
        end = data.find(b"\n") + 1
        if not end:
            self._held += data
            if len(self._held) > HEAD_BYTES_MAX:
                self._is_through = True
            return data, b""
        line, self._held = self._held + data[:end], b""
        if self._is_trailer:
            if not line.strip():
                self._is_chunked = self._is_trailer = False
        elif size := _CHUNK_SIZE.match(line):
            length = int(size[1], 16)
            self._left = length + len(b"\r\n") if length else 0
            self._is_trailer = not length
        else:
            self._is_through = True
        return data[:end], data[end:]

    def _given_up(self) -> tuple[bytes, bytes]:
        self._is_through = True
        return self._held, b""


def _with_one(head: bytes) -> bytes:
    """The head with every User-Agent line but the first misspelt."""
    first = head.lower().index(_USER_AGENT) + len(_USER_AGENT)
    return head[:first] + _LINE.sub(lambda line: line[1] + _LAST[line[2]], head[first:])


def restored(lines: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Header lines as the client spelt them."""
    return tuple((_restored_name(name), value) for name, value in lines)


def _restored_name(name: bytes) -> bytes:
    if name[-1:] not in _LAST.values() or name[:-1].lower() != _STEM:
        return name
    return name[:-1] + (b"t" if name.endswith(b"~") else b"T")
