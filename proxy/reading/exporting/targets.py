"""Where an export goes: a folder, or storage that speaks S3. A file is there whole, or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from proxy.errors import StoreError
from proxy.journal.disk import make_folder, sync_folder

if TYPE_CHECKING:
    from obstore.store import ObjectStore

UNBORN: Final = ".unborn"
LOCK: Final = "export.lock"
S3: Final = "s3://"
ABANDONED_AFTER: Final = timedelta(days=1)
"""In a bucket: no run takes as long, and the storage's clock is not as wrong."""
PART_BYTES: Final = 8 * 1024 * 1024
"""Of an upload in parts: what is held of a file at a time. S3 takes no part below 5 MiB."""
PARTS_AT_ONCE: Final = 2


class Sink:
    """A file while it is written: counts and digests what goes through. For writers that only append."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing: the file is made durable as a whole, at its end."""

    def tell(self) -> int:
        return self.size

    def seek(self, *_: int) -> int:
        """Raises UnsupportedOperation."""
        raise io.UnsupportedOperation("an export's file is written from its beginning to its end")


class Target(Protocol):
    """Names are relative, with `/`."""

    def names(self) -> list[str]:
        """Every file that is there."""

    def abandoned(self) -> list[str]:
        """Those that no other run can be writing."""

    def read(self, name: str) -> bytes | None:
        """A whole small file; None: it is not there."""

    def new(self, name: str) -> AbstractContextManager[Sink]:
        """Write a file; it has its name, durably, once the context ends well."""

    def remove(self, name: str) -> None:
        """It may be gone already."""


class Folder:
    """A folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        return sorted(
            str(path.relative_to(self._folder))
            for path in self._folder.rglob("*")
            if not path.is_dir()
        )

    def abandoned(self) -> list[str]:
        return self.names()  # it is locked

    def read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    @contextmanager
    def new(self, name: str) -> Iterator[Sink]:
        path = self._folder / name
        make_folder(path.parent)
        unborn = path.with_name(path.name + UNBORN)
        try:
            descriptor = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                yield Sink(file)
                file.flush()
                os.fsync(file.fileno())
            unborn.rename(path)
        finally:
            unborn.unlink(missing_ok=True)
        sync_folder(path.parent)

    def remove(self, name: str) -> None:
        path = self._folder / name
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty
            if path.parent != self._folder:
                path.parent.rmdir()


class Objects:
    """A prefix in a bucket. A file is one object; it is there once its upload ended."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def names(self) -> list[str]:
        return self._names(None)

    def abandoned(self) -> list[str]:
        return self._names(datetime.now(UTC) - ABANDONED_AFTER)

    def _names(self, before: datetime | None) -> list[str]:
        import obstore  # noqa: PLC0415  # an extra

        with _told():
            return sorted(
                one["path"]
                for page in obstore.list(self._store)
                for one in page
                if before is None or one["last_modified"] < before
            )

    def read(self, name: str) -> bytes | None:
        import obstore  # noqa: PLC0415

        with _told():
            try:
                return bytes(obstore.get(self._store, name).bytes())
            except FileNotFoundError:
                return None

    @contextmanager
    def new(self, name: str) -> Iterator[Sink]:
        import obstore  # noqa: PLC0415

        with _told():
            # Without the close nothing is there: an upload that was begun and not ended has no name.
            file = obstore.open_writer(
                self._store, name, buffer_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            )
            yield Sink(file)
            file.close()

    def remove(self, name: str) -> None:
        import obstore  # noqa: PLC0415

        with _told(), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, name)


@contextmanager
def opened(place: str) -> Iterator[Target]:
    """The target that `place` names: a folder, made if need be and locked, or s3://bucket/prefix.

    Credentials, region and end point of S3 come from the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT, ...).

    Raises:
        StoreError: it cannot be opened, or another export is at work there.
    """
    if place.startswith(S3):
        bucket, _, prefix = place.removeprefix(S3).partition("/")
        try:
            from obstore.store import S3Store  # noqa: PLC0415
        except ImportError as error:
            raise StoreError("S3 needs: pip install 'interactions-proxy[s3]'") from error
        with _told():
            target = Objects(S3Store(bucket, prefix=prefix.strip("/") or None))
        yield target
        return
    folder = Path(place)
    try:
        make_folder(folder.absolute())
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot export to {folder}: {error}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"another export to {folder} is at work") from error
        yield Folder(folder)
    finally:
        os.close(descriptor)


@contextmanager
def _told() -> Iterator[None]:
    """What the storage says, as a sentence. Its first line has no credential: these are in headers."""
    from obstore.exceptions import BaseError  # noqa: PLC0415

    try:
        yield
    except BaseError as error:
        first = str(error).strip().partition("\n")[0]
        raise StoreError(f"the object storage refuses: {first[:300]}") from error
