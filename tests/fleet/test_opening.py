from __future__ import annotations

import json
from dataclasses import replace

import duckdb
import pytest

from proxy.errors import FormatError
from proxy.fleet.opening import NOT_OPENED, FleetContents, ObjectReader, header_of, whose
from proxy.fleet.shipping.sealed import SealedObject
from proxy.journal.format import ExchangeId
from proxy.store.vault.format import RecordHeader, Ref
from tests.fleet.shipping.shelves import Shelf, sealed
from tests.store.vault.built import CURSORS, VaultFolder, append

CONTENT = b'{"type":"text","text":"only who asked may read"}'
PICTURE = b"PICTURE" * 100


def recorded(data: VaultFolder) -> tuple[str, str]:
    """References of a step and of a picture in its vault."""
    vault = data.open()
    committed = append(vault, 1, CONTENT, media=PICTURE)
    vault.commit(CURSORS)
    (media,) = committed.media_refs
    return f"{committed.steps_ref}#0", media


def test_what_this_proxy_recorded_opens_and_the_rest_says_where_its_key_is(
    data: VaultFolder,
) -> None:
    step, media = recorded(data)
    contents = FleetContents("eu-1", data.reader())
    with duckdb.connect() as connection:
        contents.add_to(connection)

        found = connection.execute(
            "SELECT content(?), content_blob(?), content(?), content_blob(?), content(NULL)",
            [f"eu-1/{step}", f"eu-1/{media}", f"eu-2/{step}", f"eu-2/{media}"],
        ).fetchone()

    assert found is not None
    ours, picture, theirs, none, nothing = found
    assert (ours.encode(), picture) == (CONTENT, PICTURE)
    assert json.loads(theirs) == {NOT_OPENED: "its key is at proxy eu-2: ask there"}
    assert (none, nothing) == (None, None)
    assert "eu-2 (2)" in (contents.said() or "")


def test_without_keys_every_content_says_where_its_key_is(data: VaultFolder) -> None:
    step, _ = recorded(data)
    contents = FleetContents("eu-1", None)

    assert "eu-1" in (contents.text(f"eu-1/{step}") or "")
    assert "eu-1 (1)" in (contents.said() or "")


def test_what_was_erased_or_is_no_reference_is_nothing_and_needs_no_word(
    data: VaultFolder,
) -> None:
    step, _ = recorded(data)
    contents = FleetContents("eu-1", data.reader())
    data.keystore().destroy(
        [ExchangeId.parse(data.told().exchanges[0].recording.exchange.exchange)]
    )

    assert contents.text(f"eu-1/{step}") is None
    assert contents.text("no reference") is None
    assert contents.said() is None


def test_a_lost_vault_opens_from_its_objects_with_the_keys(data: VaultFolder) -> None:
    step, media = recorded(data)
    shelf = Shelf()
    rows = sealed(data, shelf).put(data.told().exchanges)
    by_ref = {row.ref: row for row in rows}

    def fetch(ref: Ref) -> tuple[RecordHeader, bytes]:
        row = by_ref[str(ref)]
        payload = shelf.objects[f"sealed/eu-1/{row.digest}"]
        return header_of(row_of(row), payload), payload

    lost = data.folder / "nowhere"
    contents = FleetContents("eu-1", ObjectReader(fetch, lost, data.keystore(), data.facts_keys()))

    assert contents.blob(f"eu-1/{step}") == CONTENT
    assert contents.blob(f"eu-1/{media}") == PICTURE


def test_an_object_that_is_another_one_is_refused(data: VaultFolder) -> None:
    recorded(data)
    shelf = Shelf()
    row = sealed(data, shelf).put(data.told().exchanges)[0]
    payload = shelf.objects[f"sealed/eu-1/{row.digest}"]

    with pytest.raises(FormatError, match="is another one"):
        header_of(row_of(row), payload + b"x")
    with pytest.raises(FormatError, match="says"):
        header_of(row_of(replace(row, kind="letter")), payload)


def test_a_reference_without_a_proxy_is_nobodys() -> None:
    assert whose("eu-1/20261123-000001:9#2") == ("eu-1", "20261123-000001:9#2")
    assert whose("20261123-000001:9#2") == ("", "20261123-000001:9#2")


def row_of(made: SealedObject) -> tuple[object, ...]:
    return (made.exchange, made.kind, made.codec, made.ordinal, made.payload_bytes, made.digest)
