"""The id in the answer to a create, found while the answer is on its way. Pure."""

from __future__ import annotations

import zlib
from typing import Any, Final

import orjson

from proxy.recording.reading.heads import response_head
from proxy.recording.secrecy.names import is_clear_id

SHOWN_BYTES_MAX: Final = 4 * 1024 * 1024
"""Decoded bytes of one answer that are kept for this; most have a hundredth. Beyond it the records tell, later."""
_WBITS: Final = {(): 0, ("gzip",): 31, ("x-gzip",): 31, ("deflate",): 47}


class ShownAnswer:
    """One answer, piece by piece. Mutable."""

    def __init__(self, head: bytes) -> None:
        found = response_head(head)
        self.is_done = found is None or not 200 <= (found.status or 0) < 300
        """Nothing more is wanted."""
        self._is_stream = found is not None and found.media_type == "text/event-stream"
        wbits = _WBITS.get(found.codings if found is not None else ())
        self.is_done = self.is_done or wbits is None
        self._unpacking = zlib.decompressobj(wbits) if wbits else None
        self._kept = b""

    def take(self, piece: bytes) -> str | None:
        """The id, once it is there."""
        if self.is_done:
            return None
        try:
            if self._unpacking is not None:
                piece = self._unpacking.decompress(piece, SHOWN_BYTES_MAX + 1)
        except zlib.error:
            self.is_done = True
            return None
        self._kept += piece
        found = self._from_stream() if self._is_stream else None
        if found is None and len(self._kept) > SHOWN_BYTES_MAX:
            self._give_up()
        return found

    def end(self) -> str | None:
        """The answer is whole: the id, if it was not said before."""
        if self.is_done:
            return None
        found = self._said(_id_of(self._kept)) if not self._is_stream else None
        self._give_up()
        return found

    def _from_stream(self) -> str | None:
        *lines, self._kept = self._kept.split(b"\n")
        for line in lines:
            if line.startswith(b"data:") and (found := self._said(_id_of(line[5:].strip()))):
                return found
        return None

    def _said(self, found: str | None) -> str | None:
        if found is not None:
            self._give_up()
        return found

    def _give_up(self) -> None:
        self.is_done = True
        self._kept = b""


def _id_of(data: bytes) -> str | None:
    """Of a resource, or of an event that names one."""
    try:
        told: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict):
        return None
    inner = told.get("interaction")
    named = inner.get("id") if isinstance(inner, dict) else told.get("interaction_id")
    if named is None and "event_type" not in told:
        named = told.get("id")
    return named if isinstance(named, str) and is_clear_id(named) else None
