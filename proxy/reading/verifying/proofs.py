"""Signed notes and Merkle trees, as an outsider checks them: C2SP signed-note, RFC 6962."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    """A file is not what it should be; the text says which and why."""


def read_signed(note: str, vkey: str) -> str:
    """The text of a note that this key signed, without its last line break. Raises Refused."""
    try:
        name, key_id, key_text = vkey.strip().split("+", 2)
        key = base64.b64decode(key_text, validate=True)
    except ValueError as error:
        raise Refused("the public key is not name+id+base64") from error
    if hashlib.sha256(f"{name}\n".encode() + key).digest()[:4].hex() != key_id or key[:1] != b"\1":
        raise Refused("the public key does not fit its id, or is not Ed25519")
    text, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines():
        parts = line.split(" ")
        if len(parts) != 3 or parts[:2] != ["\u2014", name]:
            continue
        try:
            signature = base64.b64decode(parts[2], validate=True)
            if signature[:4].hex() != key_id:
                continue
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], f"{text}\n".encode())
        except (ValueError, InvalidSignature) as error:
            raise Refused("the signature of the note does not hold") from error
        return text
    raise Refused(f"the note is not signed by {name}")


def read_note(note: str, vkey: str) -> tuple[int, bytes]:
    """Size and root of a checkpoint that this key signed. Raises Refused."""
    lines = read_signed(note, vkey).split("\n")
    try:
        origin, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (ValueError, IndexError) as error:
        raise Refused("what is signed is no checkpoint") from error
    if origin != vkey.partition("+")[0].strip() or str(size) != lines[1] or len(root) != 32:
        raise Refused("the checkpoint is of another log, or not one")
    return size, root


def held_note(text: str) -> tuple[str, str | None]:
    """The note in what somebody kept, and when it was given away if that stands there."""
    start = text.find("{")
    if start < 0:
        return text, None
    try:
        told = json.loads(text[start:])
        return str(told["checkpoint"]), str(told.get("at"))
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("neither a signed note nor a line of JSON with one") from error


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\0" + entry).digest()


def tree_root(hashes: list[bytes]) -> bytes:
    """RFC 6962: joined in pairs; what is left over goes up as it is."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        joined = [
            hashlib.sha256(b"\1" + left + right).digest()
            for left, right in zip(hashes[::2], hashes[1::2], strict=False)
        ]
        hashes = joined + hashes[len(hashes) & ~1 :]
    return hashes[0]


def root_by_proof(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that an inclusion proof gives (RFC 9162, 2.1.3.2). Raises Refused."""
    at, last, root = index, size - 1, leaf
    for sibling in proof:
        if last <= 0:
            raise Refused("the inclusion proof is too long")
        is_right = at % 2 == 1 or at == last
        pair = sibling + root if is_right else root + sibling
        root = hashlib.sha256(b"\1" + pair).digest()
        while is_right and at % 2 == 0 and at:
            at, last = at // 2, last // 2
        at, last = at // 2, last // 2
    if last or not 0 <= index < size:
        raise Refused("the inclusion proof is too short")
    return root


class Roots:
    """The roots of the first leaves, for sizes that are known before, while the leaves come."""

    def __init__(self, sizes: Iterable[int]) -> None:
        self._sizes = sorted(set(sizes), reverse=True)
        self._stack: list[tuple[int, bytes]] = []
        """(leaves, root) of complete subtrees, the largest first."""
        self.count = 0
        """Leaves that came."""
        self.found: dict[int, bytes] = {}
        self._note()

    def take(self, hashes: list[bytes], root: bytes | None = None) -> None:
        """The next leaves. `root`: of 256 of them, if they are so many and the size before is a multiple."""
        if root is not None and not (self._sizes and self._sizes[-1] < self.count + len(hashes)):
            self._add(len(hashes), root)
            return
        for one in hashes:
            self._add(1, one)

    def _add(self, leaves: int, root: bytes) -> None:
        self.count += leaves
        stack = self._stack
        while stack and stack[-1][0] == leaves:
            root = hashlib.sha256(b"\1" + stack.pop()[1] + root).digest()
            leaves *= 2
        stack.append((leaves, root))
        self._note()

    def _note(self) -> None:
        if not self._sizes or self._sizes[-1] != self.count:
            return
        total = self._stack[-1][1] if self._stack else hashlib.sha256(b"").digest()
        for _, left in reversed(self._stack[:-1]):
            total = hashlib.sha256(b"\1" + left + total).digest()
        self.found[self._sizes.pop()] = total


def roots_at(hashes: list[bytes], sizes: list[int]) -> dict[int, bytes]:
    """The roots of the first leaves, for sizes, in one pass."""
    roots = Roots(sizes)
    roots.take(hashes)
    return roots.found
