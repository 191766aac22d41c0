"""Signs receipts: Ed25519, with a key of this installation that never leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proxy.audit.ledger.receipt import canonical
from proxy.journal.keys import FingerprintKey


class Signer:
    """Holds the key; says whose signature it is."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.public = self._key.public_key().public_bytes_raw().hex()
        """By it others verify."""

    @classmethod
    def load_or_create(cls, path: Path) -> Signer:
        """The key at `path`: 32 bytes, made (mode 0600, durable) if there is none.

        Raises:
            StartRefused: the file cannot be read or made, or has another length.
        """
        return cls(FingerprintKey.load_or_create(path).secret)

    def signed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The receipt as it is kept: its body, the public key, the signature."""
        return {
            "receipt": dict(body),
            "key": self.public,
            "signature": self._key.sign(canonical(body)).hex(),
        }
