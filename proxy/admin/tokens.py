"""Who may ask: tokens with roles. Kept as digests in a file that is read again when it changes.

A token is `ixp_` and 256 random bits. The file holds SHA-256 of each, which is enough: nobody searches
2^256 values, so there is nothing for a slow hash to slow down.

    {"version": 1, "tokens": [{"name": ..., "role": ..., "sha256": ..., "made_at": ...}]}

On a loopback address the owner of the data folder has a token of his own in `admin/local.token`, made at
the first start and readable by him alone: he owns the keys that lie beside it, so it gives him nothing new.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from proxy.errors import ProxyError, StartRefused
from proxy.recording.secrecy.names import clear_name

PREFIX: Final = "ixp_"
"""So that secret scanners and people recognise one."""
TOKEN_BYTES: Final = 32
TOKENS_MAX: Final = 1000
"""Each request is compared with all of them, so that its time tells nothing: 0.3 us each."""
FILE_BYTES_MAX: Final = 1024 * 1024
LOCAL: Final = "local"
"""Name of the data folder's owner among the readers."""


class Role(StrEnum):
    """What a token is for."""

    VIEWER = "viewer"
    """Facts; no content."""
    AUDITOR = "auditor"
    """Facts, and content for a reason."""
    OPERATOR = "operator"
    """Facts, holds, erasure; no content."""
    ADMIN = "admin"
    """All of it, and raw exchanges."""


class Right(StrEnum):
    """What an endpoint asks for."""

    FACTS = "facts"
    CONTENT = "content"
    HOLD = "hold"
    ERASE = "erase"
    RAW = "raw"


RIGHTS: Final = {
    Role.VIEWER: frozenset({Right.FACTS}),
    Role.AUDITOR: frozenset({Right.FACTS, Right.CONTENT}),
    Role.OPERATOR: frozenset({Right.FACTS, Right.HOLD, Right.ERASE}),
    Role.ADMIN: frozenset(Right),
}


class TokenRefused(ProxyError):
    """The token file cannot be used, or the change to it cannot be made; says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """One line of the file."""

    name: str
    role: Role
    sha256: str
    """64 hexadecimal digits."""
    made_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]


class TokenFile:
    """The tokens as the file has them now. For one thread."""

    def __init__(self, path: Path, local: Path | None = None) -> None:
        """`local`: the owner's own token, where it counts."""
        self._path = path
        self._local = local
        self._seen: object = None
        self._tokens: tuple[Token, ...] = ()

    def reader(self, presented: str) -> Reader | None:
        """Whose token this is; None: nobody's. Takes the same time whoever's it is.

        Raises:
            TokenRefused: the file cannot be read.
        """
        digest = _digest(presented)
        found: Reader | None = None
        for token in self.tokens():
            if hmac.compare_digest(token.sha256, digest):
                found = Reader(token.name, token.role)
        return found

    def tokens(self) -> tuple[Token, ...]:
        """All of them; the file is read again when it has changed.

        Raises:
            TokenRefused: it cannot be read.
        """
        seen = (_stamp(self._path), self._local and _stamp(self._local))
        if seen != self._seen:
            self._tokens = (*read_tokens(self._path), *_local_tokens(self._local))
            self._seen = seen
        return self._tokens


def add_token(path: Path, name: str, role: Role, now: Callable[[], dt.datetime]) -> str:
    """Make a token; returns it. It is shown this once.

    Raises:
        TokenRefused: the name is taken or odd, or the file cannot be written.
    """
    if not name or clear_name(name) != name or name == LOCAL:
        raise TokenRefused(
            f"{name[:80]!r} cannot name a token: letters, digits and _.:/- only, and not {LOCAL!r}"
        )
    secret = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    made_at = now().replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    with _changing(path) as tokens:
        if any(token.name == name for token in tokens):
            raise TokenRefused(f"there is a token {name}: revoke it first, or choose another name")
        if len(tokens) >= TOKENS_MAX:
            raise TokenRefused(f"{path} holds {TOKENS_MAX} tokens: revoke some")
        tokens.append(Token(name, role, _digest(secret), made_at))
    return secret


def revoke_token(path: Path, name: str) -> None:
    """From now on it opens nothing.

    Raises:
        TokenRefused: there is none of this name, or the file cannot be written.
    """
    with _changing(path) as tokens:
        kept = [token for token in tokens if token.name != name]
        if len(kept) == len(tokens):
            raise TokenRefused(f"there is no token {name[:80]!r} in {path}")
        tokens[:] = kept


def read_tokens(path: Path) -> list[Token]:
    """What the file holds; nothing where there is none.

    Raises:
        TokenRefused: it is not such a file.
    """
    try:
        with path.open("rb") as opened:
            text = opened.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TokenRefused(f"cannot read the tokens in {path}: {error.strerror}") from error
    try:
        if len(text) > FILE_BYTES_MAX:
            raise ValueError("too large")  # noqa: TRY301  # one sentence for all that is wrong
        told = json.loads(text)
        return [_token(one) for one in told["tokens"]]
    except (ValueError, KeyError, TypeError) as error:
        raise TokenRefused(f"{path} is no token file: {error!r}") from error


def ready_tokens(path: Path, local: Path, *, is_loopback: bool, is_named: bool) -> TokenFile:
    """The tokens as a listener starts with them; makes the owner's token where it counts.

    Raises:
        StartRefused: other machines could ask, and nobody has a token; or the file cannot be used.
    """
    try:
        tokens = read_tokens(path)
        if is_named and not path.exists():
            raise StartRefused(f"admin.tokens_file: there is no file {path}")
        if not is_loopback:
            if not tokens:
                raise StartRefused(
                    f"admin.address is reached by other machines and {path} holds no token: "
                    "make one with `interactions-proxy token add NAME --role viewer`"
                )
            return TokenFile(path)
        if not local.exists():
            _write(local, (PREFIX + secrets.token_urlsafe(TOKEN_BYTES) + "\n").encode())
    except TokenRefused as error:
        raise StartRefused(str(error)) from error
    except OSError as error:
        raise StartRefused(f"cannot make {local}: {error.strerror}") from error
    return TokenFile(path, local)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Another one for another content: files are replaced, never written into."""
    try:
        told = path.stat()
    except OSError:
        return None
    return (told.st_ino, told.st_size, told.st_mtime_ns)


def _token(told: Any) -> Token:
    token = Token(told["name"], Role(told["role"]), told["sha256"], told["made_at"])
    if not all(isinstance(each, str) for each in (token.name, token.sha256, token.made_at)):
        raise TypeError("not text")
    if len(bytes.fromhex(token.sha256)) != hashlib.sha256().digest_size:
        raise ValueError("not a SHA-256")
    return token


def _local_tokens(path: Path | None) -> Iterator[Token]:
    if path is None:
        return
    with contextlib.suppress(OSError):
        secret = path.read_text("utf-8", "replace").strip()
        if secret.startswith(PREFIX):
            yield Token(LOCAL, Role.ADMIN, _digest(secret), "")


@contextmanager
def _changing(path: Path) -> Iterator[list[Token]]:
    """The tokens to change; written in one step when nothing was raised. One changer at a time."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise TokenRefused(f"cannot change {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tokens = read_tokens(path)
        yield tokens
        _write(path, _to_json(tokens))
    except OSError as error:
        raise TokenRefused(f"cannot change {path}: {error.strerror}") from error
    finally:
        os.close(lock)


def _to_json(tokens: Sequence[Token]) -> bytes:
    told = [
        {"name": each.name, "role": each.role, "sha256": each.sha256, "made_at": each.made_at}
        for each in tokens
    ]
    return json.dumps({"version": 1, "tokens": told}, indent=1).encode() + b"\n"


def _write(path: Path, content: bytes) -> None:
    """Readable by the owner alone, there as a whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(path)
