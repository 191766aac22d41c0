"""Bytes of uploaded and generated files, up to a limit of all together: the oldest are forgotten first."""

from __future__ import annotations

from typing import Final

KEPT_BYTES_MAX: Final = 128 * 1024 * 1024
"""All contents together. A file whose content went keeps its name, size and digest."""


class Contents:
    """Bytes by name, to which pieces may be added. Mutable."""

    def __init__(self, limit: int = KEPT_BYTES_MAX) -> None:
        self._limit = limit
        self._kept: dict[str, bytearray] = {}
        self._total = 0

    def add(self, name: str, piece: bytes) -> None:
        """Add a piece to the end of a content."""
        self._kept.setdefault(name, bytearray()).extend(piece)
        self._total += len(piece)
        while self._total > self._limit:
            self.drop(next(iter(self._kept)))

    def whole(self, name: str, size: int) -> bytes | None:
        """The content if it is kept from its first byte to its last; None otherwise."""
        kept = self._kept.get(name)
        if kept is None:
            return b"" if size == 0 else None
        return bytes(kept) if len(kept) == size else None

    def drop(self, name: str) -> None:
        """Forget a content, if it is there."""
        self._total -= len(self._kept.pop(name, b""))
