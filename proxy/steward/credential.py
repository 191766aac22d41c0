"""The steward's credential: read once, kept in memory, known to everybody else by its fingerprint."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from proxy.errors import StartRefused
from proxy.journal.keys import FingerprintKey

BYTES_MAX: Final = 16 * 1024
"""A header line: no credential of Google's is a quarter as long."""
_SCHEME: Final = re.compile(rb"(?i)bearer\s+")


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret and its scope: whose interactions it can reach."""

    header: str
    value: str = field(repr=False)
    scope: frozenset[str]
    """Fingerprints: its own, and those of keys that were said to belong to the same project."""

    @property
    def headers(self) -> dict[str, str]:
        return {self.header: self.value}


def read_credential(
    file: Path | None, descriptor: int | None, key: FingerprintKey, further: str
) -> Credential | None:
    """The credential that was given; None: none was.

    Args:
        file: named by the settings. The descriptor wins.
        descriptor: of the supervisor's memory.
        key: the one with which the gateway makes fingerprints.
        further: fingerprints of other keys of the project, with commas.

    Raises:
        StartRefused: it cannot be read, or is no credential.
    """
    if descriptor is not None:
        secret = os.pread(descriptor, BYTES_MAX + 1, 0)
    elif file is not None:
        secret = _from_file(file)
    else:
        return None
    return made(secret.strip(), key, further)


def made(secret: bytes, key: FingerprintKey, further: str) -> Credential:
    """A credential as it is sent: an API key, or `Bearer` and a token.

    Raises:
        StartRefused: it is empty, or cannot stand in a header.
    """
    if not (0 < len(secret) <= BYTES_MAX and secret.isascii() and secret.decode().isprintable()):
        raise StartRefused(
            f"the credential is not usable: one line of printable ASCII, {BYTES_MAX} bytes at most"
        )
    is_token = _SCHEME.match(secret)
    # The fingerprint is of what is secret: the gateway takes the scheme off, too.
    own = key.fingerprint(_SCHEME.sub(b"", secret, count=1) if is_token else secret)
    scope = frozenset({own, *(one for one in further.split(",") if one)})
    return Credential("Authorization" if is_token else "x-goog-api-key", secret.decode(), scope)


def _from_file(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise StartRefused(
            f"cannot read steward.credential_file {file}: {error.strerror}"
        ) from error
