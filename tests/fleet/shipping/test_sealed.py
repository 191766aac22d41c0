from __future__ import annotations

import hashlib

import pytest

from proxy.errors import StoreError
from proxy.journal.format import ExchangeId
from tests.fleet.shipping.shelves import Shelf, sealed
from tests.store.vault.built import CURSORS, VaultFolder, append

MARKER = b'{"type":"text","text":"only who asked may read"}'


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
