from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Final

import pytest

from proxy.errors import StoreError
from proxy.fleet.shipping import sealed as shipping
from proxy.journal.format import ExchangeId
from proxy.store.position import CommittedFacts
from tests.fleet.shipping.shelves import Shelf, sealed
from tests.store.vault.built import CURSORS, VaultFolder, append

MARKER = b'{"type":"text","text":"only who asked may read"}'
MANY: Final = 60
"""Exchanges: far more than requests at once."""


def test_each_sealed_record_is_an_object_named_by_its_digest(data: VaultFolder) -> None:
    vault, shelf = data.open(), Shelf()
    append(vault, 1, MARKER, media=b"PICTURE" * 100)
    vault.commit(CURSORS)

    rows = sealed(data, shelf).put(data.told().exchanges)

    assert {row.kind for row in rows} == {"exchange", "media"}
    assert set(shelf.objects) == {f"sealed/eu-1/{row.digest}" for row in rows}
    for name, content in shelf.objects.items():
        assert name.endswith(hashlib.sha256(content).hexdigest())
        assert b"only who asked" not in content
        assert b"PICTURE" not in content


def test_what_was_erased_is_not_put_and_goes_if_it_was(data: VaultFolder) -> None:
    vault, shelf = data.open(), Shelf()
    append(vault, 1, MARKER)
    vault.commit(CURSORS)
    put = sealed(data, shelf)
    (row,) = put.put(data.told().exchanges)
    data.keystore().destroy([ExchangeId.parse(row.exchange)])

    assert sealed(data, shelf).put(data.told().exchanges) == []
    assert shelf.objects == {}


class Slow(Shelf):
    """Each object takes a while."""

    def __init__(self, *, is_failing: bool = False) -> None:
        super().__init__()
        self._is_failing = is_failing
        self._lock = threading.Lock()
        self._under_way = 0
        self.at_once = 0
        self.asked = 0

    def put(self, name: str, data: bytes) -> None:
        with self._lock:
            self.asked += 1
            self._under_way += 1
            self.at_once = max(self.at_once, self._under_way)
        threading.Event().wait(0.2 if self._is_failing else 0.01)
        with self._lock:
            self._under_way -= 1
        if self._is_failing:
            raise StoreError("the fleet's object storage took nothing")
        super().put(name, data)


def many(data: VaultFolder) -> Sequence[CommittedFacts]:
    vault = data.open()
    for sequence in range(1, 1 + MANY):
        append(vault, sequence, MARKER)
    vault.commit(CURSORS)
    return data.told().exchanges


def test_of_a_large_batch_only_so_much_is_in_memory_as_is_named(
    data: VaultFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanges, shelf = many(data), Slow()
    monkeypatch.setattr(shipping, "IN_FLIGHT_BYTES", 1)

    rows = sealed(data, shelf).put(exchanges)

    assert shelf.at_once == 1
    assert len(shelf.objects) == len(rows) == MANY


def test_behind_the_first_failure_nothing_of_the_batch_is_tried(data: VaultFolder) -> None:
    exchanges, shelf = many(data), Slow(is_failing=True)

    with pytest.raises(StoreError):
        sealed(data, shelf).put(exchanges)

    assert shelf.asked < MANY


def test_what_no_key_is_found_for_at_the_moment_is_put_and_stays(data: VaultFolder) -> None:
    vault, shelf = data.open(), Shelf()
    append(vault, 1, MARKER)
    vault.commit(CURSORS)
    (row,) = sealed(data, shelf).put(data.told().exchanges)
    (slots,) = (data.folder / "keys" / "slots").iterdir()
    slots.rename(data.folder / "away")

    assert sealed(data, shelf).put(data.told().exchanges) == [row]
    assert list(shelf.objects) == [f"sealed/eu-1/{row.digest}"]


def test_a_storage_that_is_away_fails_the_batch(data: VaultFolder) -> None:
    vault, shelf = data.open(), Shelf()
    append(vault, 1, MARKER)
    vault.commit(CURSORS)
    shelf.is_away = True

    with pytest.raises(StoreError):
        sealed(data, shelf).put(data.told().exchanges)


def test_several_are_removed_at_once() -> None:
    """An erasure by policy takes thousands of objects, and shipping waits for them."""
    together = threading.Barrier(shipping.AT_ONCE, timeout=60)

    def remove(_: str) -> None:
        together.wait()

    shipping.at_once(remove, map(str, range(shipping.AT_ONCE)))

    assert not together.broken


def test_after_one_that_cannot_be_removed_none_begins() -> None:
    begun: list[str] = []

    def remove(name: str) -> None:
        begun.append(name)
        if name == "0":
            raise StoreError("the fleet's object storage removed nothing")
        threading.Event().wait(0.05)

    with pytest.raises(StoreError, match="removed nothing"):
        shipping.at_once(remove, map(str, range(1000)))

    assert len(begun) < 1000
