"""The facts keys: one a day, wrapped by the master key. Erasing content leaves them alone."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from proxy.errors import KeyDestroyed
from proxy.journal.disk import make_folder, sync_found, write_all
from proxy.journal.keys import KEY_BYTES, MasterKey
from proxy.recording.secrecy.equality import NO_EQUALITY, Equality


class FactsKeys:
    """`folder` is data/keys/facts; a file <YYYYMMDD>.key holds that day's key, wrapped."""

    def __init__(self, folder: Path, master: MasterKey) -> None:
        self._folder = folder
        self._master = master
        self._open: dict[str, AESGCM] = {}
        self._equalities: dict[str, Equality] = {}

    def key(self, day: str) -> AESGCM:
        """The key of a day that has one.

        Raises:
            KeyDestroyed: it was destroyed, never made, or is under another master key.
        """
        key = self._open.get(day)
        if key is None:
            key = self._open[day] = AESGCM(self._unwrapped(day))
        return key

    def equality(self, day: str) -> Equality:
        """What compares records of a day; nothing does where the day has no key."""
        found = self._equalities.get(day)
        if found is None:
            try:
                found = Equality(_derived(self._unwrapped(day)))
            except KeyDestroyed:
                return NO_EQUALITY
            self._equalities[day] = found
        return found

    def make(self, day: str) -> AESGCM:
        """The key of a day, durable before it is returned; made if there is none.

        Raises:
            KeyDestroyed: there is one that this master key does not open.
            OSError: the disk refused.
        """
        path = self._path(day)
        if not path.exists():
            make_folder(self._folder)
            unborn = path.with_suffix(".unborn")
            descriptor = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                wrapped = self._master.wrap(os.urandom(KEY_BYTES), _bound_to(day))
                write_all(descriptor, [wrapped], 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            unborn.rename(path)
        sync_found(self._folder)
        return self.key(day)

    def _unwrapped(self, day: str) -> bytes:
        try:
            wrapped = self._path(day).read_bytes()
        except FileNotFoundError as error:
            raise KeyDestroyed(f"there is no facts key of {day}") from error
        return self._master.unwrap(wrapped, _bound_to(day))

    def _path(self, day: str) -> Path:
        return self._folder / f"{day}.key"


def _derived(key: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"equality").derive(key)


def _bound_to(day: str) -> bytes:
    return b"facts" + day.encode("ascii")
