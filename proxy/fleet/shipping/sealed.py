"""Sealed content as objects: each sealed record of an exchange, named by the SHA-256 that its manifest knows it by.

Ciphertext alone: the keys stay with the proxy, so an object without them is noise, and an erasure needs nothing of
the object store. Its objects are removed all the same.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from proxy.errors import FormatError, KeyDestroyed, SlotsMissing, StoreError
from proxy.fleet.engine.link import required
from proxy.fleet.naming import Objects
from proxy.journal.format import ExchangeId
from proxy.journal.slots import Keystore
from proxy.store.position import CommittedFacts
from proxy.store.vault.files import VaultFile
from proxy.store.vault.format import SealedPart
from proxy.store.vault.reader import VaultReader

AT_ONCE: Final = 8
"""Requests under way: each waits for the storage's disks, not for us."""
IN_FLIGHT_BYTES: Final = 32 * 1024 * 1024
"""Read from the vault and not put yet: a batch itself has no limit in bytes. What is larger goes alone."""
_NO_OBJECT: Final = "NoSuchKey"
"""How S3 says it."""
ANSWER_S: Final = 20.0
"""Of one request. What takes longer is tried again with the whole batch."""


class Shelf(Protocol):
    """Where objects lie."""

    def put(self, name: str, data: bytes) -> None:
        """Durable when it returns; the same name with the same bytes again is no error. Raises StoreError."""

    def remove(self, names: Iterable[str]) -> None:
        """Gone when it returns; what is not there is no error. Raises StoreError."""


class S3Shelf:
    """A bucket."""

    def __init__(self, objects: Objects) -> None:
        """Raises StartRefused: the extra is not installed."""
        self._objects = objects
        self._errors = (
            required("minio").error.MinioException,
            required("urllib3").exceptions.HTTPError,
            OSError,
        )
        urllib3 = required("urllib3")
        self._client = required("minio").Minio(
            objects.host,
            objects.key_id,
            objects.secret,
            secure=objects.is_secure,
            region=objects.region,
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(ANSWER_S),
                maxsize=AT_ONCE,
                retries=False,
                cert_reqs="CERT_REQUIRED",
                ca_certs=objects.ca_file or None,
            ),
        )

    def put(self, name: str, data: bytes) -> None:
        try:
            self._client.put_object(
                self._objects.bucket, self._objects.place(name), io.BytesIO(data), len(data)
            )
        except self._errors as error:
            raise StoreError(f"the fleet's object storage took nothing: {error}") from error

    def get(self, name: str) -> bytes:
        """Raises FormatError: there is none; StoreError: the storage does not answer."""
        try:
            answer = self._client.get_object(self._objects.bucket, self._objects.place(name))
            try:
                found: bytes = answer.read()
            finally:
                answer.close()
        except self._errors as error:
            # An erasure takes objects before the rows that name them.
            if getattr(error, "code", None) == _NO_OBJECT:
                raise FormatError(f"there is no object {name}: it was erased") from error
            raise StoreError(f"the fleet's object storage gave nothing: {error}") from error
        return found

    def remove(self, names: Iterable[str]) -> None:
        at_once(self._remove_one, names)

    def _remove_one(self, name: str) -> None:
        try:
            self._client.remove_object(self._objects.bucket, self._objects.place(name))
        except self._errors as error:
            raise StoreError(f"the fleet's object storage removed nothing: {error}") from error


def at_once(do: Callable[[str], None], names: Iterable[str]) -> None:
    """Do it with each, AT_ONCE of them at a time; after the first failure none begins, and that is raised."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        deque(pool.map(do, names), maxlen=0)
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class SealedObject:
    """One row of the table objects."""

    exchange: str
    ref: str
    kind: str
    codec: int
    ordinal: int
    payload_bytes: int
    digest: str

    @property
    def row(self) -> tuple[Any, ...]:
        return (
            *(self.exchange, self.ref, self.kind, self.codec, self.ordinal),
            *(self.payload_bytes, self.digest),
        )


class _Uploads:
    """Several at once; after the first failure none begins."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._waiting: deque[tuple[Future[None], int]] = deque()
        self._bytes = 0

    def put(self, name: str, data: bytes) -> None:
        """Begin, once there is room. Raises StoreError: an earlier one failed."""
        while self._waiting and self._bytes + len(data) > IN_FLIGHT_BYTES:
            self._await_one()
        self._bytes += len(data)
        self._waiting.append((self._pool.submit(self._shelf.put, name, data), len(data)))

    def await_all(self) -> None:
        """Raises StoreError."""
        while self._waiting:
            self._await_one()

    def close(self) -> None:
        """What is under way ends, what is not does not begin."""
        self._pool.shutdown(cancel_futures=True)

    def _await_one(self) -> None:
        future, size = self._waiting.popleft()
        future.result()
        self._bytes -= size


class Sealed:
    """From the vault to the shelf."""

    def __init__(
        self, shelf: Shelf, proxy: str, vault: Path, reader: VaultReader, keystore: Keystore
    ) -> None:
        self.shelf = shelf
        self._proxy = proxy
        self._vault = vault
        self._reader = reader
        self._keystore = keystore

    def put(self, exchanges: Sequence[CommittedFacts]) -> list[SealedObject]:
        """Put all but what was erased; that is removed, should an earlier attempt have put it.

        Raises:
            StoreError: the storage does not answer.
        """
        found: list[SealedObject] = []
        files: dict[str, VaultFile] = {}
        uploads = _Uploads(self.shelf)
        try:
            for committed in exchanges:
                id_, parts = self._parts(committed)
                if self._is_erased(id_):
                    self.shelf.remove([self.name(part.digest.hex()) for part in parts])
                    continue
                for part in parts:
                    made, payload = self._object(id_, part, files)
                    found.append(made)
                    uploads.put(self.name(made.digest), payload)
            uploads.await_all()
        finally:
            uploads.close()
            for file in files.values():
                file.close()
        return found

    def remove(self, digests: Iterable[str]) -> None:
        """Raises StoreError."""
        self.shelf.remove(map(self.name, digests))

    def name(self, digest: str) -> str:
        return f"sealed/{self._proxy}/{digest}"

    def _parts(self, committed: CommittedFacts) -> tuple[ExchangeId, tuple[SealedPart, ...]]:
        try:
            id_, manifest = self._reader.manifest(committed.raw_ref)
        except FormatError:  # damage: the facts are there, what they refer to is not
            return ExchangeId.parse(committed.recording.exchange.exchange), ()
        return id_, manifest.parts

    def _is_erased(self, id_: ExchangeId) -> bool:
        try:
            self._keystore.key(id_)
        except SlotsMissing:  # not put now is never put, and they may come back
            return False
        except KeyDestroyed:
            return True
        return False

    def _object(
        self, id_: ExchangeId, part: SealedPart, files: dict[str, VaultFile]
    ) -> tuple[SealedObject, bytes]:
        name = part.ref.file
        if name not in files:
            files[name] = VaultFile(self._vault / name)
        try:
            header, payload = files[name].record(part.ref.offset)
        except FormatError as error:
            raise StoreError(f"a sealed record cannot be shipped: {error}") from error
        made = SealedObject(
            exchange=str(id_),
            ref=str(part.ref),
            kind=part.kind.name.lower(),
            codec=int(header.codec),
            ordinal=header.ordinal,
            payload_bytes=len(payload),
            digest=part.digest.hex(),
        )
        return made, payload
