"""What a proxy needs to know of its fleet: `fleet.engine_file`, read and checked."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from proxy.errors import StartRefused
from proxy.store.position import VaultPosition
from proxy.store.vault.files import VaultFile, vault_files

FILE_BYTES_MAX: Final = 64 * 1024
"""A dozen short lines."""
EVERY_S: Final = 5.0
"""Between two rounds: each is a commit in the catalog and a file of each table that has rows, and small files cost."""
MARK_BYTES: Final = 4096
"""Before a position: its commit record, which tells the time, and sealed records before that."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}\Z")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._/-]{0,200}\Z")
_KNOWN: Final = {
    "": {"proxy", "every_s", "catalog", "objects"},
    "catalog": {"connection", "password"},
    "objects": {"endpoint", "region", "bucket", "prefix", "key_id", "secret", "ca_file"},
}


@dataclass(frozen=True, slots=True)
class Objects:
    """S3-compatible storage."""

    host: str
    """With its port."""
    is_secure: bool
    bucket: str
    prefix: str
    """Without slashes at its ends; may be empty."""
    region: str
    key_id: str
    secret: str = field(repr=False)
    ca_file: str = ""
    """Authorities (PEM) of the endpoint's certificate, in place of the system's."""

    def place(self, *names: str) -> str:
        """A name in the bucket."""
        return "/".join(name for name in (self.prefix, *names) if name)


@dataclass(frozen=True, slots=True)
class Fleet:
    """One proxy's place in its fleet."""

    proxy: str
    """Its name there, for good, no other proxy's."""
    connection: str
    """Of the catalog, as libpq takes it, without password."""
    password: str = field(repr=False)
    objects: Objects
    every_s: float = EVERY_S


def read_fleet(path: Path, proxy: str = "") -> Fleet:
    """The file of `fleet.engine_file`; `proxy`, where given, is the name before the one in it.

    Raises:
        StartRefused: it cannot be read, is open to everybody, or says something else; the text says what.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO:
            raise StartRefused(f"fleet.engine_file {path} is open to everybody: chmod o= {path}")
        with path.open("rb") as file:
            text = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise StartRefused(f"cannot read fleet.engine_file {path}: {error.strerror}") from error
    try:
        if len(text) > FILE_BYTES_MAX:
            raise ValueError(f"more than {FILE_BYTES_MAX} bytes")  # noqa: TRY301
        return _fleet(tomllib.loads(text.decode()), proxy)
    except (ValueError, TypeError) as error:
        raise StartRefused(f"fleet.engine_file {path}: {error}") from error


def _fleet(told: dict[str, Any], proxy: str) -> Fleet:
    _only_known(told, "")
    catalog, objects = told.get("catalog", {}), told.get("objects", {})
    _only_known(catalog, "catalog")
    _only_known(objects, "objects")
    name = proxy or _text(told, "proxy")
    if not _NAME.match(name):
        raise ValueError("proxy (or fleet.proxy_name) is a name of a-z, 0-9, . and -, 63 at most")
    every_s = told.get("every_s", EVERY_S)
    if not isinstance(every_s, int | float) or not 0 < every_s <= 3600:
        raise ValueError("every_s is a number of seconds up to 3600")
    connection = _text(catalog, "connection", "catalog.")
    if "password" in connection:
        raise ValueError("catalog.connection has no password: it stands in catalog.password")
    return Fleet(name, connection, catalog.get("password", ""), _objects(objects), float(every_s))


def _objects(told: dict[str, Any]) -> Objects:
    url = urlsplit(_text(told, "endpoint", "objects."))
    if url.scheme not in {"http", "https"} or not url.netloc or url.path.strip("/"):
        raise ValueError(
            "objects.endpoint is https://HOST:PORT, or http:// within a network of yours"
        )
    prefix = str(told.get("prefix", "")).strip("/")
    if not _PREFIX.match(prefix):
        raise ValueError("objects.prefix is made of letters, digits and ._/-")
    ca_file = told.get("ca_file", "")
    if not isinstance(ca_file, str) or (ca_file and not Path(ca_file).is_file()):
        raise ValueError(f"objects.ca_file: there is no file {ca_file}")
    return Objects(
        host=url.netloc,
        is_secure=url.scheme == "https",
        bucket=_text(told, "bucket", "objects."),
        prefix=prefix,
        region=told.get("region", "us-east-1"),
        key_id=_text(told, "key_id", "objects."),
        secret=_text(told, "secret", "objects."),
        ca_file=ca_file,
    )


def _only_known(told: object, where: str) -> None:
    if not isinstance(told, dict):
        raise TypeError(f"[{where}] is a table")
    if odd := sorted(told.keys() - _KNOWN[where]):
        raise ValueError(f"{where + ': ' if where else ''}there is no {odd[0]}")


def _text(told: dict[str, Any], name: str, where: str = "") -> str:
    found = told.get(name)
    if not isinstance(found, str) or not found:
        raise ValueError(f"{where}{name} is missing")
    return found


def mark_of(vault: Path, position: VaultPosition) -> str:
    """What stands in this vault right before a position, as 32 digits; empty: there is no such place.

    Another vault has something else there, and so has this one once it was put back from a backup and went on.
    """
    try:
        with (vault / position.file).open("rb") as file:
            start = max(0, position.offset - MARK_BYTES)
            file.seek(start)
            found = file.read(position.offset - start)
    except OSError:
        return ""
    is_whole = found and start + len(found) == position.offset
    return hashlib.sha256(found).hexdigest()[:32] if is_whole else ""


def identity(vault: Path) -> str | None:
    """What tells this vault from others: how it begins. None: nothing was recorded yet."""
    names = vault_files(vault)
    if not names:
        return None
    with VaultFile(vault / names[0]) as file:
        _, payload = file.record(0)
    told: dict[str, Any] = json.loads(payload)
    return f"{names[0]}@{told['at']}"
