"""C2SP signed notes with Ed25519, and the checkpoints of a log written as such. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from proxy.audit.trail.merkle import HASH_BYTES
from proxy.errors import FormatError

ED25519: Final = b"\1"
"""The type of a plain Ed25519 signature."""
NOTE_BYTES_MAX: Final = 64 * 1024
"""Sixteen signatures of witnesses have some 2 KB; what is larger is no note of a log."""

_KEY_BYTES: Final = 32
_NAME: Final = re.compile(r"[^\s+]+")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Signer:
    """The private key of a log. `name` is also the origin of its checkpoints."""

    name: str
    secret: bytes = field(repr=False)
    """The 32 bytes of RFC 8032."""

    @property
    def verifier(self) -> Verifier:
        return Verifier(
            self.name,
            Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw(),
        )

    def encode(self) -> str:
        """One line: PRIVATE+KEY+name+id+base64, as Go's note package writes it."""
        id_ = self.verifier.key_id.hex()
        return f"PRIVATE+KEY+{self.name}+{id_}+{_text(ED25519 + self.secret)}"

    @classmethod
    def decode(cls, line: str) -> Signer:
        """The inverse. Raises FormatError: no such line. The message never holds the key."""
        head, key, *rest = [*line.strip().split("+", 4), "", ""]
        if (head, key) != ("PRIVATE", "KEY") or len(rest) < 3:
            raise FormatError("not a private key of signed notes")
        signer = cls(rest[0], _key(rest[2]))
        if signer.verifier.key_id.hex() != rest[1]:
            raise FormatError("a private key of signed notes that does not fit its id")
        return signer

    def sign(self, text: str) -> str:
        """A whole note. `text` ends with a newline."""
        signature = Ed25519PrivateKey.from_private_bytes(self.secret).sign(text.encode())
        return f"{text}\n\u2014 {self.name} {_text(self.verifier.key_id + signature)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public key of a log."""

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that name the key in a signature."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.key).digest()[:4]

    def encode(self) -> str:
        """One line: name+id+base64."""
        return f"{self.name}+{self.key_id.hex()}+{_text(ED25519 + self.key)}"

    @classmethod
    def decode(cls, line: str) -> Verifier:
        """The inverse. Raises FormatError: no such line."""
        parts = line.strip().split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise FormatError("not a public key of signed notes: name+id+base64")
        verifier = cls(parts[0], _key(parts[2]))
        if verifier.key_id.hex() != parts[1]:
            raise FormatError("a public key of signed notes that does not fit its id")
        return verifier

    def opened(self, note: str) -> str:
        """The text of a note that this key signed; other signatures are passed over.

        Raises:
            FormatError: no note, not signed by this key, or changed.
        """
        text, separator, lines = note.rpartition("\n\n")
        if not separator or not lines.endswith("\n") or len(note) > NOTE_BYTES_MAX:
            raise FormatError("not a signed note")
        text += "\n"
        has_signed = False
        for line in lines[:-1].split("\n"):
            dash, name, signature = _parts(line)
            if dash != "\u2014":
                raise FormatError("a line among the signatures of a note is none")
            if name != self.name or signature[:4] != self.key_id:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(self.key).verify(signature[4:], text.encode())
            except (InvalidSignature, ValueError) as error:
                raise FormatError(f"the signature of {self.name} does not hold") from error
            has_signed = True
        if not has_signed:
            raise FormatError(f"the note is not signed by {self.name}")
        return text


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: so many leaves, this root."""

    origin: str
    size: int
    root: bytes

    def encode(self) -> str:
        """The text of the note."""
        return f"{self.origin}\n{self.size}\n{_text(self.root)}\n"

    @classmethod
    def decode(cls, text: str) -> Checkpoint:
        """The inverse; further lines are passed over. Raises FormatError: not a checkpoint."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _SIZE.fullmatch(lines[1]):
            raise FormatError("not a checkpoint: origin, size, root, each on a line")
        root = _bytes(lines[2])
        if len(root) != HASH_BYTES:
            raise FormatError("the root of a checkpoint has 32 bytes")
        return cls(lines[0], int(lines[1]), root)


def _parts(line: str) -> tuple[str, str, bytes]:
    parts = line.split(" ")
    if len(parts) != 3:
        raise FormatError("a line among the signatures of a note is none")
    return parts[0], parts[1], _bytes(parts[2])


def _key(text: str) -> bytes:
    key = _bytes(text)
    if len(key) != 1 + _KEY_BYTES or key[:1] != ED25519:
        raise FormatError("not an Ed25519 key of signed notes")
    return key[1:]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("not base64") from error
