"""Signatures of registered webhooks, as Standard Webhooks wants them (reference, section 17)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from proxy.emulator.answers.chance import Chance

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
SHOWN_CHARACTERS: Final = len(PREFIX) + 4
"""So much of a secret is shown after its creation."""


def new_secret(chance: Chance) -> str:
    """A signing secret: its start, then 32 bytes as base64."""
    return PREFIX + base64.b64encode(chance.data(SECRET_BYTES)).decode()


def truncated(secret: str) -> str:
    """What tells secrets apart without giving them away."""
    return secret[:SHOWN_CHARACTERS] + "…"


def signatures(secrets: Iterable[str], message_id: str, timestamp_s: int, body: bytes) -> str:
    """The header's value: one `v1,<base64>` for each secret, with spaces between."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp_s, body)
    return " ".join("v1," + _mac(secret, signed) for secret in secrets)


def _mac(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
