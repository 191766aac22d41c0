"""Ids as the service makes them (reference, section 6.3)."""

from __future__ import annotations

import base64

from proxy.emulator.answers.chance import Chance


def turn_id(now_s: int, chance: Chance) -> str:
    """The id of one turn: its second, little-endian, then random bytes (reference, section 6.3)."""
    data = now_s.to_bytes(4, "little") + chance.data(12 + chance.below(2))
    return base64url(data)


def interaction_id(root: str, turn: str) -> str:
    """The public id: a protobuf of the conversation's first turn and this turn, as base64url text."""
    fields = (b"\x0a", root), (b"\x12", turn)
    packed = b"".join(tag + bytes([len(text)]) + text.encode() for tag, text in fields)
    return "v1_" + base64url(packed)


def base64url(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
