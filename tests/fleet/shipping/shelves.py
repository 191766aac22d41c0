"""A shelf in memory, and shippers over a stand-in."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.errors import StoreError
from proxy.fleet.shipping.sealed import Sealed
from tests.store.vault.built import VaultFolder


class Shelf:
    """Objects by name."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.is_away = False

    def put(self, name: str, data: bytes) -> None:
        if self.is_away:
            raise StoreError("the fleet's object storage took nothing")
        self.objects[name] = data

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            self.objects.pop(name, None)


def sealed(data: VaultFolder, shelf: Shelf) -> Sealed:
    return Sealed(shelf, "eu-1", data.folder / "vault", data.reader(), data.keystore())
