"""The console's files, each with its bytes ready to be sent, under a path that changes with any of them.

Modules name each other by relative paths, so all of them lie below one digest: a browser keeps them for
ever, and a new release is a new path.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

BASE: Final = "/console/"
MEDIA_TYPES: Final = {
    "html": "text/html",
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
}
FOREVER: Final = "public, max-age=31536000, immutable"
PAGE: Final = "index.html"
_DIGEST: Final = b"{digest}"
_PRELOADS: Final = b"<!-- preloads -->"
_GZIP_LEVEL: Final = 9
"""Done once at start: 20 ms for all files."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    media_type: str
    plain: bytes
    packed: bytes
    """gzip."""
    tag: str
    """Of its content, for ETag."""


@dataclass(frozen=True, slots=True)
class Console:
    """All files."""

    digest: str
    """Of all of them: 16 hexadecimal digits."""
    page: Asset
    """The one HTML page; its links carry the digest."""
    files: dict[str, Asset]
    """By name, served below BASE/a/<digest>/."""


@cache
def console() -> Console:
    """The files of this package."""
    return console_of(dict(_read(resources.files("proxy.console") / "static", "")))


def console_of(found: dict[str, bytes]) -> Console:
    """From names and bytes; `index.html` is among them."""
    rest = {name: data for name, data in found.items() if name != PAGE}
    whole = hashlib.sha256()
    for name in sorted(rest):
        whole.update(name.encode() + b"\0" + hashlib.sha256(rest[name]).digest())
    digest = whole.hexdigest()[:16]
    preloads = b"\n".join(
        f'<link rel="modulepreload" href="{BASE}a/{digest}/{name}">'.encode()
        for name in sorted(rest)
        if name.endswith(".js")
    )
    page = found[PAGE].replace(_DIGEST, digest.encode()).replace(_PRELOADS, preloads)
    files = {name: _asset(name, data) for name, data in rest.items()}
    return Console(digest, _asset(PAGE, page), files)


def _asset(name: str, data: bytes) -> Asset:
    kind = MEDIA_TYPES[name.rpartition(".")[2]]
    tag = hashlib.sha256(data).hexdigest()[:16]
    return Asset(kind, data, gzip.compress(data, _GZIP_LEVEL, mtime=0), tag)


def _read(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_bytes()
