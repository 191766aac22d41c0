"""Chance without chance: a stream of choices that depends only on a seed and a request's number.

Not `random.Random`, so that the choices stay the same over Python releases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from struct import Struct
from typing import Final, TypeVar

T = TypeVar("T")

CALL_ID_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
CALL_ID_LENGTH: Final = 8
"""As in recordings of the service (reference, section 7)."""

DRAW_BYTES: Final = 8
"""Bytes behind one choice: its bias for a few thousand options is below 1 in 10**15."""

BLOCK: Final = Struct(">8Q")
"""What is drawn at once for choices, all that one BLAKE2b gives: eight choices for one hash."""


class Chance:
    """Bytes, numbers and picks that follow from `seed` and `number` alone, in the order they are asked for.

    Words and ids are two streams: `seeded` exchanges the first and keeps the second, so that ids
    stay different where texts have to be the same.
    """

    __slots__ = ("_block", "_blocks", "_drawn", "_key", "_words")

    def __init__(self, seed: int, number: int) -> None:
        self._key = self._words = b"%d:%d:" % (seed, number)
        self._drawn = 0
        self._block: list[int] = []
        self._blocks = 0

    def seeded(self, words: bytes) -> Chance:
        """The same ids, but numbers and picks that follow from `words` alone."""
        other = Chance(0, 0)
        other._key = self._key + b"seeded:"
        other._words = words
        return other

    def data(self, size: int) -> bytes:
        """`size` bytes that look random."""
        self._drawn += 1
        return hashlib.shake_128(self._key + b"%d" % self._drawn).digest(size)

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        if not self._block:
            self._blocks += 1
            text = b"%s#%d" % (self._words, self._blocks)
            self._block.extend(BLOCK.unpack(hashlib.blake2b(text).digest()))
        return self._block.pop() % limit

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def call_id(self) -> str:
        """The id of a tool call: eight lower-case letters and digits."""
        number = int.from_bytes(self.data(DRAW_BYTES), "big")
        letters = []
        for _ in range(CALL_ID_LENGTH):
            number, place = divmod(number, len(CALL_ID_ALPHABET))
            letters.append(CALL_ID_ALPHABET[place])
        return "".join(letters)
