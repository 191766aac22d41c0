"""Keys that live in files of their own: the master key and the fingerprint key; and what derives from keys.

The data keys of exchanges lie in slots (slots.py), sealed under a key of their slot file, which is
sealed under the master key.
"""

from __future__ import annotations

import contextlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.errors import KeyDestroyed, StartRefused
from proxy.journal.disk import make_folder, sync_found, write_all

KEY_BYTES: Final = 32
"""AES-256; also the length of the HMAC keys."""
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
WRAPPED_KEY_BYTES: Final = NONCE_BYTES + KEY_BYTES + TAG_BYTES
FINGERPRINT_DIGITS: Final = 16
"""64 bits: a million credentials collide with a chance of 1 in 37 million."""
_NO_SALT: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Seals other keys. Whoever has it and the data folder can read everything that was not erased."""

    secret: bytes = field(repr=False)

    @classmethod
    def load_or_create(cls, path: Path) -> MasterKey:
        """Read the 32 bytes at `path`; make them, mode 0600 and durable, if there is no such file.

        Raises:
            StartRefused: the file cannot be read or made, or is not 32 bytes long.
        """
        return cls(_load_or_create(path))

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """Nonce (12 bytes, random), then `key` sealed and bound to `aad`: 28 bytes longer than `key`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """The inverse of wrap.

        Raises:
            KeyDestroyed: not wrapped by this master key for this `aad`, or no longer whole.
        """
        try:
            return AESGCM(self.secret).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError) as error:
            raise KeyDestroyed(
                "the master key does not open this key: wrong key, or erased"
            ) from error


@dataclass(frozen=True, slots=True)
class FingerprintKey:
    """Turns secrets into names for them. The same secret has the same fingerprint under one key."""

    secret: bytes = field(repr=False)

    @classmethod
    def load_or_create(cls, path: Path) -> FingerprintKey:
        """Read the 32 bytes at `path`; make them, mode 0600 and durable, if there is no such file.

        Raises:
            StartRefused: the file cannot be read or made, or is not 32 bytes long.
        """
        return cls(_load_or_create(path))

    def fingerprint(self, secret: bytes) -> str:
        """16 hexadecimal digits of HMAC-SHA256: says that two are equal, and nothing else."""
        return hmac.digest(self.secret, secret, "sha256").hex()[:FINGERPRINT_DIGITS]


def journal_key(data_key: bytes) -> bytes:
    """The key that seals an exchange in the journal: the data key itself."""
    return data_key


def vault_key(data_key: bytes) -> bytes:
    """The key that seals the same exchange in the vault: HKDF-SHA256 (RFC 5869), no salt, info "vault".

    Another key, because journal and vault count their nonces from 0 independently.
    """
    pseudorandom = hmac.digest(_NO_SALT, data_key, "sha256")
    return hmac.digest(pseudorandom, b"vault\x01", "sha256")


def _load_or_create(path: Path) -> bytes:
    try:
        if not path.exists():
            _create(path)
        secret = path.read_bytes()
        sync_found(path.parent)
    except OSError as error:
        raise StartRefused(f"cannot read or make the key file {path.name}: {error}") from error
    if len(secret) != KEY_BYTES:
        raise StartRefused(
            f"the key file {path.name} has {len(secret)} bytes, need {KEY_BYTES}: restore it from the"
            " backup of keys; a new key cannot open what the old one sealed"
        )
    return secret


def _create(path: Path) -> None:
    """Several processes may start at once: all of them use the file that got the name first."""
    make_folder(path.parent)
    unborn = path.with_name(f"{path.name}.{os.getpid()}.unborn")
    descriptor = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(descriptor, [os.urandom(KEY_BYTES)], 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with contextlib.suppress(FileExistsError):
        os.link(unborn, path)
    unborn.unlink()
