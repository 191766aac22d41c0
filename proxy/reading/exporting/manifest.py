"""What an export says of itself: which files, how large, with which digests, as of where in the vault. Signed.

Two files: `manifest-<run>-<token>.json` says it, `export.note` (a C2SP signed note) names the one that holds, by its digest.
The note is replaced last: what it does not name is no part of the export.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from proxy.audit.trail.note import Signer, Verifier
from proxy.errors import FormatError

FORMAT: Final = 1
NOTE: Final = "export.note"
PURPOSE: Final = "interactions-proxy/export/v1"
"""The first line of the note. A checkpoint has the log's name there, and no log has this one."""

_NAME: Final = re.compile(r"manifest-\d{6,}(?:-[0-9a-f]{8})?\.json")
_SIZE: Final = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class FileMade:
    """One file with rows."""

    name: str
    """day=YYYY-MM-DD/<view>-<n>-<token>.<kind>, never used again."""
    view: str
    day: str
    rows: int
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an export is of: the same in each of its runs."""

    kind: str
    """parquet or jsonl."""
    since: str | None = None
    """The first day, UTC."""
    until: str | None = None
    """The last day."""
    has_content: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of it."""

    scope: Scope
    log: str
    """Name of the trail whose key signs."""
    run: int
    """From 1."""
    made_at: str
    """ISO 8601, UTC."""
    vault: tuple[str, int]
    """File and offset: what was committed before is in it, in its days."""
    views_version: int
    """Of audit.version."""
    views_sha256: str
    """Of the text of all views: with others, every file is made anew."""
    next_number: int
    """Of the next file."""
    days: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By day and source: what its files were made from, as a digest over the rows. Only ever compared."""
    files: tuple[FileMade, ...] = ()
    token: str = ""
    """Of the run that wrote it, by chance: eight hexadecimal digits in the names of all its files. Manifests of
    earlier releases have none."""

    @property
    def name(self) -> str:
        return f"manifest-{self.run:06d}{self.token and '-'}{self.token}.json"

    @property
    def tombstones(self) -> list[str]:
        """The files that list what was erased: who loaded an earlier run elsewhere deletes these there."""
        return [one.name for one in self.files if one.view == "erased"]

    def encode(self) -> bytes:
        told = asdict(self) | {"format": FORMAT, "tombstones": self.tombstones}
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"

    @classmethod
    def decode(cls, text: bytes) -> Manifest:
        """The inverse. Raises FormatError: no manifest, or one of another format."""
        try:
            told: dict[str, Any] = orjson.loads(text)
            if told.pop("format") != FORMAT:
                raise FormatError(f"the manifest has another format than {FORMAT}")
            told.pop("tombstones")
            file, offset = told["vault"]
            known = cls(**told)
            files = tuple(FileMade(**one) for one in told["files"])
            scope = Scope(**told["scope"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"not a manifest of an export: {error!r}") from error
        return replace(known, vault=(file, offset), files=files, scope=scope)


@dataclass(frozen=True, slots=True)
class Named:
    """What a note says of its manifest."""

    manifest: str
    """Name of the file."""
    size: int
    digest: str
    """SHA-256, base64."""

    def encode(self) -> str:
        """The text of the note."""
        return f"{PURPOSE}\n{self.manifest}\n{self.size}\n{self.digest}\n"

    def check(self, text: bytes) -> None:
        """Raises FormatError: `text` is not that manifest."""
        if _named(self.manifest, text) != self:
            raise FormatError(f"{self.manifest} is not the manifest that was signed")


def sign(signer: Signer, name: str, manifest: bytes) -> str:
    """The note that makes `manifest` the one that holds."""
    return signer.sign(_named(name, manifest).encode())


def named_by(note: str, verifier: Verifier) -> Named:
    """What a note names.

    Raises:
        FormatError: another key signed it, or it is no note of an export.
    """
    lines = verifier.opened(note).split("\n")
    if len(lines) != 5 or lines[0] != PURPOSE or not _NAME.fullmatch(lines[1]):
        raise FormatError("the signed note is not one of an export")
    if not _SIZE.fullmatch(lines[2]):
        raise FormatError("the signed note of the export names no size")
    return Named(lines[1], int(lines[2]), lines[3])


def _named(name: str, manifest: bytes) -> Named:
    return Named(name, len(manifest), b64encode(sha256(manifest).digest()).decode("ascii"))
