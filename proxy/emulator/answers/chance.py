"""Chance without chance: a stream of choices that depends only on a seed and a request's number.

Not `random.Random`, so that the choices stay the same over Python releases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

CALL_ID_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
CALL_ID_LENGTH: Final = 8
"""As in recordings of the service (reference, section 7)."""


class Chance:
    """Bytes, numbers and picks that follow from `seed` and `number` alone, in the order they are asked for."""

    def __init__(self, seed: int, number: int) -> None:
        self._key = f"{seed}:{number}".encode()
        self._drawn = 0

    def data(self, size: int) -> bytes:
        """`size` bytes that look random."""
        self._drawn += 1
        return hashlib.shake_128(self._key + b":" + str(self._drawn).encode()).digest(size)

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        return int.from_bytes(self.data(8), "big") % limit

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def call_id(self) -> str:
        """The id of a tool call: eight lower-case letters and digits."""
        return "".join(self.pick(CALL_ID_ALPHABET) for _ in range(CALL_ID_LENGTH))
