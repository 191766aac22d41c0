"""The files of one environment: a flat map of paths to contents, read as directories.

Contents are kept up to a limit for each environment.
"""

from __future__ import annotations

import base64
import binascii
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from proxy.emulator.asked.request import Json

BYTES_MAX: Final = 16 * 1024 * 1024
"""All files of an environment together; what would not fit is refused."""

FILES_MAX: Final = 1_000
"""Files of an environment, so that an archive of many empty ones ends somewhere."""


_UNREADABLE: Final = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    RuntimeError,  # a zip that is encrypted, or packed by a method that zipfile lacks
)


class DoesNotFit(ValueError):
    """A content that is too much, or an archive or inline source that cannot be read. Its text says which."""


@dataclass(frozen=True, slots=True)
class File:
    """One file."""

    content: bytes
    mime_type: str
    created: str
    modified: str


class Workspace:
    """Files by path, without a slash in front. Mutable."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(file.content) for file in self.files.values())

    def write(self, path: str, content: bytes, mime_type: str, at: str) -> None:
        """Put a file there, in place of one that was.

        Raises:
            DoesNotFit: the environment would hold too much.
        """
        old = self.files.get(path)
        size = self.size - (len(old.content) if old else 0) + len(content)
        if size > BYTES_MAX or (old is None and len(self.files) >= FILES_MAX):
            raise DoesNotFit(
                f"An environment holds {FILES_MAX} files of {BYTES_MAX} bytes together; "
                f"{path} would be more."
            )
        self.files[path] = File(content, mime_type, old.created if old else at, at)

    def extract(self, folder: str, archive: bytes, at: str) -> None:
        """Put the files of a zip or tar archive below a folder.

        Raises:
            DoesNotFit: it is neither, or holds too much.
        """
        for name, content in _members(archive):
            self.write(clean(f"{folder}/{name}"), content, "application/octet-stream", at)

    def listed(self, path: str, *, is_recursive: bool) -> list[Json] | None:
        """What is at a path: a file's own entry, or those of a directory; None if nothing is."""
        if path in self.files:
            return [_file_entry(path, self.files[path])]
        start = f"{path}/" if path else ""
        below = sorted(name for name in self.files if name.startswith(start))
        if not below and path:
            return None
        entries: dict[str, Json] = {}
        for name in below:
            first, _, rest = name.removeprefix(start).partition("/")
            if rest:
                entries.setdefault(start + first, _folder_entry(start + first))
            if not rest or is_recursive:
                entries[name] = _file_entry(name, self.files[name])
        return list(entries.values())


def clean(path: str) -> str:
    """A path without empty parts, `.` and `..`."""
    return "/".join(part for part in path.split("/") if part not in ("", ".", ".."))


def inline(source: Json) -> bytes:
    """The content of an inline source: text, or base64 if it says so.

    Raises:
        DoesNotFit: it says base64 and is not.
    """
    content = str(source.get("content") or "")
    if source.get("encoding") != "base64":
        return content.encode()
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise DoesNotFit(f"The source {source.get('target')!r} is not base64.") from None


def _members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in it; never more of one than an environment holds."""
    stream = io.BytesIO(archive)
    try:
        if zipfile.is_zipfile(stream):
            with zipfile.ZipFile(stream) as zipped:
                for entry in zipped.infolist():
                    if not entry.is_dir():
                        with zipped.open(entry) as member:
                            yield entry.filename, member.read(BYTES_MAX + 1)
            return
        stream.seek(0)
        with tarfile.open(fileobj=stream) as tarred:
            for item in tarred:
                unpacked = tarred.extractfile(item) if item.isfile() else None
                if unpacked is not None:
                    yield item.name, unpacked.read(BYTES_MAX + 1)
    except _UNREADABLE:
        raise DoesNotFit("The archive is neither a whole zip nor a whole tar file.") from None


def _file_entry(path: str, file: File) -> Json:
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "type": "file",
        "size_bytes": len(file.content),
        "mime_type": file.mime_type,
        "created": file.created,
        "modified": file.modified,
    }


def _folder_entry(path: str) -> Json:
    return {"name": path.rpartition("/")[2], "path": path, "type": "directory"}
