"""Ids as the service makes them (reference, section 6.3)."""

from __future__ import annotations

import binascii
from typing import Final

from proxy.emulator.answers.chance import Chance

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def turn_id(now_s: int, chance: Chance) -> str:
    """The id of one turn: its second, little-endian, then random bytes (reference, section 6.3)."""
    drawn = chance.data(14)
    size = 12 + (drawn[13] & 1)  # both lengths are seen
    return base64url(now_s.to_bytes(4, "little") + drawn[:size])


def interaction_id(root: str, turn: str) -> str:
    """The public id: a protobuf of the conversation's first turn and this turn, as base64url text."""
    packed = b"\x0a%c%s\x12%c%s" % (len(root), root.encode(), len(turn), turn.encode())
    return "v1_" + base64url(packed)


def base64url(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()
