"""Equality without content: keyed digests by which two records can be compared, and nothing else. Pure.

A plain digest of a short prompt can be guessed; under a key that leaves with its day it cannot. Digests of
different purposes never compare: the purpose is part of what is digested.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from proxy.recording.secrecy.names import ODD, clear_name

MAC_CHARACTERS: Final = 24
"""96 bits: of a billion records two differing ones are alike by chance once in 10^11 trials."""


class Equality:
    """Digests under one key. Without a key there are none: every digest is None."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None) -> None:
        self._key = key

    def mac(self, purpose: str, *parts: bytes) -> str | None:
        """24 hexadecimal digits; the same for the same purpose and parts under this key, else others."""
        if self._key is None:
            return None
        digest = hmac.new(self._key, digestmod=hashlib.sha256)
        digest.update(b"%d:%b" % (len(purpose), purpose.encode()))
        for part in parts:
            digest.update(b"%d:" % len(part))
            digest.update(part)
        return digest.hexdigest()[:MAC_CHARACTERS]


NO_EQUALITY: Final = Equality(None)

EqualityOf = Callable[[int], Equality]
"""The equality of the UTC day of an instant (wall clock, ns): keys leave with their days."""


def no_equality(_wall_ns: int) -> Equality:
    """Of a reader without keys: nothing compares."""
    return NO_EQUALITY


def name_or_mac(text: str, purpose: str, equality: Equality) -> str:
    """A foreign name as `clear_name` lets it stand; else `mac:` and its digest, so that it still compares."""
    clear = clear_name(text)
    if clear != ODD:
        return clear
    mac = equality.mac(purpose, text.encode("utf-8", "surrogatepass"))
    return ODD if mac is None else f"mac:{mac}"
